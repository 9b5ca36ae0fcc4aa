package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"aws-mfa.example/aws-mfa/internal/messages"
)

// set runs set-serial, checks the exit code, and that nobody is called and nothing is on standard output.
func (w *world) set(exitCode int, args ...string) string {
	w.t.Helper()
	w.stdout.Reset()
	w.stderr.Reset()
	if code := w.app().Run(w.t.Context(), append([]string{"set-serial"}, args...)); code != exitCode {
		w.t.Errorf("%v: exit code %d, not %d: %s", args, code, exitCode, w.stderr.String())
	}
	w.called()
	if w.stdout.Len() > 0 {
		w.t.Errorf("stdout has %q", w.stdout.String())
	}
	return w.stderr.String()
}

// The device is in the config file afterwards, one line says so, and a login uses it without a search.
func TestSetSerial(t *testing.T) {
	w := newWorld(t)
	said := w.set(messages.ExitOK, "-s", "example", phone)
	if want := "profile example: `mfa_serial` is in `" + w.path("config") + "`\n"; said != want {
		t.Errorf("it said %q, not %q", said, want)
	}
	w.holds("config", "[profile example]\nregion = eu-west-1\nmfa_serial = "+phone+"\n")
	w.holds("credentials", keysOf("example"))
	w.succeeds(example...)
	w.called("GetSessionToken")
}

// Flags may follow the device, and -q is quiet.
func TestSetSerialFlags(t *testing.T) {
	w := newWorld(t)
	if said := w.set(messages.ExitOK, phone, "--source-profile=example", "-q"); said != "" {
		t.Errorf("it said %q", said)
	}
	w.holds("config", "[profile example]\nregion = eu-west-1\nmfa_serial = "+phone+"\n")
	w.stdout.Reset()
	if code := w.app().Run(t.Context(), []string{"set-serial", "-h"}); code != 0 || w.stdout.String() != manual {
		t.Errorf("exit code %d, %q", code, w.stdout.String())
	}
}

// A command line that cannot work is refused before anything is read.
func TestSetSerialCommandLine(t *testing.T) {
	for _, test := range []struct {
		args  []string
		kind  messages.Kind
		value string
	}{
		{nil, messages.KindUsage, "needs one device"},
		{[]string{"--dry-run"}, messages.KindUsage, "needs one device"},
		{[]string{phone, phone}, messages.KindUsage, "needs one device"},
		{[]string{phone, "-d", "x"}, messages.KindUsage, "`-d`"},
		{[]string{phone, "--code", goodCode}, messages.KindUsage, "`--code`"},
		{[]string{phone, "--bogus"}, messages.KindUsage, "`--bogus`"},
		{[]string{phone, "-s", "a]"}, messages.KindUsage, "`[ ] # ;`"},
		{[]string{phone, "--format", "env"}, messages.KindUsage, "profile, json"},
		{[]string{securityKey}, messages.KindDeviceUnusable, "the DEVICE of `set-serial` is a FIDO key"},
		{[]string{"arn:aws:iam::123456789012:user/alice"}, messages.KindDeviceUnusable, "mfa/alice"},
		{[]string{"a b"}, messages.KindDeviceUnusable, "GAHT12345678"},
	} {
		w := newWorld(t)
		code := messages.ExitUsage
		if test.kind == messages.KindDeviceUnusable {
			code = messages.ExitConfiguration
		}
		said := w.set(code, test.args...)
		if !strings.HasPrefix(said, "aws-mfa: error["+string(test.kind)+"]: ") || !strings.Contains(said, test.value) {
			t.Errorf("%v: %q", test.args, said)
		}
		w.holds("config", "[profile example]\nregion = eu-west-1\n")
	}
	w := newWorld(t)
	w.fails(messages.ExitUsage, messages.KindUsage, []string{"--dry-run"}, "`--dry-run`")
}

// A program reads an error as JSON.
func TestSetSerialErrorForPrograms(t *testing.T) {
	w := newWorld(t)
	lines := strings.Split(strings.TrimSpace(w.set(messages.ExitConfiguration, "-s", "nobody", phone, "--format", "json")), "\n")
	var told errorDocument
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &told); err != nil || told.Error.Kind != messages.KindProfileMissing {
		t.Errorf("%q (%v)", lines, err)
	}
}

