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
		t.Errorf("%s holds %q (%v)", path, got, err)
	}
}

// alone checks that no temporary file stays behind.
func alone(t *testing.T, directory, name string) {
	t.Helper()
	entries, err := os.ReadDir(directory)
	if err != nil || len(entries) != 1 || entries[0].Name() != name {
		t.Errorf("%s holds %v (%v)", directory, entries, err)
	}
}

// The mode stays what it was, but others lose what they had.
func TestMode(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no mode bits")
	}
	for before, after := range map[os.FileMode]os.FileMode{0o600: 0o600, 0o644: 0o640, 0o640: 0o640, 0o666: 0o660, 0o607: 0o600, 0o400: 0o400, 0o700: 0o700} {
		path := filepath.Join(t.TempDir(), "credentials")
		write(t, path, "", before)
		save(t, path)
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != after {
			t.Errorf("%o became %v, not %o (%v)", before, info.Mode().Perm(), after, err)
		}
		alone(t, filepath.Dir(path), "credentials")
	}
}

// What is no secret keeps the rights that others have.
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

// A file that is not there is made for its owner only, and so is its directory.
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
		t.Error("the file is another one")
	}
	alone(t, filepath.Dir(path), "config")
}

func appended(text []byte) ([]byte, error) { return append(text, " and new"...), nil }

// A symbolic link stays one, and what it leads to is replaced, also by way of
// a second link, and also if there is nothing yet.
func TestSymbolicLink(t *testing.T) {
	for _, there := range []bool{true, false} {
		directory, elsewhere := t.TempDir(), t.TempDir()
		target, middle, link := filepath.Join(elsewhere, "real"), filepath.Join(directory, "middle"), filepath.Join(directory, "credentials")
		if there {
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
				t.Errorf("%s is no link any more (%v)", path, err)
			}
		}
		if info, err := os.Lstat(target); err != nil || !info.Mode().IsRegular() {
			t.Errorf("the target is %v (%v)", info, err)
		}
	}
}

// A link that leads to itself ends with an error.
func TestSymbolicLoop(t *testing.T) {
	link := filepath.Join(t.TempDir(), "credentials")
	if err := os.Symlink(link, link); err != nil {
		t.Skip("no symbolic links here: ", err)
	}
	if _, err := Save(context.Background(), link, "d", fresh, silent); err == nil {
		t.Error("a loop was followed to an end")
	}
}

// The new file is another one put in the old one's place: who has the old one
// open reads it whole, and an error leaves neither half a file nor a new one.
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

// What a killed writer left behind is removed by the next one; other files stay.
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

// Writers take turns, also by way of different links, so that none loses what
// another wrote; an interruption ends the wait and writes nothing.
func TestTurns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "credentials")
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(path, link); err != nil {
		link = path
	}
	var all sync.WaitGroup
	for number := range 30 {
		all.Go(func() {
			if _, err := Save(t.Context(), []string{path, link}[number%2], fmt.Sprintf("p%d", number), fresh, silent); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	text, _ := os.ReadFile(path)
	if got := strings.Count(string(text), "[p"); got != 30 {
		t.Errorf("%d of 30 sections are there", got)
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
		t.Error("something was written")
	}
}

// silent waits without a word.
func silent(time.Duration) {}
