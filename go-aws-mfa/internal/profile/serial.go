package profile

import (
	"os"
	"path/filepath"

	"aws-mfa.example/aws-mfa/internal/awsfiles"
	"aws-mfa.example/aws-mfa/internal/credfile"
)

// A SerialEdit sets the MFA device of a profile in one of the two files.
type SerialEdit struct {
	Profile string
	Serial  string
	Files   Files
	File    awsfiles.File // the file to change
	Needed  bool          // false if the profile already has the device
}

// PlanSerial plans how to set the MFA device of the profile called name. The profile must exist.
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

// Path returns the path of the file to change.
func (e SerialEdit) Path() string { return e.Files.Path(e.File) }

// Content reports whether that file contains secrets.
func (e SerialEdit) Content() credfile.Content {
	if e.File == awsfiles.CredentialsFile {
		return credfile.Secret
	}
	return credfile.Public
}

// Apply returns the new text of the file whose current content is text. It reads the other file again.
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

// checkConfig returns an error if no config file can be created at its path: the null device, or a relative path to a
// directory that does not exist.
func (e SerialEdit) checkConfig() error {
	path := e.Files.Config
	switch {
	case path == os.DevNull:
		return e.error(ConfigUnusable, credfile.ErrNotRegular)
	case !filepath.IsAbs(path) && !hasDirectory(path):
		return &PathError{Variable: configVariable, Path: path}
	}
	return nil
}

func (e SerialEdit) error(problem Problem, reason error) error {
	return &Error{Profile: e.Profile, Files: e.Files, Problem: problem, Err: reason}
}
