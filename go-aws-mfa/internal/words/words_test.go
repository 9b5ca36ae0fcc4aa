package words

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// said are all sentences, and the names of all faults, in the program's sources.
func said(t *testing.T) (sentences, faults map[string]bool) {
	t.Helper()
	sentences, faults = map[string]bool{}, map[string]bool{}
	err := filepath.WalkDir("../..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(node ast.Node) bool {
			switch node := node.(type) {
			case *ast.CallExpr:
				switch called(node) {
				case "words.New", "note":
					add(sentences, node.Args[0])
				case "fault.New":
					add(faults, node.Args[0])
				}
			case *ast.CompositeLit: // of the refusals
				if len(node.Elts) == 3 && filepath.Base(path) == "refusal.go" {
					add(faults, node.Elts[2])
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return sentences, faults
}

func called(call *ast.CallExpr) string {
	switch function := call.Fun.(type) {
	case *ast.Ident:
		return function.Name
	case *ast.SelectorExpr:
		if from, ok := function.X.(*ast.Ident); ok && function.Sel.Name == "New" {
			return from.Name + ".New"
		}
		return function.Sel.Name
	}
	return ""
}

func add(found map[string]bool, argument ast.Expr) {
	if literal, ok := argument.(*ast.BasicLit); ok {
		if text, _ := strconv.Unquote(literal.Value); strings.ContainsFunc(text, func(r rune) bool { return r > 'Z' && r != 'v' }) {
			found[text] = true
		}
	}
}

var verb = regexp.MustCompile(`%(\[\d+\])?[+\d]*[a-z]`)

// verbs are what is filled into a sentence, whatever the order.
func verbs(format string) []string {
	var kinds []string
	for _, found := range verb.FindAllString(format, -1) {
		kinds = append(kinds, found[len(found)-1:])
	}
	slices.Sort(kinds)
	return kinds
}

// Every sentence of the program and every fault is in the table in both languages
// with the same things to fill in, and nothing else is.
func TestTable(t *testing.T) {
	sentences, faults := said(t)
	if len(sentences) < 30 || len(faults) < 50 {
		t.Fatalf("only %d sentences and %d faults were found in the sources", len(sentences), len(faults))
	}
	for name := range sentences {
		if len(entries()[name]) != 1 {
			t.Errorf("the table lacks %q", name)
		}
	}
	for name := range faults {
		if len(entries()[name]) != 5 {
			t.Errorf("the table lacks a part of %s", name)
		}
	}
	for name, lines := range entries() {
		if !sentences[name] && !faults[name] {
			t.Errorf("nobody says %q", name)
		}
		pairs := [][2]string{{name, lines[0]}}
		if len(lines) > 1 {
			pairs = [][2]string{{lines[1], lines[3]}, {lines[2], lines[4]}}
		}
		for _, pair := range pairs {
			if !slices.Equal(verbs(pair[0]), verbs(pair[1])) || pair[0] == "" || strings.ContainsRune(pair[1], '\u3000') {
				t.Errorf("%q does not fit %q", pair[1], pair[0])
			}
		}
	}
}

// The first variable of the locale that is set decides, as it does everywhere.
func TestLocale(t *testing.T) {
	for _, test := range []struct {
		environment map[string]string
		want        Language
	}{
		{nil, English},
		{map[string]string{"LANG": "ja_JP.UTF-8"}, Japanese},
		{map[string]string{"LANG": "en_US.UTF-8"}, English},
		{map[string]string{"LC_ALL": "C", "LANG": "ja_JP.UTF-8"}, English},
		{map[string]string{"LC_ALL": "", "LC_MESSAGES": "ja", "LANG": "C"}, Japanese},
	} {
		if got := FromEnvironment(func(name string) string { return test.environment[name] }); got != test.want {
			t.Errorf("%v gives %v", test.environment, got)
		}
	}
}

// A reason inside a sentence is said in the same language; what the table does
// not know stays English.
func TestSay(t *testing.T) {
	text := New("%v: %v", New("virtual"), New("%d", 100))
	if got := text.In(Japanese); got != "仮想: 100" {
		t.Errorf("it says %q", got)
	}
	if got := text.Error(); !strings.HasPrefix(got, "virtual: 100") {
		t.Errorf("it says %q", got)
	}
	code, sentence, hint := Failure(Japanese, "no-profile", []any{"a", "b", "c"})
	if code != 253 || sentence != "プロファイル `a` が `b` にも `c` にもありません" || hint != "作るには: aws configure --profile a" {
		t.Errorf("%d %q %q", code, sentence, hint)
	}
}
