package awsfiles

import "strings"

// Kinds are the kinds of credentials that a profile has. A kind is there if either reader sees it: what only one of
// them takes for the profile can still hide a session, or be hidden by it.
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

// keys reports whether a reader sees a key, or half of one, and whether it comes with a token.
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
	Name  string // the profile that it leads to
	Place Place  // the setting that names it
	Ends  End
}

// An End is what is at the end of a hop.
type End string

// The ends of a hop. Only after AtRole there can be another one.
const (
	AtKey     End = "key"  // its key, whatever else it has
	AtSelf    End = "self" // the profile before it, which names itself and has a key
	AtLoop    End = "loop" // a profile that was there before, so nobody has a key
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

// A stray is a header that a person may mean for a profile, and that neither reader takes for it.
type stray struct {
	profile string
	place   Place
}

func readStrays(files Files) (strays []stray) {
	for file, data := range [][]byte{ConfigFile: files.Config, CredentialsFile: files.Credentials} {
		number := 0
		for line := range strings.Lines(string(data)) {
			number++
			if name, ok := strayName(File(file), line); ok {
				strays = append(strays, stray{profile: name, place: Place{File: File(file), Line: number}})
			}
		}
	}
	return strays
}

// strayName returns the profile for which a header is written in the way of the other file, with quotation marks or
// with surplus blanks.
func strayName(file File, line string) (name string, ok bool) {
	line, ok = strings.CutPrefix(strings.TrimFunc(line, pythonSpace), "[")
	inner, _, closed := strings.Cut(line, "]")
	if !ok || !closed {
		return "", false
	}
	words := strings.FieldsFunc(inner, func(r rune) bool { return pythonSpace(r) || r == '"' || r == '\'' })
	prefixed := len(words) > 1 && strings.EqualFold(words[0], "profile")
	if prefixed {
		words = words[1:]
	}
	name = strings.Join(words, " ")
	right := name
	if file == ConfigFile && name != "default" {
		right = "profile " + name
	}
	return name, name != "" && inner != right
}
