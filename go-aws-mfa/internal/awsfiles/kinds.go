package awsfiles

import (
	"slices"
	"strings"
)

// Kinds are the kinds of credentials in a profile. A kind counts if either reader sees it, because a role that only one
// reader finds can still hide a session.
type Kinds struct {
	Key     bool // an access key ID or a secret
	Session bool // with a token, in either spelling
	Role    bool // a role, or a source of credentials for one
	SSO     bool
	Login   bool // login_session
	Process bool // credential_process
}

func (p Profile) kinds() Kinds {
	key, session := p.Botocore.keys()
	sdkKey, sdkSession := p.SDK.keys()
	return Kinds{
		Key:     key || sdkKey,
		Session: session || sdkSession,
		Role:    p.any(RoleARN, SourceProfile, CredentialSource, WebIdentityFile),
		SSO:     p.any(SSOSession, SSOStartURL, SSOAccountID, SSORoleName, SSORegion),
		Login:   p.any(LoginSession),
		Process: p.any(CredentialProcess),
	}
}

// keys reports whether a reader sees a key or half of one, and whether there is a token with it.
func (v View) keys() (key, session bool) {
	key = v.Text(AccessKeyID) != "" || v.Text(SecretAccessKey) != ""
	return key, key && (v.Text(SessionToken) != "" || v.Text(SecurityToken) != "")
}

func (p Profile) any(names ...string) bool {
	for _, name := range names {
		if p.either(name).Text != "" {
			return true
		}
	}
	return false
}

// first returns the first of the settings that either reader sees, and its name.
func (p Profile) first(names ...string) (string, Value) {
	for _, name := range names {
		if value := p.either(name); value.Text != "" {
			return name, value
		}
	}
	return "", Value{}
}

// A Hop is a step from a profile to its source_profile.
type Hop struct {
	Name  string // the source profile
	Place Place  // the setting that names it
	Ends  End
}

// An End describes the profile that a hop leads to.
type End string

// The ends of a hop. Only AtRole can be followed by another hop.
const (
	AtKey     End = "key"  // a profile with a key
	AtSelf    End = "self" // the same profile, which has a key
	AtLoop    End = "loop" // an earlier profile of the chain; none of them has a key
	AtMissing End = "missing"
	AtRole    End = "role"
	AtOther   End = "other" // SSO, `aws login` or a process
	AtNothing End = "nothing"
)

func (r Reading) chain(p Profile) (hops []Hop) {
	seen := map[string]bool{p.Name: true}
	for from := p; ; {
		value := from.either(SourceProfile)
		if value.Text == "" {
			return hops
		}
		to := r.alone(value.Text)
		hop := Hop{Name: to.Name, Place: value.Place, Ends: to.end(from.Name, seen[to.Name])}
		hops = append(hops, hop)
		if hop.Ends != AtRole {
			return hops
		}
		seen[to.Name] = true
		from = to
	}
}

func (p Profile) end(from string, seen bool) End {
	switch {
	case !p.Exists():
		return AtMissing
	case p.Kinds.Key && p.Name == from:
		return AtSelf
	case seen:
		return AtLoop
	case p.Kinds.Key:
		return AtKey
	case p.either(SourceProfile).Text != "":
		return AtRole
	case p.Kinds.Role, p.Kinds.SSO, p.Kinds.Login, p.Kinds.Process:
		return AtOther
	}
	return AtNothing
}

// A stray is a header that a reader or a person assigns to a profile, and another reader does not.
type stray struct {
	profile string
	place   Place
}

func readStrays(files Files) (strays []stray) {
	for file, data := range [][]byte{ConfigFile: files.Config, CredentialsFile: files.Credentials} {
		number := 0
		for line := range strings.Lines(string(data)) {
			number++
			for _, name := range strayNames(File(file), line) {
				strays = append(strays, stray{profile: name, place: Place{File: File(file), Line: number}})
			}
		}
	}
	return strays
}

func strayNames(file File, line string) (names []string) {
	text := strings.TrimFunc(line, pythonSpace)
	if !strings.HasPrefix(text, "[") {
		return nil
	}
	botocore, sdk := headersProfile(file, text)
	for _, name := range []string{botocore, sdk, meantProfile(text)} {
		if name != "" && (name != botocore || name != sdk) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// headersProfile returns the profile that each reader sees in a header, or "".
func headersProfile(file File, text string) (botocore, sdk string) {
	botocore = text[1:max(1, strings.LastIndexByte(text, ']'))]
	sdk, _ = sdkHeader(text)
	if file == CredentialsFile {
		if strings.HasPrefix(sdk, "profile ") {
			sdk = ""
		}
		return botocore, sdk
	}
	words, _ := shellWords(botocore)
	switch {
	case strings.HasPrefix(botocore, "profile") && len(words) == 2:
		botocore = words[1]
	case botocore != "default":
		botocore = ""
	}
	profile, prefixed := strings.CutPrefix(sdk, "profile ")
	switch {
	case prefixed:
		sdk = profile
	case !strings.EqualFold(sdk, "default"):
		sdk = ""
	}
	return botocore, sdk
}

// meantProfile returns the profile that a person sees in a header, without the prefix, quotation marks and extra
// blanks.
func meantProfile(text string) string {
	inner, _, _ := strings.Cut(text[1:], "]")
	words := strings.FieldsFunc(inner, func(r rune) bool { return pythonSpace(r) || r == '"' || r == '\'' })
	if len(words) > 1 && strings.EqualFold(words[0], "profile") {
		words = words[1:]
	}
	return strings.Join(words, " ")
}
