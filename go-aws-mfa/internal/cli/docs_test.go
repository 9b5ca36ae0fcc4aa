package cli

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"aws-mfa.example/aws-mfa/internal/messages"
)

var update = flag.Bool("update", false, "write the generated part of docs/aws-mfa.md")

var exitCodes = []int{
	messages.ExitOK,
	messages.ExitInterrupted,
	messages.ExitUsage,
	messages.ExitConfiguration,
	messages.ExitRefused,
	messages.ExitFailed,
}

// The page about the program has up-to-date tables of flags and errors, and lists every format and every exit code.
func TestDocs(t *testing.T) {
	path := filepath.Join("..", "..", "..", "docs", "aws-mfa.md")
	page, err := os.ReadFile(path)
	if err != nil {
		t.Skip("the module is outside of its repository: ", err)
	}
	want := fill(t, string(page), "flags", flagRows())
	want = fill(t, want, "errors", errorRows())
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want != string(page) {
		t.Error("the flags or the errors have changed: go test ./internal/cli -run TestDocs -update")
	}
	for _, code := range exitCodes {
		if !strings.Contains(want, fmt.Sprintf("\n| %d | ", code)) {
			t.Errorf("exit code %d is missing", code)
		}
	}
	for _, format := range formats {
		if !strings.Contains(want, "\n| `"+format+"` | ") {
			t.Errorf("format %s is missing", format)
		}
	}
}

// fill inserts the rows of a table between its two marks in the page.
func fill(t *testing.T, page, name, rows string) string {
	t.Helper()
	head, rest, hasHead := strings.Cut(page, "<!-- "+name+": ")
	command, rest, hasCommand := strings.Cut(rest, " -->\n")
	_, tail, hasEnd := strings.Cut(rest, "<!-- end of "+name+" -->")
	if !hasHead || !hasCommand || !hasEnd {
		t.Fatalf("the page has no place for the %s", name)
	}
	return head + "<!-- " + name + ": " + command + " -->\n" + rows + "<!-- end of " + name + " -->" + tail
}

func flagRows() string {
	var rows strings.Builder
	rows.WriteString("| flag | meaning |\n|---|---|\n")
	for _, row := range table() {
		names := "`--" + row.long
		if row.short != "" {
			names = "`-" + row.short + "`, " + names
		}
		fmt.Fprintf(&rows, "| %s` | %s |\n", strings.TrimSpace(names+" "+row.value), row.help)
	}
	return rows.String()
}

var documentedError = regexp.MustCompile(`(?m)^    ([a-z-]+) \(([\d, ]+)\)\n        (.+)$`)

func errorRows() string {
	var rows strings.Builder
	rows.WriteString("| kind | exit code | meaning |\n|---|---|---|\n")
	for _, match := range documentedError.FindAllStringSubmatch(manual, -1) {
		fmt.Fprintf(&rows, "| `%s` | %s | %s |\n", match[1], match[2], match[3])
	}
	return rows.String()
}

// The manual documents each kind of the catalog with its exit codes, and no others. Programs rely on the names: do not
// change or remove one.
func TestKinds(t *testing.T) {
	codes := map[string][]int{}
	for _, entry := range messages.All().Failures {
		kind := string(entry.Kind)
		if !slices.Contains(codes[kind], entry.ExitCode) {
			codes[kind] = append(codes[kind], entry.ExitCode)
		}
	}
	for _, match := range documentedError.FindAllStringSubmatch(manual, -1) {
		var documented []int
		for text := range strings.SplitSeq(match[2], ", ") {
			code, _ := strconv.Atoi(text)
			documented = append(documented, code)
		}
		slices.Sort(codes[match[1]])
		if !slices.Equal(codes[match[1]], documented) {
			t.Errorf("%s ends with %v, but the manual documents %v", match[1], codes[match[1]], documented)
		}
		delete(codes, match[1])
	}
	for kind := range codes {
		t.Errorf("the manual lacks %s", kind)
	}
}
