package cli

import (
	"fmt"
	"strings"
)

const manual = `NAME
    aws-mfa - get an AWS session with an MFA code and keep it in a profile

SYNOPSIS
    aws-mfa [-s SRC] [-d DST]
    echo CODE | aws-mfa [-s SRC] [-d DST]

DESCRIPTION
    Reads the long-term access key of profile SRC, finds the user's MFA device,
    asks for the six digits that it shows, and writes the session that AWS gives
    for them into profile DST of the credentials file. Every other line of that
    file stays as it is. A code on standard input is taken without a question.

    The device is SRC's mfa_serial where it has one, else the first virtual or
    hardware device that IAM lists. FIDO keys can not be used with this call.
    DST gets SRC's region where it has none of its own, and the end of the
    session (UTC) as x_security_token_expires.

    A DST that holds long-term keys is never written to. Each of the two steps
    with AWS, finding the device and getting the session, may take %s.

OPTIONS
%s
ENVIRONMENT
    AWS_SHARED_CREDENTIALS_FILE   the credentials file, else ~/.aws/credentials
    AWS_CONFIG_FILE               the config file, else ~/.aws/config
    AWS_REGION, AWS_DEFAULT_REGION
                                  the region to call, else SRC's, else %s
    AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL_IAM
                                  other addresses to call
    HTTPS_PROXY, HTTP_PROXY, NO_PROXY
                                  the way to the network
    AWS_CA_BUNDLE                 a file of certificates to trust
    AWS_MAX_ATTEMPTS              how often a call is tried, else 3
    AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SESSION_TOKEN have no effect: the
    keys are always those of SRC.

EXIT STATUS
    0     the session is written
    130   interrupted (Ctrl-C)
    252   the command line or the code is wrong; nothing was changed
    253   the profiles, their keys or the MFA devices do not allow it
    254   AWS answered with an error
    255   anything else, such as the network or the disk

EXAMPLES
    aws-mfa -s example
    export AWS_DEFAULT_PROFILE=example_mfa
    aws sts get-caller-identity
`

func (a App) helpText() string {
	var flags strings.Builder
	for _, row := range new(options).table() {
		fmt.Fprintf(&flags, "    %s\n        %s\n", row.synopsis(), row.help)
	}
	return fmt.Sprintf(manual, a.Timeout, flags.String(), "us-east-1")
}

// synopsis is the flag as a manual page shows it: -s, --source-profile SRC.
func (r option) synopsis() string {
	text := "--" + r.long
	if r.short != "" {
		text = "-" + r.short + ", " + text
	}
	if r.value != "" {
		text += " " + r.value
	}
	return text
}
