package awsfiles

import (
	"slices"
	"strings"
	"unicode"
)

// Settings are the values of a profile that this program uses, except empty ones.
type Settings struct {
	Values map[string]Value
	Notes  []Fault // in the order of the settings
}

// Text returns the text of a setting, "" if there is none.
func (s Settings) Text(name string) string { return s.Values[name].Text }

var usedSettings = []string{
	AccessKeyID, SecretAccessKey, SessionToken, SecurityToken, CredentialProcess, Region, MFASerial, EndpointURL,
	ServicesSTS, ServicesIAM, IgnoreEndpoints, CABundle, UseFIPS, UseDualStack, MaxAttempts,
}

// Settings returns the values of the profile that this program uses. The error is a *Fault.
//
// Both readers must be able to parse both files. Settings uses a value if both readers see it or if only one of them
// does. If the two values differ only by quotation marks or a comment, it uses the SDK's value, because botocore's
// cannot work. In a command both values can work, so Settings returns an error there, as for any other difference. It
// ignores an invalid number of attempts.
func (p Profile) Settings() (Settings, error) {
	settings := Settings{Values: map[string]Value{}}
	if fault := p.unreadable(); fault != nil {
		return settings, fault
	}
	for _, name := range usedSettings {
		value, note, fault := p.agreed(name)
		if fault != nil {
			return settings, fault
		}
		if note != "" {
			settings.Notes = append(settings.Notes, Fault{Reason: note, Place: value.Place, Name: name})
		}
		if value.Text != "" {
			settings.Values[name] = value
		}
	}
	return settings, nil
}

// unreadable returns a fault if a reader cannot parse the files or if the profile does not exist.
func (p Profile) unreadable() *Fault {
	switch {
	case p.Botocore.Broken != nil:
		return p.Botocore.Broken
	case p.SDK.Broken != nil:
		return p.SDK.Broken
	case p.Exists():
		return nil
	}
	missing := &Fault{Reason: NoProfile, Name: p.Name}
	if len(p.Strays) > 0 {
		missing.Place = p.Strays[0]
	}
	return missing
}

// agreed returns the value of a setting that this program uses, and the reason to print a note, if any.
func (p Profile) agreed(name string) (value Value, note Reason, fault *Fault) {
	botocore, sdk := p.Botocore.Values[name], p.SDK.Values[name]
	switch {
	case botocore.Text == sdk.Text:
		value = botocore
	case botocore.Place == sdk.Place && undecorated(botocore.Text) == sdk.Text && name != CredentialProcess:
		value, note = sdk, Decorated
	case sdk.Text == "":
		value, note = botocore, OneReader
	case botocore.Text == "":
		value, note = sdk, OneReader
	case name == MaxAttempts:
		return Value{}, "", nil
	default:
		return value, "", &Fault{Reason: ReadersDiffer, Place: botocore.Place, Name: name}
	}
	switch {
	case name == MaxAttempts && attempts(value.Text) == 0:
		return Value{}, "", nil
	case strings.ContainsFunc(value.Text, unicode.IsControl), isKey(name) && !IsPlain(value.Text):
		return value, "", &Fault{Reason: Unusable, Place: value.Place, Name: name}
	case (name == UseFIPS || name == UseDualStack) && value.Text != "" && !isBoolean(value.Text):
		return value, "", &Fault{Reason: NotBoolean, Place: value.Place, Name: name}
	case name == SecurityToken: // only botocore reads it, so no note is needed
		note = ""
	}
	return value, note, nil
}

// undecorated removes the comment and the quotation marks that the SDK removes.
func undecorated(text string) string {
	plain, ok := unquoted(strings.TrimSpace(withoutComment(" " + text)))
	if !ok {
		return text
	}
	return plain
}

// isKey reports whether a setting holds a key or a token.
func isKey(name string) bool {
	return slices.Contains([]string{AccessKeyID, SecretAccessKey, SessionToken, SecurityToken}, name)
}

// IsPlain reports whether text contains only visible ASCII characters, as the keys and tokens of AWS do. Text that was
// copied from a web page can contain invisible characters.
func IsPlain(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' })
}

func isBoolean(text string) bool { return isTrue(text) || strings.ToLower(text) == "false" }

func isTrue(text string) bool { return strings.ToLower(text) == "true" }

// attempts parses a number of attempts. It returns 0 for an invalid one.
func attempts(text string) int {
	number := 0
	for _, digit := range text {
		if digit < '0' || digit > '9' || number >= 1e8 {
			return 0
		}
		number = number*10 + int(digit-'0')
	}
	return number
}

