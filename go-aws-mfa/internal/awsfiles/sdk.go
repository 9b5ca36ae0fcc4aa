package awsfiles

import (
	"slices"
	"strings"
)

// An sdkSection is a section as the package config/internal/ini of the AWS SDK for Go parses it.
type sdkSection struct {
	values  map[string]sdkValue
	partial *Fault // half of a pair of keys
}

type sdkSections map[string]*sdkSection

type sdkValue struct {
	Value
	nested map[string]Value
}

func (s *sdkSection) has(name string) bool {
	_, ok := s.values[name]
	return ok
}

func (s *sdkSection) text(name string) string { return s.values[name].Text }

// An sdkParser reads a file line by line.
type sdkParser struct {
	file     File
	sections sdkSections
	current  *sdkSection // nil before the first header, where settings are skipped
	name     string      // of the previous setting
}

// parseSDK returns the sections of a file. The SDK skips lines that it does not understand.
func parseSDK(file File, data []byte) (sdkSections, *Fault) {
	p := sdkParser{file: file, sections: sdkSections{}}
	for i, line := range strings.Split(string(data), "\n") {
		if !p.line(i+1, line) {
			return nil, &Fault{Reason: LoneQuote, Place: Place{File: file, Line: i + 1}}
		}
	}
	return p.sections, nil
}

// line returns false if the SDK would panic.
func (p *sdkParser) line(number int, line string) bool {
	trimmed := strings.TrimLeft(line, " \t")
	if strings.TrimSpace(line) == "" || trimmed[0] == '#' || trimmed[0] == ';' {
		return true
	}
	if name, ok := sdkHeader(line); ok {
		p.header(name)
		return true
	}
	if len(trimmed) == len(line) {
		return p.setting(number, line)
	}
	return p.indented(number, trimmed)
}

func (p *sdkParser) header(name string) {
	p.name, p.current = "", nil
	if name == "" {
		return
	}
	if p.sections[name] == nil {
		p.sections[name] = &sdkSection{values: map[string]sdkValue{}}
	}
	p.current = p.sections[name]
}

func (p *sdkParser) setting(number int, line string) bool {
	name, text, ok := sdkSetting(strings.TrimRight(withoutComment(line), " \t"))
	if !ok {
		return true
	}
	text, ok = unquoted(text)
	if ok {
		p.set(number, name, text)
	}
	return ok
}

func (p *sdkParser) set(number int, name, text string) {
	if p.current != nil {
		p.name = name
		p.current.values[name] = sdkValue{Value: Value{Text: text, Place: Place{File: p.file, Line: number}}}
	}
}

// indented parses an indented line: a nested setting, a normal setting, or a continuation of the previous value.
func (p *sdkParser) indented(number int, line string) bool {
	name, text, isSetting := sdkSetting(line)
	if isSetting {
		var ok bool
		if text, ok = unquoted(text); !ok {
			return false
		}
	}
	if p.current == nil {
		return true
	}
	before := p.current.values[p.name]
	switch {
	case isSetting && (p.name == "" || before.Text != ""):
		p.set(number, name, strings.TrimSpace(withoutComment(text)))
	case isSetting:
		if before.nested == nil {
			before.nested = map[string]Value{}
		}
		before.nested[name] = Value{Text: text, Place: Place{File: p.file, Line: number}}
		p.current.values[p.name] = before
	case p.name != "" && before.Text != "":
		before.Text += "\n" + line
		p.current.values[p.name] = before
	}
	return true
}

// sdkHeader returns the name in a header, with one space in place of the first gap between words.
func sdkHeader(line string) (name string, ok bool) {
	line, _, _ = strings.Cut(line, "#")
	line, _, _ = strings.Cut(line, ";")
	line = strings.TrimSpace(line)
	if !strings.HasPrefix(line, "[") || !strings.HasSuffix(line, "]") {
		return "", false
	}
	line = strings.TrimSpace(line[1 : len(line)-1])
	if gap := strings.IndexAny(line, " \t"); gap > 0 {
		return line[:gap] + " " + strings.TrimLeft(line[gap:], " \t"), true
	}
	return line, true
}

func sdkSetting(line string) (name, text string, ok bool) {
	at := strings.IndexAny(line, "=:")
	if at < 0 {
		return "", "", false
	}
	return strings.ToLower(strings.TrimSpace(line[:at])), strings.TrimSpace(line[at+1:]), true
}

func withoutComment(line string) string {
	for _, mark := range []string{" #", " ;", "\t#", "\t;"} {
		line, _, _ = strings.Cut(line, mark)
	}
	return line
}

