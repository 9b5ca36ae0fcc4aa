//go:build !linux && !darwin && !dragonfly && !freebsd && !netbsd && !openbsd

package credfile

func attributesOf(string) attributes { return attributes{} }