// Source returns the settings of a profile that a login can start from: a profile with a long-term key or a
// credential_process. The error is a *Fault.
//
// If the profile also has a role that uses the profile's own key, Source ignores the role and adds a note. If the role
// uses other keys, Source returns an error, because the AWS CLI would use those keys.
func (p Profile) Source() (Settings, error) {
	settings, err := p.Settings()
	if err != nil {
		return settings, err
	}
	if fault := p.sourceFault(settings); fault != nil {
		return settings, fault
	}
	if p.Kinds.Role {
		name, value := p.first(RoleARN, SourceProfile)
		settings.Notes = append(settings.Notes, Fault{Reason: RoleUnused, Place: value.Place, Name: name})
	}
	return settings, nil
}

func (p Profile) sourceFault(settings Settings) *Fault {
	hasKey := settings.Text(AccessKeyID) != "" && settings.Text(SecretAccessKey) != ""
	for _, name := range []string{SessionToken, SecurityToken} {
		if token := settings.Values[name]; hasKey && token.Text != "" {
			return &Fault{Reason: IsSession, Place: token.Place, Name: p.Name}
		}
	}
	switch {
	case hasKey:
		return p.elsewhere()
	case p.Kinds.Role:
		_, value := p.first(RoleARN, SourceProfile, CredentialSource, WebIdentityFile)
		return &Fault{Reason: IsRole, Place: value.Place, Name: p.Name}
	case p.Kinds.Key:
		_, half := p.first(AccessKeyID, SecretAccessKey)
		return &Fault{Reason: PartialKeys, Place: half.Place, Name: p.Name}
	case p.Kinds.SSO || p.Kinds.Login:
		return p.signIn()
	case p.Kinds.Process:
		return nil
	}
	return &Fault{Reason: NoKey, Name: p.Name}
}

// elsewhere returns a fault if the role takes its keys from somewhere other than this profile.
func (p Profile) elsewhere() *Fault {
	for _, name := range []string{SourceProfile, CredentialSource, WebIdentityFile} {
		value := p.either(name)
		if value.Text != "" && (name != SourceProfile || value.Text != p.Name) {
			return &Fault{Reason: RoleElsewhere, Place: value.Place, Name: value.Text}
		}
	}
	return nil
}

func (p Profile) signIn() *Fault {
	if p.Kinds.Login {
		return &Fault{Reason: UsesLogin, Place: p.either(LoginSession).Place, Name: p.Name}
	}
	_, value := p.first(SSOSession, SSOStartURL, SSOAccountID, SSORoleName, SSORegion)
	return &Fault{Reason: UsesSSO, Place: value.Place, Name: p.Name}
}

// Destination returns nil if a session can be written to the profile: the session overwrites no keys, nothing hides it,
// and both readers can use the profile afterwards. The profile does not have to exist. The error is a *Fault.
func (p Profile) Destination() error {
	if fault := p.destination(); fault != nil {
		return fault
	}
	return nil
}

// oldSession reports whether the key of a view belongs to a session of an old tool, whose token only botocore sees.
func (p Profile) oldSession(view View) bool {
	name := view.keyName()
	return p.Botocore.Text(SecurityToken) != "" && view.Values[name] == p.Botocore.Values[name]
}

// keyName returns the name of the setting with the access key ID, or with the secret if there is no ID.
func (v View) keyName() string {
	if v.Text(AccessKeyID) == "" {
		return SecretAccessKey
	}
	return AccessKeyID
}

func (p Profile) destination() *Fault {
	if fault := p.unreadable(); fault != nil {
		if fault.Reason == NoProfile {
			return nil
		}
		return fault
	}
	for _, view := range []View{p.Botocore, p.SDK} {
		if key, session := view.keys(); key && !session && !p.oldSession(view) {
			return &Fault{Reason: HoldsKeys, Place: view.Values[view.keyName()].Place, Name: p.Name}
		}
	}
	if p.Kinds.Role {
		_, value := p.first(RoleARN, SourceProfile, CredentialSource, WebIdentityFile)
		return &Fault{Reason: IsRole, Place: value.Place, Name: p.Name}
	}
	if p.Kinds.SSO || p.Kinds.Login {
		return p.signIn()
	}
	for _, view := range []View{p.Botocore, p.SDK} {
		// A login writes both keys, so half of a pair does not matter.
		if view.Rejected != nil && view.Rejected.Reason != PartialKeys {
			return view.Rejected
		}
	}
	return nil
}
