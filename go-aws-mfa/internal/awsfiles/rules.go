package awsfiles

import (
	"slices"
	"strings"
	"unicode"
)

// Settings are the values of a profile that this program uses. Empty values are left out.
type Settings struct {
	Values map[string]Value
	Notes  []Fault // in the order of the settings
}

// Text returns the text of a setting, "" if there is none.
func (s Settings) Text(name string) string { return s.Values[name].Text }

var takenSettings = []string{
	AccessKeyID, SecretAccessKey, SessionToken, SecurityToken, CredentialProcess, Region, MFASerial, EndpointURL,
	ServicesSTS, ServicesIAM, IgnoreEndpoints, CABundle, UseFIPS, UseDualStack, MaxAttempts,
}

// Settings returns the values of the profile that this program uses. The error is a *Fault.
//
// Both readers must be able to parse both files. A value that both see, or that only one of them sees, is used. If
// they differ only by quotation marks or a comment, the SDK's value is used, because botocore's cannot work. In a
// command both can work, so there and everywhere else a difference is refused. A number of attempts that is not a
// number is ignored.
func (p Profile) Settings() (Settings, error) {
	taken := Settings{Values: map[string]Value{}}
	if fault := p.unreadable(); fault != nil {
		return taken, fault
	}
	for _, name := range takenSettings {
		value, note, fault := p.agreed(name)
		if fault != nil {
			return taken, fault
		}
		if note != "" {
			taken.Notes = append(taken.Notes, Fault{Reason: note, Place: value.Place, Name: name})
		}
		if value.Text != "" {
			taken.Values[name] = value
		}
	}
	return taken, nil
}

// unreadable returns why a reader cannot parse the files, or that the profile does not exist.
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

// agreed returns the value of a setting that this program uses, with a reason for a note.
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
	case name == SecurityToken: // only botocore knows it, so there is nothing to note
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

// IsPlain reports whether text has nothing but visible ASCII characters, as the keys and tokens of AWS do. One that was
// copied from a page can have an invisible character in it.
func IsPlain(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' })
}

func isBoolean(text string) bool { return isTrue(text) || strings.ToLower(text) == "false" }

func isTrue(text string) bool { return strings.ToLower(text) == "true" }

// attempts returns a number of attempts; 0 if the text is not one.
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

// Source returns the settings of a profile that a login starts from: one with a long-term key, or with a
// credential_process. The error is a *Fault.
//
// A role in the same profile is ignored, with a note, if it uses the profile's own key. A role that uses other keys is
// refused: the AWS CLI would use those.
func (p Profile) Source() (Settings, error) {
	taken, err := p.Settings()
	if err != nil {
		return taken, err
	}
	if fault := p.sourceFault(taken); fault != nil {
		return taken, fault
	}
	if p.Kinds.Role {
		name, value := p.first(RoleARN, SourceProfile)
		taken.Notes = append(taken.Notes, Fault{Reason: RoleUnused, Place: value.Place, Name: name})
	}
	return taken, nil
}

func (p Profile) sourceFault(taken Settings) *Fault {
	hasKey := taken.Text(AccessKeyID) != "" && taken.Text(SecretAccessKey) != ""
	for _, name := range []string{SessionToken, SecurityToken} {
		if token := taken.Values[name]; hasKey && token.Text != "" {
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

// elsewhere returns the role's source of keys if that is not this profile.
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

// Destination returns nil if a session can be written to the profile: it overwrites no keys, nothing hides it, and
// both readers can use the profile afterwards. The profile need not exist. The error is a *Fault.
func (p Profile) Destination() error {
	if fault := p.destination(); fault != nil {
		return fault
	}
	return nil
}

// oldSession reports whether the key of a view belongs to a session whose token only botocore sees, because an old
// tool wrote it.
func (p Profile) oldSession(view View) bool {
	name := view.keyName()
	return p.Botocore.Text(SecurityToken) != "" && view.Values[name] == p.Botocore.Values[name]
}

// keyName returns the setting that has the key of a view, or the half of it that is there.
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
