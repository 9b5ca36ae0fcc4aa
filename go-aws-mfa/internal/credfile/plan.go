package credfile

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
)

// How is a way to write a file.
type How int

// The ways to write a file. All except the first overwrite it in place.
const (
	ByRename   How = iota // replace it with a new file in one step
	MountPoint            // overwrite it, because it is a mount point
	HardLinked            // overwrite it, because a rename would leave the old text under its other names
	OtherOwner            // overwrite it, because a new file could not get its owner and group
)

// spaceToGrow is more than the number of bytes that a session adds to a file.
const spaceToGrow = 8 << 10

// The reasons why a write would fail.
var (
	ErrImmutable  = errors.New("the file is immutable")
	ErrAppendOnly = errors.New("the file is append-only")
)

// errOwner reports that a new file cannot get the owner and group of the old one.
var errOwner = errors.New("a new file cannot get the owner of the old one")

// attributes are attributes of a file that its mode does not show.
type attributes struct{ mountPoint, immutable, appendOnly bool }

// Plan finds out how the file at path can be written, so that problems appear before the user spends a code. It does
// not change the file. The caller must hold the lock of the file.
func Plan(path string) (How, error) {
	target, err := locate(path)
	if err != nil {
		return ByRename, err
	}
	old, err := Read(target)
	if err != nil {
		return ByRename, err
	}
	info, err := os.Stat(target)
	if errors.Is(err, fs.ErrNotExist) {
		return ByRename, try(target, nil, spaceToGrow)
	}
	if err != nil {
		return ByRename, err
	}
	found := attributesOf(target)
	switch {
	case found.immutable:
		return ByRename, ErrImmutable
	case found.appendOnly:
		return ByRename, ErrAppendOnly
	}
	how := wayOf(info, found)
	size := len(old) + spaceToGrow
	if how == ByRename {
		err := try(target, info, size)
		if !errors.Is(err, errOwner) {
			return how, cmp.Or(replaceable(target), err)
		}
		how = OtherOwner
	}
	// overwrite saves both texts in the same directory.
	return how, cmp.Or(writable(target), try(target, nil, 2*size))
}

// wayOf prefers a rename, the only way in which readers never see half of a change. It never returns OtherOwner,
// because only creating a new file shows whether it can get the owner of the old one: see errOwner.
func wayOf(info fs.FileInfo, found attributes) How {
	switch {
	case found.mountPoint:
		return MountPoint
	case links(info) > 1:
		return HardLinked
	}
	return ByRename
}

// replaceable returns an error if a rename cannot replace the file. Except on Windows, a rename can replace a read-only
// file.
func replaceable(target string) error {
	err := writable(target)
	if runtime.GOOS != "windows" && errors.Is(err, syscall.EACCES) {
		return nil
	}
	return err
}

func writable(target string) error {
	file, err := os.OpenFile(target, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return file.Close()
}

// try writes size bytes to a temporary file in the directory of target, with the owner and group in info, and removes
// it. It returns errOwner if only setting the owner and group fails.
func try(target string, info fs.FileInfo, size int) error {
	temporary, err := os.CreateTemp(filepath.Dir(target), temporaries)
	if errors.Is(err, fs.ErrPermission) {
		return &DirectoryError{Path: filepath.Dir(target), Err: errors.Unwrap(err)}
	}
	if err != nil {
		return err
	}
	_, err = temporary.Write(make([]byte, size))
	err = cmp.Or(err, temporary.Sync())
	if info != nil && err == nil && chown(temporary, info) != nil {
		err = errOwner
	}
	closed := temporary.Close() // before os.Remove, because Windows cannot remove an open file
	removed := os.Remove(temporary.Name())
	return cmp.Or(err, closed, removed)
}
