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

// Which arguments of a function are sentences.
var sentences = map[string][]int{"words.New": {0}, "fault.New": {1, 2}, "WithHint": {0}, "usage": {0}, "note": {0}, "New": {0}}

// said are all sentences in the program's sources.
func said(t *testing.T) map[string]bool {
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
				for _, at := range sentences[called(node)] {
					if at < len(node.Args) {
						add(found, node.Args[at])
					}
				}
			case *ast.AssignStmt: // one hint for several refusals
				if name, ok := node.Lhs[0].(*ast.Ident); ok && name.Name == "hint" {
					add(found, node.Rhs[0])
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

// Every sentence of the program is in the table in both languages with the same
// things to fill in, and nothing else is.
func TestTable(t *testing.T) {
	used := said(t)
	if len(used) < 50 {
		t.Fatalf("only %d sentences were found in the sources", len(used))
	}
	for english := range used {
		if translations()[english] == "" {
			t.Errorf("the table lacks %q", english)
		}
	}
	for english, japanese := range translations() {
		if !used[english] {
			t.Errorf("nobody says %q", english)
		}
		if !slices.Equal(verbs(english), verbs(japanese)) || strings.ContainsRune(japanese, '\u3000') {
			t.Errorf("%q does not fit %q", japanese, english)
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
	text := New("%v: %v", New("an MFA code is six digits"), New("100%"))
	if got := Japanese.Say(text); got != "MFA コードは 6 桁の数字です: 100%" {
		t.Errorf("it says %q", got)
	}
	if got := text.Error(); got != "an MFA code is six digits: 100%" {
		t.Errorf("it says %q", got)
	}
}
