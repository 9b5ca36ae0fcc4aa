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
	privateFile   fs.FileMode = 0o600
	privateFolder fs.FileMode = 0o700
	others        fs.FileMode = 0o007 // the rights of those who are neither the owner nor in the group
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

// A Place is what is known about a file before it is written.
type Place struct {
	How    How
	Opened bool   // others may read it; if it is Secret, Update takes that right away
	Kept   string // where the text is that an interrupted write saved, if somebody changed the file since; else ""
}

// Prepare finds out how the file at path can be written, so that what fails does so before a code is spent. It undoes
// half of an interrupted write first.
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

// Repair undoes half of an interrupted write to the file at path, if there is one, before the file is read. kept is as
// in Place. Where no write was interrupted it needs no lock and no right to write.
func Repair(ctx context.Context, path string, busy Busy) (kept string, err error) {
	target, err := follow(path)
	if err != nil || !interrupted(target) {
		return "", nil // whoever reads the file says what is wrong with its path
	}
	target, release, err := lockFile(ctx, target, busy)
	if err != nil {
		return "", err
	}
	defer release()
	_, kept, err = Recover(target)
	return kept, err
}

// Save puts session into the section called name of the file at path.
func Save(ctx context.Context, path, name string, session Session, busy Busy) (Place, error) {
	change := func(text []byte) ([]byte, error) { return Put(text, name, session) }
	return Update(ctx, path, Secret, change, busy)
}

// Content says what a file holds, and so who may read it.
type Content int

// The kinds of content.
const (
	Secret Content = iota // others must not read it, and lose the right to
	Public                // the rights of others stay
)

// mode is what the file gets that had the mode of info.
func (c Content) mode(info fs.FileInfo) fs.FileMode {
	if c == Public {
		return info.Mode().Perm()
	}
	return info.Mode().Perm() &^ others
}

// Update replaces the text of the file at path by what change makes of it. Readers see the old file or the new one,
// never half of each, unless the file cannot be replaced: see overwrite. The text is read again here, under a lock, so
// that what another process wrote meanwhile is kept.
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
			place.How = MountPoint // of a system that does not show them
		default:
			return place, err
		}
	}
	if place.Opened { // who may not change the mode must not lose the session for it
		_ = os.Chmod(target, mode)
	}
	return place, overwrite(target, text, changed)
}

// locate follows path and makes the folder of the file.
func locate(path string) (string, error) {
	target, err := follow(path)
	if err != nil {
		return "", err
	}
	folder := filepath.Dir(target)
	if err := os.MkdirAll(folder, privateFolder); err != nil {
		return "", &DirectoryError{Path: folder, Err: err}
	}
	return target, checkFolder(folder)
}

// checkFolder refuses a folder that keeps its files as they are: locks and temporary files would stay for ever.
func checkFolder(folder string) error {
	switch found := attributesOf(folder); {
	case found.immutable:
		return &DirectoryError{Path: folder, Err: ErrImmutable}
	case found.appendOnly:
		return &DirectoryError{Path: folder, Err: ErrAppendOnly}
	}
	return nil
}

// follow goes to where symbolic links lead, even if nothing is there yet: a rename over a link would cut it.
func follow(path string) (string, error) {
	for range MaxLinks {
		next, err := os.Readlink(path)
		if err != nil { // no link
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

// swap replaces the file by a temporary one beside it: a rename only swaps within one file system. The new file gets the
// mode, and the owner and the group that like has. It returns errOwner if it could not get these.
func swap(target string, text []byte, like fs.FileInfo, mode fs.FileMode) error {
	// CreateTemp makes it 0600 from the start, under a name nobody can guess.
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
