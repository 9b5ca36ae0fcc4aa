//go:build unix

package credfile

import (
	"io/fs"
	"os"
	"runtime"
	"syscall"

	"github.com/gofrs/flock"
)

// noFollow opens a lock without following symbolic links.
var noFollow = flock.SetFlag(os.O_CREATE | lockAccess() | syscall.O_NOFOLLOW)

// lockAccess returns the access mode that the system requires for locking.
func lockAccess() int {
	switch runtime.GOOS {
	case "aix", "solaris", "illumos":
		return os.O_RDWR
	}
	return os.O_RDONLY
}

// chown gives file the owner and group in info. It does nothing if they are already the same, because some file systems
// refuse every chown.
func chown(file *os.File, info fs.FileInfo) error {
	want, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	now, err := file.Stat()
	if err != nil {
		return err
	}
	if have, ok := now.Sys().(*syscall.Stat_t); ok && have.Uid == want.Uid && have.Gid == want.Gid {
		return nil
	}
	return file.Chown(int(want.Uid), int(want.Gid))
}

func links(info fs.FileInfo) uint64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(stat.Nlink)
	}
	return 1
}
