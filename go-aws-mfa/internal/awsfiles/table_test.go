package awsfiles

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"
)

// A row is a case of tests/profiles, which the tests of the toolkit use, too.
type row struct {
	Name        string
	Path        string
	Profile     string
	Config      fileText
	Credentials fileText
	Variables   map[string]string
	System      string
	Differs     string
	Botocore    any
	SDK         any
	Ours        any
	Expanded    string
}

// A fileText is a list of lines in the table, or an object with lines and an encoding.
type fileText struct {
	Lines    []string
	Encoding string
	End      *string
	Open     bool // without a line ending after the last line
}

func (f *fileText) UnmarshalJSON(data []byte) error {
	if data[0] == '[' {
		return json.Unmarshal(data, &f.Lines)
	}
	type object fileText
	return json.Unmarshal(data, (*object)(f))
}

func (f fileText) bytes(t *testing.T) []byte {
	end := "\n"
	if f.End != nil {
		end = *f.End
	}
	var b strings.Builder
	for _, line := range f.Lines {
		b.WriteString(line + end)
	}
	text := b.String()
	if f.Open {
		text = strings.TrimSuffix(text, end)
	}
	return encoded(t, text, f.Encoding)
}

func encoded(t *testing.T, text, encoding string) []byte {
	var out []byte
	switch encoding {
	case "", "utf-8":
		return []byte(text)
	case "utf-8-sig":
		return []byte("\ufeff" + text)
	case "utf-16-le":
		for _, unit := range utf16.Encode([]rune("\ufeff" + text)) {
			out = append(out, byte(unit), byte(unit>>8))
		}
	case "utf-16-be":
		for _, unit := range utf16.Encode([]rune("\ufeff" + text)) {
			out = append(out, byte(unit>>8), byte(unit))
		}
	case "latin-1":
		for _, r := range text {
			out = append(out, byte(r))
		}
	default:
		t.Fatalf("unknown encoding %q", encoding)
	}
	return out
}

// table runs a test over all rows of a kind: files, variables or paths.
func table(t *testing.T, kind string, test func(*testing.T, row)) {
	t.Helper()
	directory := filepath.Join("..", "..", "..", "tests", "profiles")
	if _, err := os.Stat(directory); err != nil {
		t.Skip("the module is outside of its repository, which contains the table: ", err)
	}
	paths, err := filepath.Glob(filepath.Join(directory, kind, "*.json"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no %s in %s", kind, directory)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var rows []row
		if err := json.Unmarshal(data, &rows); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		for _, r := range rows {
			theme := strings.TrimSuffix(filepath.Base(path), ".json")
			t.Run(theme+": "+r.Name+r.Path, func(t *testing.T) { test(t, r) })
		}
	}
}

func (r row) read(t *testing.T) Profile {
	if r.Profile == "" {
		r.Profile = "example"
	}
	return Read(Files{Config: r.Config.bytes(t), Credentials: r.Credentials.bytes(t)}).Profile(r.Profile)
}

// Both views match the recordings of botocore and the SDK, and the decisions match those of the toolkit.
func TestEveryFileOfTheTable(t *testing.T) {
	table(t, "files", func(t *testing.T, r row) {
		p := r.read(t)
		equal(t, "botocore", botocoreColumn(p.Botocore, r.Botocore), r.Botocore)
		equal(t, "SDK", sdkColumn(p.SDK), r.SDK)
		equal(t, "ours", oursColumn(p), r.Ours)
	})
}

// Resolve has the same result as the SDK, unless a row gives a reason for a difference.
func TestEveryVariableOfTheTable(t *testing.T) {
	table(t, "variables", func(t *testing.T, r row) {
		got := callsColumn(t, r)
		equal(t, "ours", got, r.Ours)
		if same := reflect.DeepEqual(compared(got), compared(r.SDK)); same != (r.Differs == "") {
			t.Errorf("same as the SDK: %v, but the reason for a difference is %q", same, r.Differs)
		}
	})
}

func TestEveryPathOfTheTable(t *testing.T) {
	table(t, "paths", func(t *testing.T, r row) {
		got := ExpandPath(r.Path, Environment{
			LookupEnv: func(name string) (string, bool) { value, ok := r.Variables[name]; return value, ok },
			Home:      func(string) (string, bool) { return "", false },
			Windows:   r.System == "Windows",
		})
		if got != r.Expanded {
			t.Errorf("got %q, want %q", got, r.Expanded)
		}
	})
}

func equal(t *testing.T, column string, got, want any) {
	t.Helper()
	if got = viaJSON(got); !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %v\nwant %v", column, got, want)
	}
}

