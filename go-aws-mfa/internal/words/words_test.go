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

// named are the sentences and the failures that the program's sources name.
func named(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
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
				if name := called(node); name == "words.New" || name == "note" {
					add(found, node.Args[0])
				}
			case *ast.CompositeLit: // of the refusals
				if len(node.Elts) == 3 && filepath.Base(path) == "refusal.go" {
					add(found, node.Elts[2])
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
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
		text, _ := strconv.Unquote(literal.Value)
		found[text] = true
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

// Every sentence that the program names is in the table in both languages, with
// the same things to fill in; a failure has a hint, too. Nothing else is there.
func TestTable(t *testing.T) {
	used := named(t)
	if len(used) < 90 {
		t.Fatalf("only %d sentences are named in the sources", len(used))
	}
	for name := range used {
		if entries()[name] == nil {
			t.Errorf("the table lacks %q", name)
		}
	}
	for name, found := range entries() {
		if found.said == nil {
			continue // the description
		}
		if !used[name] {
			t.Errorf("nobody says %q", name)
		}
		half := 1
		if found.code != 0 {
			half = 2
		}
		if len(found.said) != 2*half {
			t.Errorf("%s has %d lines", name, len(found.said))
			continue
		}
		for i := range half {
			english, japanese := found.said[i], found.said[i+half]
			if !slices.Equal(verbs(english), verbs(japanese)) || english == "" || strings.ContainsRune(japanese, '\u3000') {
				t.Errorf("%q does not fit %q", japanese, english)
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

// What is inside a sentence is said in the same language.
func TestSay(t *testing.T) {
	text := New("both", New("kind-virtual"), 100)
	if got := text.In(Japanese); got != "仮想。100" {
		t.Errorf("it says %q", got)
	}
	if got := text.Error(); got != "virtual; 100" {
		t.Errorf("it says %q", got)
	}
	failure := New("no-profile", "a", "b", "c")
	code, hint := failure.Failure(Japanese)
	if said := failure.In(Japanese); code != 253 || said != "プロファイル `a` が `b` にも `c` にもありません" || hint != "作るには: aws configure --profile a" {
		t.Errorf("%d %q %q", code, said, hint)
	}
}
