// The readers command tells how two Go parsers read a profile of credentials
// files: for each path on standard input, a line of JSON.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"os"

	"github.com/aws/aws-sdk-go-v2/config"
	"gopkg.in/ini.v1"
)

// keys are what a client signs with; all empty where a parser cannot read them.
type keys struct {
	ID, Secret, Token string
}

func main() {
	profile := os.Args[1]
	out := json.NewEncoder(os.Stdout)
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		path := lines.Text()
		_ = out.Encode(map[string]keys{"sdk": bySDK(path, profile), "go-ini": byINI(path, profile)})
	}
}

// bySDK is the parser of the AWS SDK for Go. It panics at a lone quotation mark.
func bySDK(path, profile string) (found keys) {
	defer func() { _ = recover() }()
	shared, err := config.LoadSharedConfigProfile(context.Background(), profile,
		func(o *config.LoadSharedConfigOptions) {
			o.CredentialsFiles = []string{path}
			o.ConfigFiles = []string{os.DevNull}
		})
	if err != nil {
		return keys{}
	}
	got := shared.Credentials
	return keys{got.AccessKeyID, got.SecretAccessKey, got.SessionToken}
}

// byINI is the parser of many other Go tools, aws-vault among them.
func byINI(path, profile string) keys {
	file, err := ini.Load(path)
	if err != nil {
		return keys{}
	}
	section := file.Section(profile)
	value := func(name string) string { return section.Key(name).String() }
	return keys{value("aws_access_key_id"), value("aws_secret_access_key"), value("aws_session_token")}
}