func viaJSON(value any) (out any) {
	data, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(data, &out)
	}
	if err != nil {
		panic(err)
	}
	return out
}

func botocoreColumn(v View, recorded any) map[string]any {
	if v.Broken != nil {
		place := fmt.Sprintf("%s %s:%d", v.Broken.Reason, v.Broken.Place.File, v.Broken.Place.Line)
		if want, _ := recorded.(map[string]any)["fault"].(string); !strings.Contains(want, ":") {
			place, _, _ = strings.Cut(place, ":") // botocore does not report the line
		}
		return map[string]any{"outcome": "broken", "fault": place}
	}
	if !v.Exists {
		return map[string]any{"outcome": "missing"}
	}
	if v.Rejected != nil {
		return map[string]any{"outcome": "rejected"}
	}
	values := texts(v)
	delete(values, SessionToken)
	delete(values, SecurityToken)
	if _, ok := v.Values[AccessKeyID]; !ok {
		delete(values, SecretAccessKey)
	} else if token, ok := v.Values[SecurityToken]; ok {
		values["token"] = token.Text
	} else {
		values["token"] = v.Text(SessionToken)
	}
	for service, setting := range map[string]string{"endpoint_sts": ServicesSTS, "endpoint_iam": ServicesIAM} {
		values[service] = values[EndpointURL]
		if values[setting] != "" {
			values[service] = values[setting]
		}
		delete(values, setting)
	}
	return map[string]any{"outcome": "read", "values": present(values)}
}

func sdkColumn(v View) map[string]any {
	switch {
	case v.Broken != nil:
		return map[string]any{"outcome": "panic"}
	case !v.Exists:
		return map[string]any{"outcome": "missing"}
	case v.Rejected != nil:
		return map[string]any{"outcome": "rejected"}
	}
	values := texts(v)
	if values[SourceProfile] != "" { // the recording omits the settings that it replaces
		drop(values, AccessKeyID, SecretAccessKey, SessionToken, CredentialProcess, CredentialSource, WebIdentityFile,
			SSORegion, SSOStartURL, SSOAccountID, SSORoleName)
	}
	if values[AccessKeyID] == "" || values[SecretAccessKey] == "" {
		drop(values, AccessKeyID, SecretAccessKey, SessionToken)
	}
	if number, err := strconv.ParseInt(values[MaxAttempts], 0, 64); err == nil && number != 0 {
		values[MaxAttempts] = strconv.FormatInt(number, 10)
	} else {
		drop(values, MaxAttempts)
	}
	column := map[string]any{"outcome": "read"}
	if values = present(values); len(values) > 0 {
		column["values"] = values
	}
	return column
}

func texts(v View) map[string]string {
	values := map[string]string{}
	for name, value := range v.Values {
		values[name] = value.Text
		if slices.Contains([]string{UseFIPS, UseDualStack, IgnoreEndpoints}, name) {
			values[name] = strconv.FormatBool(isTrue(value.Text))
		}
	}
	return values
}

func drop(values map[string]string, names ...string) {
	for _, name := range names {
		delete(values, name)
	}
}

func present(values map[string]string) map[string]string {
	for name, text := range values {
		if text == "" {
			delete(values, name)
		}
	}
	return values
}

