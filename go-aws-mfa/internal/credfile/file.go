package credfile

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"aws-mfa.example/aws-mfa/internal/lock"
	"aws-mfa.example/aws-mfa/internal/words"
)

const (
	privateFile   fs.FileMode = 0o600
	privateFolder fs.FileMode = 0o700
	temporaries               = ".aws-mfa-*.tmp"
	mostLinks                 = 40 // as many symbolic links in a row as Linux follows
)

// Read returns the text of the file, nothing if there is none, and an error for
// what can not be replaced by a rename: a folder, a pipe, a device.
func Read(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, words.New("it is not a regular file")
	}
	return os.ReadFile(path)
}

// Save puts session into the section called name of the file at path. Readers
// see the old file or the new one, never half of each. The text is read again
// here, under a lock, so that what another process wrote meanwhile is kept.
func Save(ctx context.Context, path, name string, session Session) error {
	target, err := locate(path)
	if err != nil {
		return err
	}
	release, held, err := lock.Take(ctx, beside(target, ".lock"), func() {})
	if err != nil {
		return err
	}
	defer release()
	if held {
		sweep(target)
	}
	text, err := Read(target)
	if err != nil {
		return err
	}
	changed, err := Put(text, name, session)
	if err != nil {
		return err
	}
	return swap(target, changed)
}

// LockProfile waits until no other login for the section called name is under
// way, and returns what lets the next one in. It makes the file's folder.
func LockProfile(ctx context.Context, path, name string, busy func()) (release func(), err error) {
	target, err := locate(path)
	if err != nil {
		return nil, err
	}
	// By number, because a name can hold what no file name can.
	number := fnv.New64a()
	_, _ = number.Write([]byte(filepath.Base(target) + "\x00" + name))
	release, _, err = lock.Take(ctx, beside(target, fmt.Sprintf(".%x.lock", number.Sum64())), busy)
	return release, err
}

// locate finds the file that path leads to, and makes its folder.
func locate(path string) (string, error) {
	target, err := followLinks(path)
	if err != nil {
		return "", err
	}
	return target, os.MkdirAll(filepath.Dir(target), privateFolder)
}

// beside is the name of a file of ours in the folder of target.
func beside(target, end string) string { return filepath.Join(filepath.Dir(target), ".aws-mfa"+end) }

// sweep removes the temporary files of writers that were killed: who holds the
// lock knows that nobody else is writing.
func sweep(target string) {
	entries, _ := os.ReadDir(filepath.Dir(target))
	for _, entry := range entries {
		if matched, _ := filepath.Match(temporaries, entry.Name()); matched {
			_ = os.Remove(filepath.Join(filepath.Dir(target), entry.Name()))
		}
	}
}

// followLinks goes to where a symbolic link leads, even if nothing is there
// yet: a rename over the link itself would cut it.
func followLinks(path string) (string, error) {
	for range mostLinks {
		info, err := os.Lstat(path)
		if errors.Is(err, fs.ErrNotExist) {
			return path, nil
		}
		if err != nil {
			return "", err
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			return path, nil
		}
		next, err := os.Readlink(path)
		if err != nil {
			return "", err
		}
		if !filepath.IsAbs(next) {
			next = filepath.Join(filepath.Dir(path), next)
		}
		path = next
	}
	return "", words.New("more than %d symbolic links in a row", mostLinks)
}

// swap replaces the file by way of a temporary one beside it: a rename only
// swaps within one file system.
func swap(target string, text []byte) (err error) {
	mode := privateFile
	if info, statErr := os.Stat(target); statErr == nil {
		mode = info.Mode().Perm() &^ 0o077 // the group and others never get to read keys
	}
	// CreateTemp makes it 0600 from the start, under a name nobody can guess.
	temporary, err := os.CreateTemp(filepath.Dir(target), temporaries)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = temporary.Close()
			_ = os.Remove(temporary.Name())
		}
	}()
	if _, err = temporary.Write(text); err != nil {
		return err
	}
	if mode != privateFile {
		if err = temporary.Chmod(mode); err != nil {
			return err
		}
	}
	if err = temporary.Sync(); err != nil {
		return err
	}
	if err = temporary.Close(); err != nil {
		return err
	}
	if err = rename(temporary.Name(), target); err != nil {
		return err
	}
	syncFolder(filepath.Dir(target))
	return nil
}

// rename tries again for a while on Windows, where nothing can be renamed over a
// file that a reader has open.
func rename(from, to string) (err error) {
	for range 20 {
		if err = os.Rename(from, to); err == nil || runtime.GOOS != "windows" {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	return err
}

// syncFolder makes the rename outlive a power cut. Not every system can do it
// (Windows), and the new file is in place either way: errors do not matter.
func syncFolder(path string) {
	if folder, err := os.Open(path); err == nil {
		_ = folder.Sync()
		_ = folder.Close()
	}
}
