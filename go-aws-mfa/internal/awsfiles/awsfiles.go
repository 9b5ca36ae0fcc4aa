// Package awsfiles reads the AWS config and credentials files as two readers see them, botocore and the AWS SDK for Go.
// Where the readers differ, it decides which values this program uses. It is pure: bytes in, values out.
//
// botocore decodes files with the encoding of the locale. This package assumes UTF-8.
//
// Read parses both files once for each reader. Reading.Profile returns both views of a profile, the kinds of
// credentials in it and the chain of its source profiles. Profile.Settings, Profile.Source and Profile.Destination
// apply the rules of this program, and Resolve adds flags and environment variables. SetSerial is the only edit. It
// checks its result with both readers.
package awsfiles

import (
	"fmt"
	"slices"
)

// A File is one of the two files that contain profiles.
type File int

// The two files. Settings in the credentials file take precedence.
const (
	ConfigFile File = iota
	CredentialsFile
)

func (f File) String() string {
	if f == CredentialsFile {
		return "credentials"
	}
	return "config"
}

// Files are the contents of the two files. A file that does not exist is empty.
type Files struct {
	Config      []byte
	Credentials []byte
}

// A Place is a line of a file. Lines are numbered from 1; 0 means no line.
type Place struct {
	File File
	Line int
}

// A Value is the text of a setting and the line where it begins.
type Value struct {
	Text  string
	Place Place
}

// String hides the text, which may be a key.
func (v Value) String() string {
	return fmt.Sprintf("line %d of the %s file", v.Place.Line, v.Place.File)
}

// GoString hides the text, which may be a key.
func (v Value) GoString() string { return v.String() }

// A Fault is a problem in the files or the environment. It never contains the value of a setting, which may be a key.
type Fault struct {
	Reason Reason
	Place  Place
	Name   string // the section, setting, profile or variable with the problem
}

func (f *Fault) Error() string {
	return fmt.Sprintf("%s: %s (line %d of the %s file)", f.Reason, f.Name, f.Place.Line, f.Place.File)
}

// A Reason is the kind of a Fault.
type Reason string

// Reasons why a reader cannot parse a file: View.Broken.
const (
	NotText          Reason = "not-text"          // not UTF-8; for botocore
	UTF16            Reason = "utf-16"            // a byte order mark of UTF-16; for botocore
	ByteOrderMark    Reason = "byte-order-mark"   // for botocore
	OutsideSection   Reason = "outside-section"   // a line before the first section; for botocore
	DuplicateSection Reason = "duplicate-section" // for botocore
	DuplicateSetting Reason = "duplicate-setting" // for botocore
	NotASetting      Reason = "not-a-setting"     // neither a section nor a setting; for botocore
	NestedLine       Reason = "nested-line"       // a line without "=" in a block of nested settings; for botocore
	LoneQuote        Reason = "lone-quote"        // a value that is one quotation mark; the SDK panics
)

// Reasons why a reader cannot use a profile: View.Rejected.
const (
	PartialKeys       Reason = "partial-keys"        // an access key ID without a secret, or the reverse
	ServicesMissing   Reason = "services-missing"    // no such services section; for botocore
	BadValue          Reason = "bad-value"           // an invalid word or number; for the SDK
	RoleMissing       Reason = "role-missing"        // a source of credentials without role_arn; for the SDK
	TwoSources        Reason = "two-sources"         // more than one source of credentials; for the SDK
	SourceMissing     Reason = "source-missing"      // no such source_profile; for the SDK
	SourceEmpty       Reason = "source-empty"        // a source_profile without credentials; for the SDK
	SSOSessionMissing Reason = "sso-session-missing" // no such sso-session section; for the SDK
)

// Reasons to refuse a profile.
const (
	NoProfile     Reason = "no-profile"     // Place is a similar section header, if there is one
	ReadersDiffer Reason = "readers-differ" // the readers see different values of a setting
	Unusable      Reason = "unusable-value" // a value with a control character
	NotBoolean    Reason = "not-boolean"    // neither true nor false
	NoKey         Reason = "no-key"
	IsSession     Reason = "is-session"
	IsRole        Reason = "is-role"
	RoleElsewhere Reason = "role-elsewhere" // a key, and a role that uses the keys of profile Name
	UsesSSO       Reason = "uses-sso"
	UsesLogin     Reason = "uses-login" // login_session, which `aws login` writes
	HoldsKeys     Reason = "holds-keys" // long-term keys, which a session would overwrite
	Unsettable    Reason = "unsettable" // mfa_serial cannot be set for both readers without changing something else
)