// unquoted removes quotation marks. It returns false for a single quotation mark.
func unquoted(text string) (string, bool) {
	for _, mark := range []string{"'", `"`} {
		if strings.HasPrefix(text, mark) && strings.HasSuffix(text, mark) {
			if len(text) == 1 {
				return "", false
			}
			return text[1 : len(text)-1], true
		}
	}
	return text, true
}

// sdkFiles are both files as config/shared_config.go of the SDK merges them.
type sdkFiles struct {
	broken   *Fault
	sections sdkSections // profiles by name, and other sections
}

func readSDK(files Files) sdkFiles {
	config, broken := parseSDK(ConfigFile, files.Config)
	credentials, alsoBroken := parseSDK(CredentialsFile, files.Credentials)
	if broken == nil {
		broken = alsoBroken
	}
	if broken != nil {
		return sdkFiles{broken: broken}
	}
	config.markPartial()
	credentials.markPartial()
	config.keepProfiles()
	for name := range credentials {
		if strings.HasPrefix(name, "profile ") {
			delete(credentials, name)
		}
	}
	config.merge(credentials)
	return sdkFiles{sections: config}
}

func (all sdkSections) markPartial() {
	for _, s := range all {
		id, secret := s.values[AccessKeyID], s.values[SecretAccessKey]
		switch {
		case s.has(AccessKeyID) && !s.has(SecretAccessKey):
			s.partial = &Fault{Reason: PartialKeys, Place: id.Place, Name: SecretAccessKey}
		case s.has(SecretAccessKey) && !s.has(AccessKeyID):
			s.partial = &Fault{Reason: PartialKeys, Place: secret.Place, Name: AccessKeyID}
		}
	}
}

// keepProfiles renames the sections of profiles to the names of the profiles. It drops sections that the SDK does not
// use.
func (all sdkSections) keepProfiles() {
	renamed := map[string]bool{}
	for _, name := range sortedNames(all) {
		profile, isProfile := strings.CutPrefix(name, "profile ")
		switch {
		case renamed[name]:
		case isProfile:
			s := all[name]
			delete(all, name)
			all[profile] = s
			renamed[profile] = true
		case strings.HasPrefix(name, "sso-session "), strings.HasPrefix(name, "services "):
		case !strings.EqualFold(name, "default"):
			delete(all, name)
		}
	}
}

func sortedNames(all sdkSections) []string {
	names := make([]string, 0, len(all))
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// mergedSettings are the settings that the SDK reads from the credentials file if the profile is in both files. The SDK
// reads endpoint_url, services and ignore_configured_endpoint_urls only from the config file.
var mergedSettings = []string{
	RoleARN, SourceProfile, CredentialSource, MFASerial, Region, CredentialProcess, WebIdentityFile,
	"ec2_metadata_service_endpoint_mode", UseDualStack, UseFIPS, "defaults_mode", RetryMode, CABundle, MaxAttempts,
	SSOSession, SSOAccountID, SSORegion, SSORoleName, SSOStartURL, LoginSession,
}

func (all sdkSections) merge(others sdkSections) {
	for name, other := range others {
		s := all[name]
		if s == nil {
			all[name] = other
			continue
		}
		s.partial = other.partial
		if other.has(AccessKeyID) && other.has(SecretAccessKey) {
			s.copyFrom(other, AccessKeyID, SecretAccessKey, SessionToken)
		}
		s.copyFrom(other, mergedSettings...)
	}
}

func (s *sdkSection) copyFrom(other *sdkSection, names ...string) {
	for _, name := range names {
		if other.has(name) {
			s.values[name] = sdkValue{Value: other.values[name].Value} // the SDK loses nested settings here
		}
	}
}

// view returns the profile as the SDK sees it, without View.Rejected, which needs the whole chain of source profiles.
func (f sdkFiles) view(name string) View {
	v := View{Broken: f.broken, Values: map[string]Value{}}
	s := f.sections[name]
	if s == nil {
		return v
	}
	v.Exists = true
	for _, setting := range plainSettings {
		if s.has(setting) && setting != SecurityToken {
			v.Values[setting] = s.values[setting].Value
		}
	}
	if services := f.sections["services "+s.text(Services)]; services != nil && s.text(Services) != "" {
		for setting, service := range map[string]string{ServicesSTS: "sts", ServicesIAM: "iam"} {
			if value, ok := services.values[service].nested["endpoint_url"]; ok {
				v.Values[setting] = value
			}
		}
	}
	return v
}
