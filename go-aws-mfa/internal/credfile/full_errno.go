//go:build !plan9

package credfile

import (
	"errors"
	"runtime"
	"syscall"
)

// Windows error numbers that package syscall does not define.
const (
	windowsWriteProtect   = syscall.Errno(19)
	windowsHandleDiskFull = syscall.Errno(39)
	windowsDiskFull       = syscall.Errno(112)
)

// IsFull reports whether err means that no space is left on the device or in the user's quota.
func IsFull(err error) bool {
	if runtime.GOOS == "windows" {
		return errors.Is(err, windowsHandleDiskFull) || errors.Is(err, windowsDiskFull)
	}
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// IsReadOnly reports whether err means that the file system is read-only.
func IsReadOnly(err error) bool {
	if runtime.GOOS == "windows" {
		return errors.Is(err, windowsWriteProtect)
	}
	return errors.Is(err, syscall.EROFS)
}
