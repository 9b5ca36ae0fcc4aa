package credfile

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// half creates the result of an interrupted overwrite: both saved texts, and a file with the first n bytes of the new
// text over the old one. It returns the path of that file.
func half(t *testing.T, old, text string, n int) string {
	t.Helper()
	target := filepath.Join(t.TempDir(), "credentials")
	write := func(path, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(saved(target, savedOld), old)
	write(saved(target, savedNew), text)
	write(target, text[:n]+old[min(n, len(old)):])
	return target
}

func content(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func names(t *testing.T, target string) (found []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(target))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		found = append(found, entry.Name())
	}
	return found
}

// An overwrite keeps the file and its mode, and removes the saved texts.
func TestOverwriteKeepsTheFileItself(t *testing.T) {
	for _, text := range []string{"", "short", "as long", strings.Repeat("longer ", 20)} {
		target := filepath.Join(t.TempDir(), "credentials")
		if err := os.WriteFile(target, []byte("as long"), 0o640); err != nil {
			t.Fatal(err)
		}
		before, err := os.Stat(target)
		if err != nil {
			t.Fatal(err)
		}
		if err := overwrite(target, []byte("as long"), []byte(text)); err != nil {
			t.Fatal(err)
		}
		after, err := os.Stat(target)
		if err != nil {
			t.Fatal(err)
		}
		if !os.SameFile(before, after) || before.Mode() != after.Mode() {
			t.Errorf("%q: the file was replaced, or its mode has changed", text)
		}
		if got := content(t, target); got != text {
			t.Errorf("got %q, want %q", got, text)
		}
		if found := names(t, target); len(found) != 1 {
			t.Errorf("left behind: %v", found)
		}
	}
}

// Recover restores the old text after an interruption at any byte.
func TestRecoverAfterAnyByte(t *testing.T) {
	texts := []string{"", "[example]\nkey = old\n", "[example]\nkey = old\n\n[example_mfa]\nkey = new\n", "other"}
	for _, old := range texts {
		for _, text := range texts {
			for n := range len(text) + 1 {
				target := half(t, old, text, n)
				now := content(t, target)
				if _, _, err := Recover(target); err != nil {
					t.Fatal(err)
				}
				want := old
				if now == text {
					want = text
				}
				if got := content(t, target); got != want {
					t.Errorf("%q over %q, %d bytes: got %q", text, old, n, got)
				}
				if found := names(t, target); len(found) != 1 {
					t.Errorf("left behind: %v", found)
				}
			}
		}
	}
}

// Recover does not touch a file that was edited later, and keeps the saved text once.
func TestRecoverLeavesALaterEdit(t *testing.T) {
	edits := map[string]string{
		"another text":             "[default]\nkey = mine\n",
		"one other letter":         "[example]\nkey = 0ld\n",
		"a line more":              "[example]\nkey = old\n[third]\nregion = x\nand so on and on\n",
		"shorter than either text": "[example]\n",
	}
	for name, edited := range edits {
		t.Run(name, func(t *testing.T) {
			const old, text = "[example]\nkey = old\n", "[example]\nkey = new\nmore = yes\n"
			target := half(t, old, text, 3)
			if err := os.WriteFile(target, []byte(edited), 0o600); err != nil {
				t.Fatal(err)
			}
			got, path, err := Recover(target)
			if got != Kept || path != KeptName(target, []byte(old)) || err != nil {
				t.Fatalf("got %v, %q, %v", got, path, err)
			}
			if now := content(t, target); now != edited {
				t.Errorf("the edit is lost: %q", now)
			}
			if kept := content(t, path); kept != old {
				t.Errorf("the old text is lost: %q", kept)
			}
			if again, _, err := Recover(target); again != Nothing || err != nil {
				t.Errorf("the second time: %v, %v", again, err)
			}
		})
	}
}

// A disk may write the blocks of a file in any order.
func TestRecoverBlocksInAnyOrder(t *testing.T) {
	old, text := bytes.Repeat([]byte("o"), 40), bytes.Repeat([]byte("n"), 48)
	now := append(bytes.Clone(old), text[len(old):]...)
	copy(now[8:16], text)
	if !mixed(now, old, text) {
		t.Error("blocks that were written out of order are not recognized")
	}
}

func TestOverwriteThatFailsKeepsTheOldText(t *testing.T) {
	target := filepath.Join(t.TempDir(), "missing")
	if err := overwrite(target, nil, []byte("text")); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("got %v", err)
	}
	if old := content(t, saved(target, savedOld)); old != "" {
		t.Errorf("got %q", old)
	}
}

// Plan finds the way to write the file and leaves nothing behind.
func TestPlan(t *testing.T) {
	directory := t.TempDir()
	target, twin := filepath.Join(directory, "credentials"), filepath.Join(directory, "twin")
	plan := func(want How) {
		t.Helper()
		if got, err := Plan(target); got != want || err != nil {
			t.Errorf("got %v, %v, want %v", got, err, want)
		}
	}
	plan(ByRename) // without a file
	if err := os.WriteFile(target, []byte("[a]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	plan(ByRename)
	if err := os.Link(target, twin); err != nil {
		t.Skip(err)
	}
	plan(HardLinked)
	if err := os.Remove(twin); err != nil {
		t.Fatal(err)
	}
	if found := names(t, target); len(found) != 1 {
		t.Errorf("left behind: %v", found)
	}
}
