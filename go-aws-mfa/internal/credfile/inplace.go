package credfile

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// A file that cannot be replaced by a rename (a mount point, one of several hard links, one whose owner a new file
// could not get) is overwritten where it is. A kill or a power cut in the middle would leave half of each text, so
// both are saved beside it first:
//
//	.aws-mfa.credentials.new   what is about to be written
//	.aws-mfa.credentials.old   what was there; as long as this one exists, the write is not finished
//
// Recover reads them. Neither matches the pattern of temporary files, which any writer may remove.
const (
	savedOld = ".old"
	savedNew = ".new"
)

// Recovery is what Recover found and did.
type Recovery int

// The results of Recover.
const (
	Nothing  Recovery = iota // no write was interrupted, or it had not begun, or it had ended
	Restored                 // half of a write was there: the file has its old text again
	Kept                     // somebody has changed the file since: it stays, and so does the saved text, elsewhere
)

// overwrite puts text into the file at target without replacing it. old is what the file holds.
func overwrite(target string, old, text []byte) error {
	if err := saveBoth(target, old, text); err != nil {
		return err
	}
	err := writeOver(target, text)
	if err != nil && writeOver(target, old) != nil {
		return err // the saved text stays for Recover
	}
	return cmp.Or(err, forget(target))
}

// saveBoth writes both texts beside target, so that a crash leaves either of them whole or not there. The old text comes
// last: it is what Recover looks for.
func saveBoth(target string, old, text []byte) error {
	err := swap(saved(target, savedNew), text, nil, privateFile)
	if err == nil {
		err = swap(saved(target, savedOld), old, nil, privateFile)
	}
	if err != nil {
		_ = os.Remove(saved(target, savedNew))
	}
	return err
}

// writeOver never makes the file shorter before the new text is on the disk: an empty file would have lost its keys.
func writeOver(target string, text []byte) error {
	file, err := os.OpenFile(target, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err == nil {
		err = file.Sync()
	}
	if err == nil {
		err = file.Truncate(int64(len(text)))
	}
	if err == nil {
		err = file.Sync()
	}
	return cmp.Or(err, file.Close())
}

// interrupted reports whether there is something for Recover to do, or another process is writing at this moment.
func interrupted(target string) bool {
	_, gone := os.Lstat(saved(target, savedOld))
	return !errors.Is(gone, fs.ErrNotExist)
}

// Recover undoes half of an interrupted write to the file at target, and returns where it kept the saved text, if it
// did. The caller holds the lock of the file.
func Recover(target string) (found Recovery, kept string, err error) {
	if !interrupted(target) {
		_ = os.Remove(saved(target, savedNew))
		return Nothing, "", nil
	}
	old, err := readSaved(target, savedOld)
	if err != nil {
		return Nothing, "", err
	}
	text, missing := readSaved(target, savedNew)
	now, err := os.ReadFile(target)
	switch {
	case err != nil:
		return Nothing, "", err
	case bytes.Equal(now, old), missing == nil && bytes.Equal(now, text):
		return Nothing, "", forget(target)
	case missing != nil || !mixed(now, old, text):
		return Kept, KeptName(target, old), keep(target, old)
	}
	if err := writeOver(target, old); err != nil {
		return Nothing, "", err
	}
	return Restored, "", forget(target)
}

// readSaved reads no link and no pipe, which only somebody else can have put there.
func readSaved(target, end string) ([]byte, error) {
	info, err := os.Lstat(saved(target, end))
	if err == nil && !info.Mode().IsRegular() {
		err = ErrNotRegular
	}
	if err != nil {
		return nil, err
	}
	return os.ReadFile(saved(target, end))
}

// keep gives the saved text a name that no later write uses.
func keep(target string, old []byte) error {
	if err := os.Rename(saved(target, savedOld), KeptName(target, old)); err != nil {
		return err
	}
	return forget(target)
}

// KeptName is where Recover leaves the text that an interrupted write had saved.
func KeptName(target string, old []byte) string {
	digest := sha256.Sum256(old)
	return saved(target, fmt.Sprintf(".%x.kept", digest[:4]))
}

// mixed reports whether now is what an interrupted write of text over old can leave: each byte is that of one of
// them, in its place. A disk keeps the blocks of a file in no certain order.
func mixed(now, old, text []byte) bool {
	if len(now) < min(len(old), len(text)) || len(now) > max(len(old), len(text)) {
		return false
	}
	for i, b := range now {
		if (i >= len(old) || old[i] != b) && (i >= len(text) || text[i] != b) {
			return false
		}
	}
	return true
}

// forget removes the saved texts. The old one goes first: without it there is nothing to recover.
func forget(target string) error {
	err := os.Remove(saved(target, savedOld))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	syncFolder(filepath.Dir(target))
	err = os.Remove(saved(target, savedNew))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func saved(target, end string) string {
	return filepath.Join(filepath.Dir(target), ".aws-mfa."+filepath.Base(target)+end)
}
