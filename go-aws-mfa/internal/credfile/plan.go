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

// How says how a file can be written.
type How int

// The ways to write a file. All but the first overwrite it where it is.
const (
	ByRename   How = iota // a new file takes its place, in one step
	MountPoint            // nothing can be renamed over it
	HardLinked            // a rename would leave the other names with the old text
	OtherOwner            // a new file could not get its owner and group
)

// roomToGrow is how many bytes a session adds to a file at most, with room to spare.
const roomToGrow = 8 << 10

// The reasons for which no attempt is worth making.
var (
	ErrImmutable  = errors.New("the file is immutable")
	ErrAppendOnly = errors.New("the file is append-only")
)

// errOwner reports a new file that cannot get the owner and group of the one that it is to replace.
var errOwner = errors.New("a new file cannot get the owner of the old one")

// attributes are what a file system can say of a file beside its mode.
type attributes struct{ mountPoint, immutable, appendOnly bool }

// Plan finds out how the file at path can be written, so that what fails does so before a code is spent. It leaves
// the file as it is. The caller holds its lock.
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
		return ByRename, try(target, nil, roomToGrow)
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
	size := len(old) + roomToGrow
	if how == ByRename {
		err := try(target, info, size)
		if !errors.Is(err, errOwner) {
			return how, cmp.Or(replaceable(target), err)
		}
		how = OtherOwner
	}
	// Both texts are saved beside it, and it may grow where it is.
	return how, cmp.Or(writable(target), try(target, nil, 2*size))
}

// wayOf prefers a rename, which is the one way that readers cannot see half of. That a new file cannot get the owner of
// the old one only shows when it is made: errOwner.
func wayOf(info fs.FileInfo, found attributes) How {
	switch {
	case found.mountPoint:
		return MountPoint
	case links(info) > 1:
		return HardLinked
	}
	return ByRename
}

// replaceable refuses what a rename cannot replace. That the owner may not write to a file is no obstacle, except on
// Windows.
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

// try writes size bytes to a temporary file beside target, with the owner and group that info has, and removes it. It
// returns errOwner if these are all that fails.
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
	closed := temporary.Close() // first, because Windows removes no open file
	removed := os.Remove(temporary.Name())
	return cmp.Or(err, closed, removed)
}
