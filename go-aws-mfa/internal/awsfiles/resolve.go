package awsfiles

import "cmp"

// Flags are command-line options; empty if not given.
type Flags struct {
	Region      string
	EndpointURL string
	AllowHTTP   bool // even to other computers
}

// Calls are the settings for calls to AWS. Empty, false and 0 mean the default of the SDK.
type Calls struct {
	Region       string
	EndpointSTS  string
	EndpointIAM  string
	UseFIPS      bool
	UseDualStack bool
	CABundle     string
	MaxAttempts  int
}

// Resolve adds flags and environment variables to the settings of a profile, in the SDK's order: flag, variable,
// profile. An empty variable counts as unset. The error is a *Fault that names a variable.
//
// Unlike the SDK, Resolve ignores an empty AWS_ENDPOINT_URL, which would hide the services section, and invalid values
// of AWS_MAX_ATTEMPTS, max_attempts and AWS_IGNORE_CONFIGURED_ENDPOINT_URLS.
func Resolve(settings Settings, flags Flags, getenv func(string) string) (Calls, error) {
	calls := Calls{
		Region:      cmp.Or(flags.Region, getenv("AWS_REGION"), getenv("AWS_DEFAULT_REGION"), settings.Text(Region)),
		CABundle:    cmp.Or(getenv("AWS_CA_BUNDLE"), settings.Text(CABundle)),
		MaxAttempts: cmp.Or(attempts(getenv("AWS_MAX_ATTEMPTS")), attempts(settings.Text(MaxAttempts))),
	}
	calls.EndpointSTS, calls.EndpointIAM = endpoints(settings, flags, getenv)
	for _, boolean := range []struct {
		to                *bool
		variable, setting string
	}{
		{to: &calls.UseFIPS, variable: "AWS_USE_FIPS_ENDPOINT", setting: UseFIPS},
		{to: &calls.UseDualStack, variable: "AWS_USE_DUALSTACK_ENDPOINT", setting: UseDualStack},
	} {
		text := getenv(boolean.variable)
		if text != "" && !isBoolean(text) {
			return calls, &Fault{Reason: NotBoolean, Name: boolean.variable}
		}
		*boolean.to = isTrue(cmp.Or(text, settings.Text(boolean.setting)))
	}
	return calls, nil
}

func endpoints(settings Settings, flags Flags, getenv func(string) string) (sts, iam string) {
	if flags.EndpointURL != "" {
		return flags.EndpointURL, flags.EndpointURL
	}
	ignore := getenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
	if !isBoolean(ignore) {
		ignore = settings.Text(IgnoreEndpoints)
	}
	if isTrue(ignore) {
		return "", ""
	}
	all, other := getenv("AWS_ENDPOINT_URL"), settings.Text(EndpointURL)
	sts = cmp.Or(getenv("AWS_ENDPOINT_URL_STS"), all, settings.Text(ServicesSTS), other)
	iam = cmp.Or(getenv("AWS_ENDPOINT_URL_IAM"), all, settings.Text(ServicesIAM), other)
	return sts, iam
}