func oursColumn(p Profile) map[string]any {
	column := map[string]any{"source": sourceColumn(p)}
	put := func(name string, value any, exists bool) {
		if exists {
			column[name] = value
		}
	}
	botocore, sdk := shown(either(p.Botocore.Broken, p.Botocore.Rejected)), shown(either(p.SDK.Broken, p.SDK.Rejected))
	put("botocore", botocore, botocore != "")
	put("sdk", sdk, sdk != "")
	put("kinds", p.Kinds.names(), p.Kinds != Kinds{})
	var hops, strays []string
	for _, hop := range p.Chain {
		hops = append(hops, fmt.Sprintf("%s %s:%d %s", hop.Ends, hop.Place.File, hop.Place.Line, hop.Name))
	}
	for _, place := range p.Strays {
		strays = append(strays, fmt.Sprintf("%s:%d", place.File, place.Line))
	}
	put("differ", p.Differences(), p.Differences() != nil)
	put("chain", hops, hops != nil)
	put("strays", strays, strays != nil)
	refused := fault(p.Destination())
	put("destination", shown(refused), refused != nil)
	return column
}

func (k Kinds) names() (names []string) {
	for _, kind := range []struct {
		name   string
		exists bool
	}{
		{name: "key", exists: k.Key},
		{name: "session", exists: k.Session},
		{name: "role", exists: k.Role},
		{name: "sso", exists: k.SSO},
		{name: "login", exists: k.Login},
		{name: "process", exists: k.Process},
	} {
		if kind.exists {
			names = append(names, kind.name)
		}
	}
	return names
}

func sourceColumn(p Profile) map[string]any {
	settings, err := p.Source()
	if err != nil {
		return map[string]any{"refused": shown(fault(err))}
	}
	values := map[string]string{}
	for name, value := range settings.Values {
		values[name] = fmt.Sprintf("%s:%d %s", value.Place.File, value.Place.Line, value.Text)
	}
	column := map[string]any{"values": values}
	var notes []string
	for _, note := range settings.Notes {
		notes = append(notes, shown(&note))
	}
	if notes != nil {
		column["notes"] = notes
	}
	return column
}

func callsColumn(t *testing.T, r row) map[string]any {
	settings, err := r.read(t).Settings()
	var calls Calls
	if err == nil {
		calls, err = Resolve(settings, Flags{}, func(name string) string { return r.Variables[name] })
	}
	if err != nil {
		return map[string]any{"outcome": "rejected", "fault": shown(fault(err))}
	}
	values := map[string]string{
		"region":       calls.Region,
		"endpoint_sts": calls.EndpointSTS,
		"endpoint_iam": calls.EndpointIAM,
		"ca_bundle":    calls.CABundle,
	}
	if calls.UseFIPS {
		values[UseFIPS] = "true"
	}
	if calls.UseDualStack {
		values[UseDualStack] = "true"
	}
	if calls.MaxAttempts > 0 {
		values[MaxAttempts] = strconv.Itoa(calls.MaxAttempts)
	}
	return map[string]any{"outcome": "read", "values": present(values)}
}

// compared keeps the values that both columns of a row can have. If the file of certificates does not exist, the SDK
// stops there and reports nothing else.
func compared(column any) any {
	all := viaJSON(column).(map[string]any)
	delete(all, "fault")
	values, _ := all["values"].(map[string]any)
	for name, value := range values {
		if value == "false" || values[CABundle] != nil && name != CABundle {
			delete(values, name)
		}
	}
	return all
}

func fault(err error) *Fault {
	found, _ := errors.AsType[*Fault](err)
	return found
}

func either(a, b *Fault) *Fault {
	if a != nil {
		return a
	}
	return b
}

func shown(f *Fault) string {
	if f == nil {
		return ""
	}
	words := []string{string(f.Reason)}
	if f.Place.Line > 0 {
		words = append(words, fmt.Sprintf("%s:%d", f.Place.File, f.Place.Line))
	}
	if f.Name != "" {
		words = append(words, f.Name)
	}
	return strings.Join(words, " ")
}