// A dry run ends as the real one would, and writes nothing.
func TestSetSerialDryRun(t *testing.T) {
	w := newWorld(t)
	said := w.set(messages.ExitOK, "-s", "example", "--dry-run", phone)
	if said != "profile example: `mfa_serial` can be written to `"+w.path("config")+"`\n" {
		t.Errorf("it said %q", said)
	}
	w.holds("config", "[profile example]\nregion = eu-west-1\n")
	for name, prepare := range map[string]func(){
		"profile-missing":        func() { w.write("credentials", ""); w.write("config", "") },
		"credentials-unreadable": func() { w.write("config", "[a]\n[a]\n") },
		"config-unwritable":      func() { w.write("credentials", ""); w.write("config", "[profile 'example']\n"+keysOf("x")[4:]) },
	} {
		prepare()
		before, _ := os.ReadFile(w.path("config"))
		code := messages.ExitConfiguration
		if name == "config-unwritable" {
			code = messages.ExitFailed
		}
		dry, real := w.set(code, "-s", "example", "--dry-run", phone), w.set(code, "-s", "example", phone)
		if dry != real || !strings.HasPrefix(dry, "aws-mfa: error["+name+"]: ") {
			t.Errorf("%q, then %q", dry, real)
		}
		if after, _ := os.ReadFile(w.path("config")); !bytes.Equal(before, after) {
			t.Errorf("%q became %q", before, after)
		}
		w.write("credentials", keysOf("example"))
	}
}

// The line that is in the way is named.
func TestSetSerialNamesTheLine(t *testing.T) {
	w := newWorld(t)
	w.write("credentials", keysOf("example")+"mfa_serial = old\n  region = x\n")
	if said := w.set(messages.ExitFailed, "-s", "example", phone); !strings.Contains(said, "line 5 of `"+w.path("credentials")+"`") {
		t.Errorf("it said %q", said)
	}
	w.write("config", "[example]\nregion = x\n")
	w.write("credentials", "")
	if said := w.set(messages.ExitConfiguration, "-s", "example", phone); !strings.HasSuffix(said, "[profile example]\n") {
		t.Errorf("it said %q", said)
	}
}

// The file and its folder are made for their owner; a file that is there keeps its mode, and so does a link.
func TestSetSerialFile(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no mode bits")
	}
	w := newWorld(t)
	path := filepath.Join(w.home, "new", "config")
	t.Setenv("AWS_CONFIG_FILE", path)
	w.set(messages.ExitOK, "-s", "example", phone)
	file, err := os.Stat(path)
	folder, gone := os.Stat(filepath.Dir(path))
	if err != nil || gone != nil || file.Mode().Perm() != 0o600 || folder.Mode().Perm() != 0o700 {
		t.Errorf("%v %v", file, folder)
	}
	link := filepath.Join(w.home, "link")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CONFIG_FILE", link)
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if said := w.set(messages.ExitOK, "-s", "example", "GAHT12345678"); strings.Contains(said, "note: ") {
		t.Errorf("it said %q", said)
	}
	file, err = os.Lstat(path)
	text, _ := os.ReadFile(link)
	if err != nil || file.Mode() != 0o644 || string(text) != "[profile example]\nmfa_serial = GAHT12345678\n" {
		t.Errorf("%v, %q (%v)", file.Mode(), text, err)
	}
	before, _ := os.Stat(path)
	w.set(messages.ExitOK, "-s", "example", "GAHT12345678")
	if after, _ := os.Stat(path); !os.SameFile(before, after) || !before.ModTime().Equal(after.ModTime()) {
		t.Error("a file that says it already was written again")
	}
}

