package awsfiles

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// A fault never contains a value, which may be a key.
func TestFaultsQuoteNoValue(t *testing.T) {
	for _, file := range []string{
		"[a]\naws_secret_access_key = SECRET\naws_secret_access_key = SECRET\n",
		"SECRET = x\n[a]\n",
		"[a]\nSECRET\n",
		"[a]\naws_access_key_id = SECRET\x07\naws_secret_access_key = SECRET\n",
		"[a]\ns3 =\n  SECRET\n",
	} {
		_, err := Read(Files{Credentials: []byte(file)}).Profile("a").Source()
		if err == nil || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%q: %v", file, err)
		}
	}
}

// A flag takes precedence over all variables and settings.
func TestFlagsComeFirst(t *testing.T) {
	settings := Settings{Values: map[string]Value{Region: {Text: "a"}, EndpointURL: {Text: "https://a.example"}}}
	variables := map[string]string{"AWS_REGION": "b", "AWS_ENDPOINT_URL_STS": "https://b.example",
		"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}
	got, err := Resolve(settings, Flags{Region: "c", EndpointURL: "https://c.example"},
		func(name string) string { return variables[name] })
	want := Calls{Region: "c", EndpointSTS: "https://c.example", EndpointIAM: "https://c.example"}
	if err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestHomeOfAnotherUser(t *testing.T) {
	environment := Environment{
		LookupEnv: func(string) (string, bool) { return "", false },
		Home:      func(user string) (string, bool) { return "/home/" + user, user != "gone" },
	}
	for path, want := range map[string]string{"~bob/x": "/home/bob/x", "~gone/x": "~gone/x", "~/x": "/home/x"} {
		if got := ExpandPath(path, environment); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
}

func TestChainOfThousands(t *testing.T) {
	const last = 2000
	var config strings.Builder
	for n := range last {
		fmt.Fprintf(&config, "[profile %d]\nrole_arn = r\nsource_profile = %d\n", n, n+1)
	}
	p := Read(Files{Config: []byte(config.String())}).Profile("0")
	if len(p.Chain) != last || p.Chain[last-1].Ends != AtMissing || p.SDK.Rejected.Reason != SourceMissing {
		t.Errorf("%d hops, %v", len(p.Chain), p.SDK.Rejected)
	}
}

// A value is never printed.
func TestValuesArePrintedAsPlaces(t *testing.T) {
	p := Read(Files{Credentials: []byte("[a]\naws_secret_access_key = SECRET\n")}).Profile("a")
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(verb, p); strings.Contains(text, "SECRET") {
			t.Errorf("%s: %s", verb, text)
		}
	}
}

// For any files, no reader panics, a second reading has the same result, and at least one reader sees each value.
func FuzzProfile(f *testing.F) {
	f.Add("[profile example]\nregion = eu-west-1 # x\ns3 =\n  a = b\n", "[example]\nrole_arn = \"x\"\n", "example")
	f.Add("[DEFAULT]\n[profile 'a b']\nsource_profile = a\n[profile a]\nsource_profile = a b\n", "", "a b")
	f.Add("\xff\xfe[\x00", "\ufeff[default]", "default")
	f.Add("[services x]\nsts =\n endpoint_url='\n[default]\nservices=x", "[[]]\r\n=\r\n", "")
	f.Fuzz(func(t *testing.T, config, credentials, name string) {
		files := Files{Config: []byte(config), Credentials: []byte(credentials)}
		first, second := Read(files).Profile(name), Read(files).Profile(name)
		if !reflect.DeepEqual(first, second) {
			t.Fatalf("%+v\n%+v", first, second)
		}
		_ = first.Destination()
		settings, err := first.Source()
		for setting, value := range settings.Values {
			if err == nil && value != first.Botocore.Values[setting] && value != first.SDK.Values[setting] {
				t.Errorf("neither reader sees %s", setting)
			}
		}
	})
}
