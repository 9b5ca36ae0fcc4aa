package credfile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/gofrs/flock"
)

const (
	privateFile   fs.FileMode = 0o600
	privateFolder fs.FileMode = 0o700
	temporaries               = ".aws-mfa-*.tmp"
	pause                     = 50 * time.Millisecond // between two tries for what another process holds
)

// MaxLinks is how many symbolic links in a row are followed: as many as Linux follows.
const MaxLinks = 40

// Read returns the text of the file, nothing if there is no file, and ErrNotRegular for what a rename must not replace:
// a directory, a pipe, a device.
func Read(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, ErrNotRegular
	}
	return os.ReadFile(path)
}

// Save puts session into the section called name of the file at path. Readers see the old file or the new one, never
// half of each. The text is read again here, under a lock, so that what another process wrote meanwhile is kept.
func Save(ctx context.Context, path, name string, session Session) error {
	target, err := locate(path)
	if err != nil {
		return err
	}
	release, held, err := take(ctx, beside(target, ".lock"), func() {})
	if err != nil {
		return err
	}
	defer release()
	if held { // nobody else is writing: temporary files are those of writers that were killed
		folder := filepath.Dir(target)
		killed, _ := fs.Glob(os.DirFS(folder), temporaries)
		for _, name := range killed {
			_ = os.Remove(filepath.Join(folder, name))
		}
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

// LockProfile waits until no other login for the section called name is under way, and returns what lets the next
// one in. It makes the file's folder.
func LockProfile(ctx context.Context, path, name string, busy func()) (release func(), err error) {
	target, err := locate(path)
	if err != nil {
		return nil, err
	}
	number := fnv.New64a() // because a name can hold what no file name can
	_, _ = number.Write([]byte(filepath.Base(target) + "\x00" + name))
	release, _, err = take(ctx, beside(target, fmt.Sprintf(".%x.lock", number.Sum64())), busy)
	return release, err
}

// take waits for the lock at path and returns what gives it back; busy is called once if somebody else holds it. The
// system takes a lock back when its holder ends, however that comes about, so none is ever stale. Where there are no
// locks (wasm, Plan 9, some network drives) it goes on without: then held is false.
func take(ctx context.Context, path string, busy func()) (release func(), held bool, err error) {
	handle := flock.New(path)
	for {
		got, err := handle.TryLock()
		if !got && err == nil {
			busy()
			busy = func() {}
			if got, err = handle.TryLockContext(ctx, pause); !got && ctx.Err() != nil {
				return nil, false, ctx.Err()
			}
		}
		place, isPlace := errors.AsType[*fs.PathError](err)
		switch {
		case isPlace && place.Op == "open":
			return nil, false, err
		case err != nil:
			return func() {}, false, nil
		case current(handle):
			// Removed while it is held, so that nobody locks a file that is gone. Windows keeps an empty one.
			release = func() {
				_ = os.Remove(path)
				_ = handle.Close()
			}
			return release, true, nil
		}
		_ = handle.Close()
	}
}

// current finds out whether the holder before removed the file between our opening and locking it.
func current(handle *flock.Flock) bool {
	ours, err := handle.Stat()
	there, gone := os.Stat(handle.Path())
	return err == nil && gone == nil && os.SameFile(ours, there)
}

// locate goes to where symbolic links lead, even if nothing is there yet: a rename over a link would cut it.
func locate(path string) (string, error) {
	for range MaxLinks {
		next, err := os.Readlink(path)
		if err != nil { // no link
			return path, os.MkdirAll(filepath.Dir(path), privateFolder)
		}
		if !filepath.IsAbs(next) {
			next = filepath.Join(filepath.Dir(path), next)
		}
		path = next
	}
	return "", ErrTooManyLinks
}

func beside(target, end string) string {
	return filepath.Join(filepath.Dir(target), ".aws-mfa"+end)
}

// swap replaces the file by a temporary one beside it: a rename only swaps within one file system.
func swap(target string, text []byte) error {
	mode := privateFile
	if info, err := os.Stat(target); err == nil {
		mode = info.Mode().Perm() &^ 0o077 // the group and others never get to read keys
	}
	// CreateTemp makes it 0600 from the start, under a name nobody can guess.
	temporary, err := os.CreateTemp(filepath.Dir(target), temporaries)
	if err != nil {
		return err
	}
	_, err = temporary.Write(text)
	if mode != privateFile {
		err = cmp.Or(err, temporary.Chmod(mode))
	}
	err = cmp.Or(err, temporary.Sync(), temporary.Close())
	if err == nil {
		err = rename(temporary.Name(), target)
	}
	if err != nil {
		_ = os.Remove(temporary.Name())
	}
	return err
}

// rename tries again for a while on Windows, where nothing can be renamed over a file that a reader has open. Then
// it makes the rename outlive a power cut; not every system can, and the new file is in place either way.
func rename(from, to string) (err error) {
	for range 20 {
		if err = os.Rename(from, to); err == nil || runtime.GOOS != "windows" {
			break
		}
		time.Sleep(pause)
	}
	if err == nil {
		syncFolder(filepath.Dir(to))
	}
	return err
}

// syncFolder makes what was renamed or removed in a folder outlive a power cut. Not every system can.
func syncFolder(path string) {
	if folder, err := os.Open(path); err == nil {
		_ = folder.Sync()
		_ = folder.Close()
	}
}
