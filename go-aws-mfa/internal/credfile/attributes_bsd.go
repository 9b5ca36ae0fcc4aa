//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package credfile

import "syscall"

// The flags of chflags, for the owner and for root. All these systems use the same numbers.
const (
	flagsImmutable  = 0x2 | 0x20000
	flagsAppendOnly = 0x4 | 0x40000
)

func attributesOf(path string) attributes {
	var stat syscall.Stat_t
	if syscall.Stat(path, &stat) != nil {
		return attributes{}
	}
	return attributes{immutable: stat.Flags&flagsImmutable != 0, appendOnly: stat.Flags&flagsAppendOnly != 0}
}
