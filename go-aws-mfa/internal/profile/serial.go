package profile

import (
	"os"
	"path/filepath"

	"aws-mfa.example/aws-mfa/internal/awsfiles"
	"aws-mfa.example/aws-mfa/internal/credfile"
)

// A SerialEdit gives a profile an MFA device, in one of the two files.
type SerialEdit struct {
	Profile string
	Serial  string
	Files   Files
	File    awsfiles.File // the one that changes
	Needed  bool          // false if the profile has the device already
}

// PlanSerial finds out how the profile called name can get a device. The profile must exist.
func PlanSerial(name, serial string, files Files) (SerialEdit, error) {
	plan := SerialEdit{Profile: name, Serial: serial, Files: files}
	texts, err := plan.read()
	if err != nil {
		return plan, err
	}
	edit, err := awsfiles.SetSerial(texts, name, serial)
	if err != nil {
		return plan, plan.error(SerialFault, err)
	}
	plan.File = edit.File
	plan.Needed = edit.Text != nil
	if plan.Needed && plan.File == awsfiles.ConfigFile {
		return plan, plan.checkConfig()
	}
	return plan, nil
}

// Path is that of the file that changes.
func (e SerialEdit) Path() string { return e.Files.Path(e.File) }

// Content says who may read that file.
func (e SerialEdit) Content() credfile.Content {
	if e.File == awsfiles.CredentialsFile {
		return credfile.Secret
	}
	return credfile.Public
}

// Apply returns the new text of the file. text is what it holds by now; the other one is read again, too.
func (e SerialEdit) Apply(text []byte) ([]byte, error) {
	texts, err := e.read()
	if err != nil {
		return nil, err
	}
	if e.File == awsfiles.CredentialsFile {
		texts.Credentials = text
	} else {
		texts.Config = text
	}
	edit, err := awsfiles.SetSerial(texts, e.Profile, e.Serial)
	switch {
	case err != nil:
		return nil, e.error(SerialFault, err)
	case edit.Text == nil:
		return text, nil
	case edit.File != e.File:
		return nil, e.error(FilesChanged, nil)
	}
	return edit.Text, nil
}

func (e SerialEdit) read() (texts awsfiles.Files, err error) {
	if texts.Config, err = readConfig(e.Files.Config); err != nil {
		return texts, e.error(ConfigUnusable, err)
	}
	if texts.Credentials, err = credfile.Read(e.Files.Credentials); err != nil {
		return texts, e.error(CredentialsUnusable, err)
	}
	return texts, nil
}

// checkConfig refuses a path of the config file at which none can be made: the null device, which stands for no file,
// and a relative one whose directory does not exist.
func (e SerialEdit) checkConfig() error {
	path := e.Files.Config
	switch {
	case path == os.DevNull:
		return e.error(ConfigUnusable, credfile.ErrNotRegular)
	case !filepath.IsAbs(path) && !hasFolder(path):
		return &PathError{Variable: configVariable, Path: path}
	}
	return nil
}

func (e SerialEdit) error(problem Problem, reason error) error {
	return &Error{Profile: e.Profile, Files: e.Files, Problem: problem, Err: reason}
}
