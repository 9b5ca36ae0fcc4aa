package credfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const (
	privateFile   fs.FileMode = 0o600
	privateFolder fs.FileMode = 0o700
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
		return nil, errors.New("it is not a regular file")
	}
	return os.ReadFile(path)
}

// Save puts session into the section called name of the file at path. Readers
// see the old file or the new one, never half of each. The text is read again
// here, just before the write, so that a change made meanwhile is kept.
func Save(path, name string, session Session) error {
	target, err := followLinks(path)
	if err != nil {
		return err
	}
	text, err := Read(target)
	if err != nil {
		return err
	}
	changed, err := Put(text, name, session)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(target), privateFolder); err != nil {
		return err
	}
	return swap(target, changed)
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
	return "", fmt.Errorf("more than %d symbolic links in a row", mostLinks)
}

// swap replaces the file by way of a temporary one beside it: a rename only
// swaps within one file system.
func swap(target string, text []byte) (err error) {
	mode := privateFile
	if info, statErr := os.Stat(target); statErr == nil {
		mode = info.Mode().Perm() &^ 0o077 // the group and others never get to read keys
	}
	// CreateTemp makes it 0600 from the start, under a name nobody can guess.
	temporary, err := os.CreateTemp(filepath.Dir(target), ".aws-mfa-*")
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
	if err = os.Rename(temporary.Name(), target); err != nil {
		return err
	}
	syncFolder(filepath.Dir(target))
	return nil
}

// syncFolder makes the rename outlive a power cut. Not every system can do it
// (Windows), and the new file is in place either way: errors do not matter.
func syncFolder(path string) {
	if folder, err := os.Open(path); err == nil {
		_ = folder.Sync()
		_ = folder.Close()
	}
}
