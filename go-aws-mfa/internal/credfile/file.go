package credfile

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

const (
	privateFile      fs.FileMode = 0o600
	privateDirectory fs.FileMode = 0o700
	others           fs.FileMode = 0o007 // permissions of users other than the owner and the group
	temporaries                  = ".aws-mfa-*.tmp"
	pause                        = 50 * time.Millisecond // between attempts while another process holds a file
)

// MaxLinks is the maximum number of symbolic links in a row, the same as on Linux.
const MaxLinks = 40

// Read returns the text of the file, or nothing if there is no file. It returns ErrNotRegular for a directory, a pipe
// or a device, which a rename must not replace.
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

// A Place describes a file before a write.
type Place struct {
	How    How
	Opened bool   // other users can access it; if it is Secret, Update removes that permission
	Kept   string // the file with the text that an interrupted write saved, if the original changed since; else ""
}

// Prepare finds out how the file at path can be written, so that problems appear before the user spends a code. First
// it undoes an interrupted write.
func Prepare(ctx context.Context, path string, busy Busy) (place Place, err error) {
	target, release, err := lockFile(ctx, path, busy)
	if err != nil {
		return place, err
	}
	defer release()
	if _, place.Kept, err = Recover(target); err != nil {
		return place, err
	}
	place.How, err = Plan(target)
	if info, gone := os.Stat(target); gone == nil {
		place.Opened = info.Mode()&others != 0
	}
	return place, err
}

// Repair undoes an interrupted write to the file at path, if there was one, before the file is read. kept is the same
// as Place.Kept. If no write was interrupted, Repair needs no lock and no write permission.
func Repair(ctx context.Context, path string, busy Busy) (kept string, err error) {
	target, err := follow(path)
	if err != nil || !interrupted(target) {
		return "", nil // reading the file will report problems with its path
	}
	target, release, err := lockFile(ctx, target, busy)
	if err != nil {
		return "", err
	}
	defer release()
	_, kept, err = Recover(target)
	return kept, err
}

// Save writes session to the section called name in the file at path.
func Save(ctx context.Context, path, name string, session Session, busy Busy) (Place, error) {
	change := func(text []byte) ([]byte, error) { return Put(text, name, session) }
	return Update(ctx, path, Secret, change, busy)
}

// Content is the kind of content in a file. It decides who may read the file.
type Content int

// The kinds of content.
const (
	Secret Content = iota // other users lose their permissions
	Public                // other users keep their permissions
)

// mode returns the new mode of a file with the old mode in info.
func (c Content) mode(info fs.FileInfo) fs.FileMode {
	if c == Public {
		return info.Mode().Perm()
	}
	return info.Mode().Perm() &^ others
}

// Update passes the text of the file at path to change and replaces the text with the result. Readers see either the
// old or the new file, never half of each, unless the file cannot be replaced: see overwrite. Update reads the text
// again under a lock, so that changes by other processes are kept.
func Update(
	ctx context.Context, path string, content Content, change func(text []byte) ([]byte, error), busy Busy,
) (place Place, err error) {
	target, release, err := lockFile(ctx, path, busy)
	if err != nil {
		return place, err
	}
	defer release()
	if _, place.Kept, err = Recover(target); err != nil {
		return place, err
	}
	text, err := Read(target)
	if err != nil {
		return place, err
	}
	changed, err := change(text)
	if err != nil {
		return place, err
	}
	info, err := os.Stat(target)
	if errors.Is(err, fs.ErrNotExist) {
		return place, swap(target, changed, nil, privateFile)
	}
	if err != nil {
		return place, err
	}
	mode := content.mode(info)
	place.Opened = mode != info.Mode().Perm()
	place.How = wayOf(info, attributesOf(target))
	if place.How == ByRename {
		err = swap(target, changed, info, mode)
		switch {
		case errors.Is(err, errOwner):
			place.How = OtherOwner
		case errors.Is(err, syscall.EBUSY):
			place.How = MountPoint // on a system that does not report mount points
		default:
			return place, err
		}
	}
	if place.Opened { // ignore errors: a session is more important than the mode
		_ = os.Chmod(target, mode)
	}
	return place, overwrite(target, text, changed)
}

// locate follows the symbolic links of path and creates the directory of the file.
func locate(path string) (string, error) {
	target, err := follow(path)
	if err != nil {
		return "", err
	}
	directory := filepath.Dir(target)
	if err := os.MkdirAll(directory, privateDirectory); err != nil {
		return "", &DirectoryError{Path: directory, Err: err}
	}
	return target, checkDirectory(directory)
}

// checkDirectory returns an error if files in the directory cannot be removed, because locks and temporary files would
// stay forever.
func checkDirectory(path string) error {
	switch found := attributesOf(path); {
	case found.immutable:
		return &DirectoryError{Path: path, Err: ErrImmutable}
	case found.appendOnly:
		return &DirectoryError{Path: path, Err: ErrAppendOnly}
	}
	return nil
}

// follow returns the target of the symbolic links at path, which does not have to exist. A rename to path itself would
// replace the link.
func follow(path string) (string, error) {
	for range MaxLinks {
		next, err := os.Readlink(path)
		if err != nil { // not a link
			return path, nil
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

// swap writes a temporary file in the same directory and renames it to target, because a rename only works within one
// file system. The new file gets the mode, and the owner and group of like. If it cannot get these, swap returns
// errOwner.
func swap(target string, text []byte, like fs.FileInfo, mode fs.FileMode) error {
	// CreateTemp creates it with mode 0600 and an unpredictable name.
	temporary, err := os.CreateTemp(filepath.Dir(target), temporaries)
	if err != nil {
		return err
	}
	if like != nil && chown(temporary, like) != nil {
		err = errOwner
	}
	if err == nil {
		_, err = temporary.Write(text)
	}
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

// rename retries for a while on Windows, which cannot rename over a file that a reader has open. Then it syncs the
// directory, so that the rename survives a power failure.
func rename(from, to string) (err error) {
	for range 20 {
		if err = os.Rename(from, to); err == nil || runtime.GOOS != "windows" {
			break
		}
		time.Sleep(pause)
	}
	if err == nil {
		syncDirectory(filepath.Dir(to))
	}
	return err
}

// syncDirectory makes renames and removals in a directory survive a power failure. It ignores errors, because not every
// system supports this.
func syncDirectory(path string) {
	if directory, err := os.Open(path); err == nil {
		_ = directory.Sync()
		_ = directory.Close()
	}
}
