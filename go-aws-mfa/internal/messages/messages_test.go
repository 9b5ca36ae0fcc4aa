package messages

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var verb = regexp.MustCompile(`%(\[\d+\])?[+\d]*[a-z]`)

// verbs returns the sorted formatting verbs of a sentence.
func verbs(format string) []string {
	var found []string
	for _, match := range verb.FindAllString(format, -1) {
		found = append(found, match[len(match)-1:])
	}
	slices.Sort(found)
	return found
}

// Each entry has texts in both languages with the same verbs. A failure also has a hint, a kind and an exit code.
func TestCatalog(t *testing.T) {
	found := All()
	if len(found.Failures) < 50 || len(found.Texts) < 30 {
		t.Fatalf("only %d failures and %d texts were read", len(found.Failures), len(found.Texts))
	}
	kind := regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)
	codes := []int{ExitInterrupted, ExitUsage, ExitConfiguration, ExitRefused, ExitFailed}
	for _, entry := range found.Failures {
		if !kind.MatchString(string(entry.Kind)) || !slices.Contains(codes, entry.ExitCode) {
			t.Errorf("%s has kind %q and exit code %d", entry.Name, entry.Kind, entry.ExitCode)
		}
		checkLanguages(t, entry, 2)
	}
	for _, entry := range found.Texts {
		checkLanguages(t, entry, 1)
	}
}

func checkLanguages(t *testing.T, entry Entry, sentences int) {
	t.Helper()
	if len(entry.Lines) != 2*sentences {
		t.Fatalf("%s has %d lines", entry.Name, len(entry.Lines))
	}
	for i, english := range entry.Lines[:sentences] {
		japanese := entry.Lines[i+sentences]
		same := slices.Equal(verbs(english), verbs(japanese))
		if !same || english == "" || strings.ContainsRune(japanese, '\u3000') {
			t.Errorf("%s: %q does not match %q", entry.Name, japanese, english)
		}
	}
}

// Package cli uses every message, and no other package uses the catalog.
func TestUse(t *testing.T) {
	paths, err := filepath.Glob("../*/*.go")
	if err != nil || len(paths) < 10 {
		t.Fatal(paths, err)
	}
	var sources strings.Builder
	for _, path := range paths {
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		switch directory := filepath.Base(filepath.Dir(path)); {
		case directory == "messages":
		case directory == "cli":
			if !strings.HasSuffix(path, "_test.go") {
				sources.Write(source)
			}
		case strings.Contains(string(source), `aws-mfa/internal/messages"`):
			t.Errorf("%s imports the catalog", path)
		}
	}
	keys, err := os.ReadFile("keys.go")
	if err != nil {
		t.Fatal(err)
	}
	constants := regexp.MustCompile(`(?m)^\t([A-Z]\w*)(?: +(?:TextKey|FailureKey) += iota)?$`)
	names := constants.FindAllStringSubmatch(string(keys), -1)
	if len(names) != len(All().Failures)+len(All().Texts) {
		t.Fatalf("only %d constants were found", len(names))
	}
	for _, name := range names {
		if !regexp.MustCompile(`messages\.` + name[1] + `\b`).MatchString(sources.String()) {
			t.Errorf("package cli does not use %s", name[1])
		}
	}
}

// As in other programs, the first locale variable that is set decides.
func TestLocale(t *testing.T) {
	for _, test := range []struct {
		environment map[string]string
		want        Language
	}{
		{environment: nil, want: English},
		{environment: map[string]string{"LANG": "ja_JP.UTF-8"}, want: Japanese},
		{environment: map[string]string{"LANG": "en_US.UTF-8"}, want: English},
		{environment: map[string]string{"LC_ALL": "C", "LANG": "ja_JP.UTF-8"}, want: English},
		{environment: map[string]string{"LC_ALL": "", "LC_MESSAGES": "ja", "LANG": "C"}, want: Japanese},
	} {
		if got := FromEnvironment(func(name string) string { return test.environment[name] }); got != test.want {
			t.Errorf("%v gives %v", test.environment, got)
		}
	}
}

// A message inside another one has the same language.
func TestNested(t *testing.T) {
	text := New(Joined, New(VirtualDevice), 100)
	if english, japanese := text.In(English), text.In(Japanese); english != "virtual; 100" || japanese != "仮想。100" {
		t.Errorf("%q, %q", english, japanese)
	}
}

// A failure has a sentence, a hint, a kind and an exit code. Some values appear only in the hint.
func TestFailure(t *testing.T) {
	failure := Fail(ProfileMissing, "a", "b", "c", "'a'")
	if failure.Kind() != KindProfileMissing || failure.ExitCode() != ExitConfiguration {
		t.Errorf("%q %d", failure.Kind(), failure.ExitCode())
	}
	for _, language := range []Language{English, Japanese} {
		sentence, hint := failure.In(language), failure.Hint(language)
		if strings.Count(sentence, "`") != 6 || !strings.HasSuffix(hint, "aws configure --profile='a'") {
			t.Errorf("%q %q", sentence, hint)
		}
	}
	skewed := Fail(CodeRefusedClock, 61)
	if both := skewed.Error() + skewed.Hint(English); strings.Contains(both, "%!") || !strings.Contains(both, "61 s") {
		t.Errorf("%q", both)
	}
}
