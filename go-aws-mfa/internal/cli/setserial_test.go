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

// set runs set-serial and returns its standard error. It checks the exit code, and that there are no calls and nothing
// on standard output.
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

// set-serial writes the device to the config file and prints one line. A login then uses the device without a search.
func TestSetSerial(t *testing.T) {
	w := newWorld(t)
	stderr := w.set(messages.ExitOK, "-s", "example", phone)
	if want := text(messages.SerialSet, "example", w.path("config")) + "\n"; stderr != want {
		t.Errorf("stderr is %q, not %q", stderr, want)
	}
	w.holds("config", "[profile example]\nregion = eu-west-1\nmfa_serial = "+phone+"\n")
	w.holds("credentials", keysOf("example"))
	w.succeeds(example...)
	w.called("GetSessionToken")
}

// Flags may follow the device, and -q is quiet.
func TestSetSerialFlags(t *testing.T) {
	w := newWorld(t)
	if stderr := w.set(messages.ExitOK, phone, "--source-profile=example", "-q"); stderr != "" {
		t.Errorf("stderr is %q", stderr)
	}
	w.holds("config", "[profile example]\nregion = eu-west-1\nmfa_serial = "+phone+"\n")
	w.stdout.Reset()
	if code := w.app().Run(t.Context(), []string{"set-serial", "-h"}); code != 0 || w.stdout.String() != manual {
		t.Errorf("exit code %d, %q", code, w.stdout.String())
	}
}

// An invalid command line is refused before any file is read.
func TestSetSerialCommandLine(t *testing.T) {
	const usage, unusable = messages.KindUsage, messages.KindDeviceUnusable
	needsDevice := messages.Fail(messages.SetSerialArguments).In(messages.English)
	isFIDO := messages.Fail(messages.DeviceIsFIDO, messages.New(messages.FromArgument)).In(messages.English)
	for _, test := range []struct {
		args  []string
		kind  messages.Kind
		value string
	}{
		{args: nil, kind: usage, value: needsDevice},
		{args: []string{"--dry-run"}, kind: usage, value: needsDevice},
		{args: []string{phone, phone}, kind: usage, value: needsDevice},
		{args: []string{phone, "-d", "x"}, kind: usage, value: "`-d`"},
		{args: []string{phone, "--code", goodCode}, kind: usage, value: "`--code`"},
		{args: []string{phone, "--bogus"}, kind: usage, value: "`--bogus`"},
		{args: []string{phone, "-s", "a]"}, kind: usage, value: "`[ ] # ;`"},
		{args: []string{phone, "--format", "env"}, kind: usage, value: "profile, json"},
		{args: []string{securityKey}, kind: unusable, value: isFIDO},
		{args: []string{"arn:aws:iam::123456789012:user/alice"}, kind: unusable, value: "mfa/alice"},
		{args: []string{"a b"}, kind: unusable, value: "GAHT12345678"},
	} {
		w := newWorld(t)
		code := messages.ExitUsage
		if test.kind == unusable {
			code = messages.ExitConfiguration
		}
		stderr := w.set(code, test.args...)
		if !strings.HasPrefix(stderr, "aws-mfa: error["+string(test.kind)+"]: ") || !strings.Contains(stderr, test.value) {
			t.Errorf("%v: %q", test.args, stderr)
		}
		w.holds("config", "[profile example]\nregion = eu-west-1\n")
	}
	w := newWorld(t)
	w.fails(messages.ExitUsage, messages.KindUsage, []string{"--dry-run"}, "`--dry-run`")
}

// With --format json, an error is also printed as JSON.
func TestSetSerialErrorForPrograms(t *testing.T) {
	w := newWorld(t)
	stderr := w.set(messages.ExitConfiguration, "-s", "nobody", phone, "--format", "json")
	lines := strings.Split(strings.TrimSpace(stderr), "\n")
	var document errorDocument
	err := json.Unmarshal([]byte(lines[len(lines)-1]), &document)
	if err != nil || document.Error.Kind != messages.KindProfileMissing {
		t.Errorf("%q (%v)", lines, err)
	}
}

// A dry run has the same result as a real one, but writes nothing.
func TestSetSerialDryRun(t *testing.T) {
	w := newWorld(t)
	stderr := w.set(messages.ExitOK, "-s", "example", "--dry-run", phone)
	if stderr != text(messages.SerialSettable, "example", w.path("config"))+"\n" {
		t.Errorf("stderr is %q", stderr)
	}
	w.holds("config", "[profile example]\nregion = eu-west-1\n")
	for name, prepare := range map[string]func(){
		"profile-missing": func() {
			w.write("credentials", "")
			w.write("config", "")
		},
		"credentials-unreadable": func() {
			w.write("config", "[a]\n[a]\n")
		},
		"config-unwritable": func() {
			w.write("credentials", "")
			w.write("config", strings.Replace(keysOf("example"), "[example]", "[profile 'example']", 1))
		},
	} {
		prepare()
		before, _ := os.ReadFile(w.path("config"))
		code := messages.ExitConfiguration
		if name == "config-unwritable" {
			code = messages.ExitFailed
		}
		dry := w.set(code, "-s", "example", "--dry-run", phone)
		actual := w.set(code, "-s", "example", phone)
		if dry != actual || !strings.HasPrefix(dry, "aws-mfa: error["+name+"]: ") {
			t.Errorf("%q, then %q", dry, actual)
		}
		if after, _ := os.ReadFile(w.path("config")); !bytes.Equal(before, after) {
			t.Errorf("%q became %q", before, after)
		}
		w.write("credentials", keysOf("example"))
	}
}

