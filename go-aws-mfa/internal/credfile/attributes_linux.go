package credfile

import "golang.org/x/sys/unix"

// attributesOf uses statx, because device numbers do not reveal a bind mount of a single file.
func attributesOf(path string) attributes {
	var stat unix.Statx_t
	if unix.Statx(unix.AT_FDCWD, path, 0, unix.STATX_BASIC_STATS, &stat) != nil {
		return attributes{}
	}
	has := func(bit uint64) bool { return stat.Attributes&stat.Attributes_mask&bit != 0 }
	return attributes{
		mountPoint: has(unix.STATX_ATTR_MOUNT_ROOT),
		immutable:  has(unix.STATX_ATTR_IMMUTABLE),
		appendOnly: has(unix.STATX_ATTR_APPEND),
	}
}
