package credfile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func save(t *testing.T, path string) {
	t.Helper()
	if _, err := Save(context.Background(), path, "d", fresh, silent); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "[d]\n"+freshLines {
		t.Errorf("%s contains %q (%v)", path, got, err)
	}
}

// alone checks that the directory contains only the file, and no temporary files.
func alone(t *testing.T, directory, name string) {
	t.Helper()
	entries, err := os.ReadDir(directory)
	if err != nil || len(entries) != 1 || entries[0].Name() != name {
		t.Errorf("%s contains %v (%v)", directory, entries, err)
	}
}

// The mode stays the same, except that other users lose their permissions.
func TestMode(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no mode bits")
	}
	for before, after := range map[os.FileMode]os.FileMode{
		0o400: 0o400,
		0o600: 0o600,
		0o607: 0o600,
		0o640: 0o640,
		0o644: 0o640,
		0o666: 0o660,
		0o700: 0o700,
	} {
		path := filepath.Join(t.TempDir(), "credentials")
		write(t, path, "", before)
		save(t, path)
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != after {
			t.Errorf("%o became %v, not %o (%v)", before, info.Mode().Perm(), after, err)
		}
		alone(t, filepath.Dir(path), "credentials")
	}
}

// A file that is not secret keeps the permissions of other users.
func TestModeOfPublicFiles(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no mode bits")
	}
	for _, mode := range []os.FileMode{0o600, 0o644, 0o640, 0o666, 0o400} {
		for _, isLinked := range []bool{false, true} {
			path := filepath.Join(t.TempDir(), "config")
			write(t, path, "old", mode)
			if isLinked {
				if err := os.Link(path, path+"2"); err != nil {
					t.Skip(err)
				}
			}
			if place, err := Update(t.Context(), path, Public, appended, silent); err != nil || place.Opened {
				t.Errorf("%+v (%v)", place, err)
			}
			info, err := os.Stat(path)
			if err != nil || info.Mode().Perm() != mode || content(t, path) != "old and new" {
				t.Errorf("%o became %v, with %q (%v)", mode, info.Mode().Perm(), content(t, path), err)
			}
		}
	}
}

// A new file and its directory are private to the owner.
func TestNewFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "home", "config")
	if _, err := Update(t.Context(), path, Public, appended, silent); err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" {
		file, _ := os.Stat(path)
		directory, _ := os.Stat(filepath.Dir(path))
		if file.Mode().Perm() != 0o600 || directory.Mode().Perm() != 0o700 {
			t.Errorf("the modes are %v and %v", file.Mode(), directory.Mode())
		}
	}
	alone(t, filepath.Dir(path), "config")
}

// A change that fails leaves the file as it is.
func TestNoChange(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config")
	write(t, path, "old", 0o600)
	before, _ := os.Stat(path)
	refuse := func([]byte) ([]byte, error) { return nil, ErrNotRegular }
	if _, err := Update(t.Context(), path, Public, refuse, silent); !errors.Is(err, ErrNotRegular) {
		t.Errorf("got %v", err)
	}
	if after, _ := os.Stat(path); !os.SameFile(before, after) || content(t, path) != "old" {
		t.Error("the file has changed")
	}
	alone(t, filepath.Dir(path), "config")
}

func appended(text []byte) ([]byte, error) { return append(text, " and new"...), nil }

// A symbolic link stays a link, and its target is replaced, even through a second link and if there is no target yet.
func TestSymbolicLink(t *testing.T) {
	for _, exists := range []bool{true, false} {
		directory, elsewhere := t.TempDir(), t.TempDir()
		target := filepath.Join(elsewhere, "real")
		middle := filepath.Join(directory, "middle")
		link := filepath.Join(directory, "credentials")
		if exists {
			write(t, target, "", 0o600)
		}
		if err := os.Symlink(target, middle); err != nil {
			t.Skip("no symbolic links here: ", err)
		}
		if err := os.Symlink("middle", link); err != nil {
			t.Fatal(err)
		}
		save(t, link)
		alone(t, elsewhere, "real")
		for _, path := range []string{link, middle} {
			if info, err := os.Lstat(path); err != nil || info.Mode()&os.ModeSymlink == 0 {
				t.Errorf("%s is not a link anymore (%v)", path, err)
			}
		}
		if info, err := os.Lstat(target); err != nil || !info.Mode().IsRegular() {
			t.Errorf("the target is %v (%v)", info, err)
		}
	}
}

// A link to itself is an error.
func TestSymbolicLoop(t *testing.T) {
	link := filepath.Join(t.TempDir(), "credentials")
	if err := os.Symlink(link, link); err != nil {
		t.Skip("no symbolic links here: ", err)
	}
	if _, err := Save(context.Background(), link, "d", fresh, silent); err == nil {
		t.Error("a loop of links has a target")
	}
}

// A new file replaces the old one, so a process that has the old one open can still read it. An error leaves the old
// file and no temporary file.
func TestAtomic(t *testing.T) {
	path := filepath.Join(t.TempDir(), "credentials")
	write(t, path, "", 0o600)
	before, _ := os.Stat(path)
	save(t, path)
	if after, _ := os.Stat(path); os.SameFile(before, after) {
		t.Error("the file was written in place")
	}
	write(t, path, "[d]\naws_access_key_id = x\n", 0o600)
	if _, err := Save(context.Background(), path, "d", fresh, silent); err == nil {
		t.Error("long-term keys were overwritten")
	}
	alone(t, filepath.Dir(path), "credentials")
	directory := filepath.Join(t.TempDir(), "credentials")
	if err := os.Mkdir(directory, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Save(context.Background(), directory, "d", fresh, silent); err == nil {
		t.Error("a directory was replaced")
	}
	if err := swap(directory, nil, nil, privateFile); err == nil {
		t.Error("a directory was swapped for a file")
	}
	alone(t, filepath.Dir(directory), "credentials")
}

// The next writer removes the temporary files of a killed one. Other files stay.
func TestSweep(t *testing.T) {
	directory := t.TempDir()
	write(t, filepath.Join(directory, ".aws-mfa-1234.tmp"), "half a fi", 0o600)
	write(t, filepath.Join(directory, "credentials"), "", 0o600)
	save(t, filepath.Join(directory, "credentials"))
	alone(t, directory, "credentials")
	write(t, filepath.Join(directory, ".aws-mfa-notes"), "mine", 0o600)
	save(t, filepath.Join(directory, "credentials"))
	if _, err := os.Stat(filepath.Join(directory, ".aws-mfa-notes")); err != nil {
		t.Error(err)
	}
}

// Writers wait for each other, even through different links, and keep each other's changes. Ctrl-C ends a wait without
// a write.
func TestTurns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "credentials")
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(path, link); err != nil {
		link = path
	}
	var all sync.WaitGroup
	for number := range 30 {
		all.Go(func() {
			name := fmt.Sprintf("p%d", number)
			if _, err := Save(t.Context(), []string{path, link}[number%2], name, fresh, silent); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	text, _ := os.ReadFile(path)
	if got := strings.Count(string(text), "[p"); got != 30 {
		t.Errorf("the file has %d of 30 sections", got)
	}
	release, _, err := acquire(t.Context(), filepath.Join(filepath.Dir(path), ".aws-mfa.lock"), time.Minute, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Save(ended, path, "late", fresh, silent); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	if after, _ := os.ReadFile(path); string(after) != string(text) {
		t.Error("the file has changed")
	}
}

// silent does not announce a wait.
func silent(time.Duration) {}