// Reasons for a note about a profile that can be used.
const (
	OneReader  Reason = "one-reader"  // only one reader finds the setting
	Decorated  Reason = "decorated"   // botocore reads quotes or a comment as part of the value
	RoleUnused Reason = "role-unused" // the program uses the key, not the role
)

// A View is a profile as one reader sees it.
type View struct {
	Broken   *Fault           // why the reader cannot parse one of the files; nil if it can
	Exists   bool             // whether the reader finds the profile
	Rejected *Fault           // why the reader cannot use the profile; nil if it can
	Values   map[string]Value // the settings in the profile that this package knows; texts may be empty
}

// Text returns the text of a setting, or "" if the reader does not see it.
func (v View) Text(name string) string { return v.Values[name].Text }

// The settings that this package knows.
const (
	AccessKeyID       = "aws_access_key_id"
	SecretAccessKey   = "aws_secret_access_key"
	SessionToken      = "aws_session_token"
	SecurityToken     = "aws_security_token" // of old tools; botocore prefers it, the SDK ignores it
	CredentialProcess = "credential_process"
	CredentialSource  = "credential_source"
	WebIdentityFile   = "web_identity_token_file"
	RoleARN           = "role_arn"
	SourceProfile     = "source_profile"
	SSOSession        = "sso_session"
	SSORegion         = "sso_region"
	SSOStartURL       = "sso_start_url"
	SSOAccountID      = "sso_account_id"
	SSORoleName       = "sso_role_name"
	LoginSession      = "login_session"
	Region            = "region"
	MFASerial         = "mfa_serial"
	EndpointURL       = "endpoint_url"
	Services          = "services"
	ServicesSTS       = "services.sts" // endpoint_url of the service in the services section of the profile
	ServicesIAM       = "services.iam"
	IgnoreEndpoints   = "ignore_configured_endpoint_urls"
	CABundle          = "ca_bundle"
	UseFIPS           = "use_fips_endpoint"
	UseDualStack      = "use_dualstack_endpoint"
	MaxAttempts       = "max_attempts"
	RetryMode         = "retry_mode"
)

var plainSettings = []string{
	AccessKeyID, SecretAccessKey, SessionToken, SecurityToken, CredentialProcess, CredentialSource, WebIdentityFile,
	RoleARN, SourceProfile, SSOSession, SSORegion, SSOStartURL, SSOAccountID, SSORoleName, LoginSession, Region,
	MFASerial, EndpointURL, Services, IgnoreEndpoints, CABundle, UseFIPS, UseDualStack, MaxAttempts, RetryMode,
}

// A Reading is both files as both readers parse them.
type Reading struct {
	botocore botocoreFiles
	sdk      sdkFiles
	strays   []stray
}

// Read parses both files for both readers. If a file cannot be parsed, View.Broken reports it.
func Read(files Files) Reading {
	return Reading{
		botocore: readBotocore(files),
		sdk:      readSDK(files),
		strays:   readStrays(files),
	}
}

// A Profile describes one profile as both readers see it.
type Profile struct {
	Name     string
	Botocore View
	SDK      View
	Kinds    Kinds
	Chain    []Hop   // its source profiles, in order
	Strays   []Place // headers that look like those of the profile, but that not all readers recognize
}

// Profile returns the profile called name, which does not have to exist.
func (r Reading) Profile(name string) Profile {
	p := r.alone(name)
	p.Chain = r.chain(p)
	if p.SDK.Exists {
		p.SDK.Rejected = r.sdk.sections.rejected(name)
	}
	for _, s := range r.strays {
		if s.profile == name {
			p.Strays = append(p.Strays, s.place)
		}
	}
	return p
}

func (r Reading) alone(name string) Profile {
	p := Profile{Name: name, Botocore: r.botocore.view(name), SDK: r.sdk.view(name)}
	p.Kinds = p.kinds()
	return p
}

// Exists reports whether at least one reader finds the profile.
func (p Profile) Exists() bool { return p.Botocore.Exists || p.SDK.Exists }

// Differences returns the names of the settings that the readers see differently, in the order of this package. It
// leaves out SecurityToken, which only botocore reads.
func (p Profile) Differences() (names []string) {
	for _, name := range slices.Concat(plainSettings, []string{ServicesSTS, ServicesIAM}) {
		if name != SecurityToken && p.Botocore.Text(name) != p.SDK.Text(name) {
			names = append(names, name)
		}
	}
	return names
}

// either returns a setting as botocore sees it, or as the SDK does if botocore sees none.
func (p Profile) either(name string) Value {
	if value := p.Botocore.Values[name]; value.Text != "" {
		return value
	}
	return p.SDK.Values[name]
}