// A value in the credentials file counts for every reader, so it is the one that changes; others lose their rights.
func TestSetSerialInCredentials(t *testing.T) {
	w := newWorld(t)
	w.write("config", "[profile example]\nmfa_serial = stale\n")
	w.write("credentials", keysOf("example")+"mfa_serial = old\n")
	if err := os.Chmod(w.path("credentials"), 0o644); err != nil {
		t.Fatal(err)
	}
	said := w.set(messages.ExitOK, "-s", "example", phone)
	if !strings.HasSuffix(said, "profile example: `mfa_serial` is in `"+w.path("credentials")+"`\n") {
		t.Errorf("it said %q", said)
	}
	w.holds("credentials", keysOf("example")+"mfa_serial = "+phone+"\n")
	w.holds("config", "[profile example]\nmfa_serial = stale\n")
	if info, _ := os.Stat(w.path("credentials")); runtime.GOOS != "windows" && (info.Mode().Perm() != 0o640 || !strings.Contains(said, "note: ")) {
		t.Errorf("the mode is %v: %q", info.Mode(), said)
	}
}

// A path that cannot hold a file is refused by its variable, and nothing is made.
func TestSetSerialPlaces(t *testing.T) {
	w := newWorld(t)
	t.Chdir(w.home)
	for path, want := range map[string]string{
		os.DevNull:              "error[credentials-unreadable]: cannot use `" + os.DevNull + "`",
		"$AWS_MFA_UNSET/config": "error[credentials-unreadable]: `AWS_CONFIG_FILE` leads to",
		filepath.Join(w.path("config"), "config"): "error[",
		w.home: "error[credentials-unreadable]: cannot use `" + w.home + "`",
	} {
		t.Setenv("AWS_CONFIG_FILE", path)
		w.stderr.Reset()
		code := w.app().Run(t.Context(), []string{"set-serial", "-s", "example", phone})
		if said := w.stderr.String(); code < messages.ExitUsage || !strings.Contains(said, want) {
			t.Errorf("%q: exit code %d: %q", path, code, said)
		}
	}
	if entries, _ := os.ReadDir(w.home); len(entries) != 1 {
		t.Errorf("%v", entries)
	}
}

// An interrupted write to the config file is undone first, as one to the credentials file is.
func TestSetSerialAfterAnInterruptedWrite(t *testing.T) {
	w := newWorld(t)
	w.write(".aws-mfa.config.old", "[profile example]\nregion = eu-west-1\n")
	w.write(".aws-mfa.config.new", "[profile other]\n")
	w.write("config", "[profile otherle]\nregion = eu-west-1\n")
	w.set(messages.ExitOK, "-s", "example", phone)
	w.holds("config", "[profile example]\nregion = eu-west-1\nmfa_serial = "+phone+"\n")
	if entries, _ := os.ReadDir(filepath.Dir(w.path("config"))); len(entries) != 2 {
		t.Errorf("%v", entries)
	}
}

// Another process that holds the lock is waited for, and what it wrote is kept.
func TestSetSerialTakesTurns(t *testing.T) {
	w := newWorld(t)
	names := []string{"a", "b", "c", "d", "e", "f"}
	text := keysOf("example")
	for _, name := range names {
		text += keysOf(name)
	}
	w.write("credentials", text)
	done := make(chan int)
	for _, name := range names {
		go func() {
			var out bytes.Buffer
			app := App{Stdout: &out, Stderr: &out, Now: time.Now, Terminal: w.app().Terminal}
			done <- app.Run(t.Context(), []string{"set-serial", "-s", name, "arn:aws:iam::123456789012:mfa/" + name})
		}()
	}
	for range names {
		if code := <-done; code != messages.ExitOK {
			t.Errorf("exit code %d", code)
		}
	}
	config, _ := os.ReadFile(w.path("config"))
	for _, name := range names {
		if !strings.Contains(string(config), "[profile "+name+"]\nmfa_serial = arn:aws:iam::123456789012:mfa/"+name+"\n") {
			t.Errorf("%s is missing in %q", name, config)
		}
	}
}

// In Japanese, too.
func TestSetSerialInJapanese(t *testing.T) {
	w := newWorld(t)
	w.language = messages.Japanese
	if said := w.set(messages.ExitOK, "-s", "example", phone); !strings.HasPrefix(said, "プロファイル example: `mfa_serial` は `") {
		t.Errorf("it said %q", said)
	}
}
