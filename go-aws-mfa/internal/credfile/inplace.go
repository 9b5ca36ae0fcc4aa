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

// A file that a rename cannot replace is overwritten in place: a mount point, one of several hard links, or a file
// whose owner a new file could not get. A kill or a power failure in the middle would leave half of each text, so both
// texts are saved in the same directory first:
//
//	.aws-mfa.credentials.new   the new text
//	.aws-mfa.credentials.old   the old text; while this file exists, the write is not finished
//
// Recover reads them. Their names do not match the pattern of temporary files, which any writer may remove.
const (
	savedOld = ".old"
	savedNew = ".new"
)

// Recovery is the result of Recover.
type Recovery int

// The results of Recover.
const (
	Nothing  Recovery = iota // no write was interrupted, or the file was still whole
	Restored                 // the file was half written and has its old text again
	Kept                     // another program changed the file since; the saved text is kept under another name
)

// overwrite writes text to the file at target without replacing the file. old is the current text.
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

// saveBoth saves both texts in the directory of target. A crash cannot leave half of a saved text. The old text comes
// last, because Recover looks for it.
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

// writeOver writes text over the start of the file. It does not truncate the file before the new text is on the disk,
// because a crash could then lose the keys.
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

// interrupted reports whether Recover has something to do, or another process is writing at the moment.
func interrupted(target string) bool {
	_, gone := os.Lstat(saved(target, savedOld))
	return !errors.Is(gone, fs.ErrNotExist)
}

// Recover undoes an interrupted write to the file at target. If it keeps the saved text, it returns the path of that
// text. The caller must hold the lock of the file.
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

// readSaved reads a saved text. It refuses links and pipes, which this program does not create.
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

// keep renames the saved text, so that later writes do not replace it.
func keep(target string, old []byte) error {
	if err := os.Rename(saved(target, savedOld), KeptName(target, old)); err != nil {
		return err
	}
	return forget(target)
}

// KeptName returns the path where Recover keeps the text that an interrupted write saved.
func KeptName(target string, old []byte) string {
	digest := sha256.Sum256(old)
	return saved(target, fmt.Sprintf(".%x.kept", digest[:4]))
}

// mixed reports whether now can be the result of an interrupted write of text over old: each byte comes from the same
// position in one of them. A disk can write the blocks of a file in any order.
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

// forget removes the saved texts. It removes the old text first, because without it there is nothing to recover.
func forget(target string) error {
	err := os.Remove(saved(target, savedOld))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	syncDirectory(filepath.Dir(target))
	err = os.Remove(saved(target, savedNew))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func saved(target, end string) string {
	return filepath.Join(filepath.Dir(target), ".aws-mfa."+filepath.Base(target)+end)
}
