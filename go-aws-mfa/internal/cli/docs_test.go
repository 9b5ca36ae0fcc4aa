package cli

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aws-mfa.example/aws-mfa/internal/words"
)

var update = flag.Bool("update", false, "write the generated part of docs/aws-mfa.md")

// The page about the program has the table of flags as it is now, every format
// and every exit code.
func TestDocs(t *testing.T) {
	path := filepath.Join("..", "..", "..", "docs", "aws-mfa.md")
	page, err := os.ReadFile(path)
	if err != nil {
		t.Skip("the module stands alone: ", err)
	}
	head, rest, begun := strings.Cut(string(page), "in go-aws-mfa -->\n")
	_, tail, ended := strings.Cut(rest, "<!-- end of flags -->")
	if !begun || !ended {
		t.Fatal("the page has no place for the flags")
	}
	rows := "| flag | what it says |\n|---|---|\n"
	for _, row := range table() {
		names := "`--" + row.long
		if row.short != "" {
			names = "`-" + row.short + "`, " + names
		}
		rows += fmt.Sprintf("| %s | %s |\n", strings.TrimSpace(names+" "+row.value)+"`", row.help)
	}
	want := head + "in go-aws-mfa -->\n" + rows + "<!-- end of flags -->" + tail
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want != string(page) {
		t.Error("the flags have changed: go test ./internal/cli -run TestDocs -update")
	}
	for _, code := range []int{words.OK, words.Interrupted, words.Usage, words.Configuration, words.Refused, words.Failed} {
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
