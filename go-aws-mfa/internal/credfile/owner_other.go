//go:build !unix

package credfile

import (
	"io/fs"
	"os"

	"github.com/gofrs/flock"
)

// noFollow does nothing: these systems cannot refuse to open symbolic links.
var noFollow flock.Option = func(*flock.Flock) {}

func chown(*os.File, fs.FileInfo) error { return nil }

func links(fs.FileInfo) uint64 { return 1 }
