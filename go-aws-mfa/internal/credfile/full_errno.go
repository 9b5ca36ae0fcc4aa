//go:build !plan9

package credfile

import (
	"errors"
	"runtime"
	"syscall"
)

// The numbers that Windows has beside those of package syscall.
const (
	windowsWriteProtect   = syscall.Errno(19)
	windowsHandleDiskFull = syscall.Errno(39)
	windowsDiskFull       = syscall.Errno(112)
)

// IsFull reports whether err says that there is no space left, or none for this user.
func IsFull(err error) bool {
	if runtime.GOOS == "windows" {
		return errors.Is(err, windowsHandleDiskFull) || errors.Is(err, windowsDiskFull)
	}
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// IsReadOnly reports whether err says that nothing can be written to the file system.
func IsReadOnly(err error) bool {
	if runtime.GOOS == "windows" {
		return errors.Is(err, windowsWriteProtect)
	}
	return errors.Is(err, syscall.EROFS)
}
