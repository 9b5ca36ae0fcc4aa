package awsfiles

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// rejected returns why the SDK cannot use the profile called name. It follows source profiles as the SDK does.
func (all sdkSections) rejected(name string) *Fault {
	seen := map[string]bool{}
	var above []*sdkSection
	var named Place
	for all[name] != nil {
		s, again := all[name], seen[name]
		fault := s.badValue()
		if fault == nil && !again { // a role counts only the first time
			fault = s.withoutRole()
		}
		if fault == nil && len(seen) > 0 && s.hasKeys() {
			return all.withoutSSOSession(above...)
		}
		if fault == nil {
			fault = s.twoSources(!again)
		}
		if fault != nil {
			return fault
		}
		source := s.values[SourceProfile]
		if again || source.Text == "" {
			return cmp.Or(all.withoutSSOSession(s), s.empty(above), all.withoutSSOSession(above...))
		}
		seen[name] = true
		above = append(above, s)
		name, named = source.Text, source.Place
	}
	return &Fault{Reason: SourceMissing, Place: named, Name: name}
}

// empty returns a fault if a source profile has no credentials for the profile above it.
func (s *sdkSection) empty(above []*sdkSection) *Fault {
	if len(above) == 0 || s.hasKeys() || s.any(CredentialSource, CredentialProcess, WebIdentityFile,
		SSOSession, SSORegion, SSOAccountID, SSOStartURL, SSORoleName) {
		return nil
	}
	source := above[len(above)-1].values[SourceProfile]
	return &Fault{Reason: SourceEmpty, Place: source.Place, Name: source.Text}
}

func (all sdkSections) withoutSSOSession(linked ...*sdkSection) *Fault {
	for _, s := range slices.Backward(linked) {
		session := s.values[SSOSession]
		if session.Text != "" && all["sso-session "+strings.TrimSpace(session.Text)] == nil {
			return &Fault{Reason: SSOSessionMissing, Place: session.Place, Name: session.Text}
		}
	}
	return nil
}

func (s *sdkSection) hasKeys() bool {
	return s.text(AccessKeyID) != "" && s.text(SecretAccessKey) != ""
}

func (s *sdkSection) any(names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return s.text(name) != "" })
}

// withoutRole returns a fault if a source of credentials has no role_arn.
func (s *sdkSection) withoutRole() *Fault {
	if s.text(RoleARN) != "" {
		return nil
	}
	for _, name := range []string{SourceProfile, CredentialSource, WebIdentityFile} {
		if s.text(name) != "" {
			return &Fault{Reason: RoleMissing, Place: s.values[name].Place, Name: name}
		}
	}
	return nil
}

func (s *sdkSection) twoSources(first bool) *Fault {
	names := []string{CredentialSource, CredentialProcess, WebIdentityFile}
	if first {
		names = append(names, SourceProfile)
	}
	found := 0
	for _, name := range names {
		if s.text(name) == "" {
			continue
		}
		if found++; found > 1 {
			return &Fault{Reason: TwoSources, Place: s.values[name].Place, Name: name}
		}
	}
	return nil
}

// badValue returns a fault if the SDK rejects a value, or if half of the key pair is missing. The second comes last
// because a login fixes it.
func (s *sdkSection) badValue() *Fault {
	for _, check := range sdkChecks {
		if s.has(check.name) && !check.good(s.text(check.name)) {
			return &Fault{Reason: BadValue, Place: s.values[check.name].Place, Name: check.name}
		}
	}
	return s.partial
}

var sdkChecks = []struct {
	name string
	good func(string) bool
}{
	{"ec2_metadata_service_endpoint_mode", func(text string) bool {
		return folded("", "ipv4", "ipv6")(strings.TrimSpace(text))
	}},
	{"defaults_mode", folded("", "auto", "cross-region", "in-region", "legacy", "mobile", "standard")},
	{MaxAttempts, func(text string) bool { _, err := strconv.ParseInt(text, 0, 64); return err == nil }},
	{RetryMode, exactly("standard", "adaptive")},
	{"disable_request_compression", exactly("true", "false")},
	{"disable_clock_skew_correction", exactly("true", "false")},
	{"request_min_compression_size_bytes", func(text string) bool {
		number, err := strconv.ParseInt(text, 0, 64)
		return err == nil && number >= 0 && number <= 10485760
	}},
	{"account_id_endpoint_mode", exactly("preferred", "required", "disabled")},
	{"request_checksum_calculation", folded("when_supported", "when_required")},
	{"response_checksum_validation", folded("when_supported", "when_required")},
}

func exactly(words ...string) func(string) bool {
	return func(text string) bool { return slices.Contains(words, text) }
}

func folded(words ...string) func(string) bool {
	return func(text string) bool {
		return slices.ContainsFunc(words, func(word string) bool { return strings.EqualFold(word, text) })
	}
}