// The error names the line that prevents the change.
func TestSetSerialNamesTheLine(t *testing.T) {
	w := newWorld(t)
	w.write("credentials", keysOf("example")+"mfa_serial = old\n  region = x\n")
	stderr := w.set(messages.ExitFailed, "-s", "example", phone)
	if !strings.Contains(stderr, text(messages.Place, 5, w.path("credentials"))) {
		t.Errorf("stderr is %q", stderr)
	}
	w.write("config", "[example]\nregion = x\n")
	w.write("credentials", "")
	stderr = w.set(messages.ExitConfiguration, "-s", "example", phone)
	if !strings.HasSuffix(stderr, "[profile example]\n") {
		t.Errorf("stderr is %q", stderr)
	}
}

// A new file and a new directory are private to the owner. An existing file keeps its mode, and a link stays a link.
func TestSetSerialFile(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no mode bits")
	}
	w := newWorld(t)
	path := filepath.Join(w.home, "new", "config")
	t.Setenv("AWS_CONFIG_FILE", path)
	w.set(messages.ExitOK, "-s", "example", phone)
	file, err := os.Stat(path)
	directory, gone := os.Stat(filepath.Dir(path))
	if err != nil || gone != nil || file.Mode().Perm() != 0o600 || directory.Mode().Perm() != 0o700 {
		t.Errorf("%v %v", file, directory)
	}
	link := filepath.Join(w.home, "link")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CONFIG_FILE", link)
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if stderr := w.set(messages.ExitOK, "-s", "example", "GAHT12345678"); strings.Contains(stderr, "note: ") {
		t.Errorf("stderr is %q", stderr)
	}
	file, err = os.Lstat(path)
	config, _ := os.ReadFile(link)
	if err != nil || file.Mode() != 0o644 || string(config) != "[profile example]\nmfa_serial = GAHT12345678\n" {
		t.Errorf("%v, %q (%v)", file.Mode(), config, err)
	}
	before, _ := os.Stat(path)
	w.set(messages.ExitOK, "-s", "example", "GAHT12345678")
	if after, _ := os.Stat(path); !os.SameFile(before, after) || !before.ModTime().Equal(after.ModTime()) {
		t.Error("a file that already has the device was written again")
	}
}

// An existing value in the credentials file takes precedence, so set-serial changes it there. Other users lose their
// permissions.
func TestSetSerialInCredentials(t *testing.T) {
	w := newWorld(t)
	w.write("config", "[profile example]\nmfa_serial = stale\n")
	w.write("credentials", keysOf("example")+"mfa_serial = old\n")
	if err := os.Chmod(w.path("credentials"), 0o644); err != nil {
		t.Fatal(err)
	}
	stderr := w.set(messages.ExitOK, "-s", "example", phone)
	if !strings.HasSuffix(stderr, text(messages.SerialSet, "example", w.path("credentials"))+"\n") {
		t.Errorf("stderr is %q", stderr)
	}
	w.holds("credentials", keysOf("example")+"mfa_serial = "+phone+"\n")
	w.holds("config", "[profile example]\nmfa_serial = stale\n")
	if runtime.GOOS == "windows" {
		return // no mode bits
	}
	info, err := os.Stat(w.path("credentials"))
	if err != nil || info.Mode().Perm() != 0o640 || !strings.Contains(stderr, "note: ") {
		t.Errorf("%v (%v): %q", info, err, stderr)
	}
}

// If no file can be created at a path, the error names it and nothing is created.
func TestSetSerialPlaces(t *testing.T) {
	w := newWorld(t)
	t.Chdir(w.home)
	for path, want := range map[string]string{
		os.DevNull:              "`" + os.DevNull + "`",
		"$AWS_MFA_UNSET/config": "`AWS_CONFIG_FILE`",
		filepath.Join(w.path("config"), "config"): "aws-mfa: error[",
		w.home: "`" + w.home + "`",
	} {
		t.Setenv("AWS_CONFIG_FILE", path)
		w.stderr.Reset()
		code := w.app().Run(t.Context(), []string{"set-serial", "-s", "example", phone})
		if stderr := w.stderr.String(); code < messages.ExitUsage || !strings.Contains(stderr, want) {
			t.Errorf("%q: exit code %d: %q", path, code, stderr)
		}
	}
	if entries, _ := os.ReadDir(w.home); len(entries) != 1 {
		t.Errorf("%v", entries)
	}
}

// set-serial first undoes an interrupted write to the config file, as a login does for the credentials file.
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

// Processes wait for each other and keep each other's changes.
func TestSetSerialTakesTurns(t *testing.T) {
	w := newWorld(t)
	names := []string{"a", "b", "c", "d", "e", "f"}
	credentials := keysOf("example")
	for _, name := range names {
		credentials += keysOf(name)
	}
	w.write("credentials", credentials)
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

// The output can also be in Japanese.
func TestSetSerialInJapanese(t *testing.T) {
	w := newWorld(t)
	w.language = messages.Japanese
	want := messages.New(messages.SerialSet, "example", w.path("config")).In(messages.Japanese) + "\n"
	if stderr := w.set(messages.ExitOK, "-s", "example", phone); stderr != want {
		t.Errorf("stderr is %q", stderr)
	}
}
