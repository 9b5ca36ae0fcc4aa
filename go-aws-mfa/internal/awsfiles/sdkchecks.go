package awsfiles

import (
	"slices"
	"strconv"
	"strings"
)

// linked follows source profiles as the SDK does, and returns why it rejects the profile called name. It reports
// whether the profile provides credentials. The place is that of the setting that names it.
func (all sdkSections) linked(name string, from Place, seen map[string]bool) (provides bool, fault *Fault) {
	s := all[name]
	if s == nil {
		return false, &Fault{Reason: SourceMissing, Place: from, Name: name}
	}
	if fault := s.badValue(); fault != nil {
		return false, fault
	}
	source := s.values[SourceProfile]
	again := seen[name]
	if again { // what a role needs counts the first time only
		source = sdkValue{}
	} else if fault := s.withoutRole(); fault != nil {
		return false, fault
	}
	if len(seen) > 0 && s.hasKeys() {
		return true, nil
	}
	seen[name] = true
	if fault := s.twoSources(!again); fault != nil {
		return false, fault
	}
	if source.Text != "" {
		provides, fault := all.linked(source.Text, source.Place, seen)
		if fault == nil && !provides {
			fault = &Fault{Reason: SourceEmpty, Place: source.Place, Name: source.Text}
		}
		if fault != nil {
			return false, fault
		}
	}
	if session := s.text(SSOSession); session != "" && all["sso-session "+strings.TrimSpace(session)] == nil {
		return false, &Fault{Reason: SSOSessionMissing, Place: s.values[SSOSession].Place, Name: session}
	}
	return source.Text != "" || s.hasKeys() || s.any(CredentialSource, CredentialProcess, WebIdentityFile,
		SSOSession, SSORegion, SSOAccountID, SSOStartURL, SSORoleName), nil
}

func (s *sdkSection) hasKeys() bool {
	return s.text(AccessKeyID) != "" && s.text(SecretAccessKey) != ""
}

func (s *sdkSection) any(names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return s.text(name) != "" })
}

// withoutRole finds a source of credentials that needs role_arn.
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

// badValue finds half of a pair of keys, or a value that the SDK refuses.
func (s *sdkSection) badValue() *Fault {
	if s.partial != nil {
		return s.partial
	}
	for _, check := range sdkChecks {
		if s.has(check.name) && !check.good(s.text(check.name)) {
			return &Fault{Reason: BadValue, Place: s.values[check.name].Place, Name: check.name}
		}
	}
	return nil
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
