package cli

import (
	"errors"
	"strings"

	"aws-mfa.example/aws-mfa/internal/awsfiles"
	"aws-mfa.example/aws-mfa/internal/credfile"
	"aws-mfa.example/aws-mfa/internal/login"
	"aws-mfa.example/aws-mfa/internal/messages"
	"aws-mfa.example/aws-mfa/internal/profile"
	"aws-mfa.example/aws-mfa/internal/prompt"
)

// failure turns any error into a message. The commands of this package may already return one.
func failure(err error) messages.Failure {
	if finished, ok := errors.AsType[messages.Failure](err); ok {
		return finished
	}
	if found, ok := errors.AsType[*profile.Error](err); ok {
		return profileFailure(found)
	}
	if found, ok := errors.AsType[*profile.PathError](err); ok {
		return messages.Fail(messages.CredentialsDirectory, found.Variable, found.Path)
	}
	if found, ok := errors.AsType[*login.CallError](err); ok {
		return callFailure(found)
	}
	if found, ok := errors.AsType[*login.MatchError](err); ok {
		return matchFailure(found)
	}
	if found, ok := errors.AsType[*login.CallerError](err); ok {
		return messages.Fail(messages.KeysNotOfUser, found.ARN)
	}
	if found, ok := errors.AsType[*prompt.ReadError](err); ok {
		return messages.Fail(messages.StdinUnreadable, found.Err)
	}
	switch {
	case errors.Is(err, prompt.ErrMalformed):
		return messages.Fail(messages.CodeMalformed)
	case errors.Is(err, prompt.ErrNoLine):
		return messages.Fail(messages.CodeMissing)
	case errors.Is(err, profile.ErrNoHome):
		return messages.Fail(messages.HomeMissing)
	}
	return messages.Fail(messages.Unexpected, err)
}

// callFailure explains why a call to AWS failed.
func callFailure(err *login.CallError) messages.Failure {
	switch err.Problem {
	case login.CodeRefused:
		return messages.Fail(messages.CodeRefused)
	case login.DeviceUnknown:
		return messages.Fail(messages.DeviceUnknown)
	case login.KeysAreSession:
		return messages.Fail(messages.KeysAreSession)
	case login.KeyUnknown:
		return messages.Fail(messages.AccessKeyUnknown)
	case login.SecretWrong:
		return messages.Fail(messages.SecretKeyWrong)
	case login.ClockWrong:
		return messages.Fail(messages.ClockWrong)
	case login.STSDisabled:
		return messages.Fail(messages.STSDisabled)
	case login.ListingDenied:
		return messages.Fail(messages.ListingDenied)
	case login.Throttled:
		return messages.Fail(messages.Throttled)
	case login.ServerFailed:
		return messages.Fail(messages.AWSFailed, err.Call, err.Status)
	case login.BadResponse:
		return messages.Fail(messages.ResponseUnexpected, err.Call)
	case login.TimedOut:
		return messages.Fail(messages.TimedOut, err.Call)
	case login.Unreachable:
		return messages.Fail(messages.AWSUnreachable, err.Call, err.Err)
	}
	sentence := strings.TrimSuffix(err.API.ErrorMessage(), ".")
	return messages.Fail(messages.AWSRefused, err.Call, err.API.ErrorCode(), sentence)
}

// isCall reports whether err is a call to AWS that failed with the problem.
func isCall(err error, problem login.Problem) bool {
	found, ok := errors.AsType[*login.CallError](err)
	return ok && found.Problem == problem
}

// matchFailure explains why part of a name does not identify one device.
func matchFailure(err *login.MatchError) messages.Failure {
	if len(err.Matching) == 0 {
		return messages.Fail(messages.DeviceNoMatch, err.Part, list(err.Devices))
	}
	return messages.Fail(messages.DeviceAmbiguous, err.Part, len(err.Matching), list(err.Matching))
}

// list returns devices in a form that can be pasted into a command line.
func list(devices []login.Device) string {
	words := make([]string, len(devices))
	for i, device := range devices {
		words[i] = theShell().word(string(device))
	}
	return strings.Join(words, " ")
}

// checkDevice returns a failure if the device cannot be used; from is the place where it is set.
func checkDevice(device login.Device, from messages.Text) error {
	found, isRefused := errors.AsType[*login.DeviceError](device.Check())
	if !isRefused {
		return nil
	}
	switch found.Problem {
	case login.DeviceIsFIDO:
		return messages.Fail(messages.DeviceIsFIDO, from)
	case login.DeviceIsUser:
		guess := strings.Replace(string(device), ":user/", ":mfa/", 1)
		return messages.Fail(messages.DeviceIsUser, from, theShell().word(guess))
	}
	return messages.Fail(messages.DeviceMalformed, from)
}

// A writing has the messages for the reasons why one of the files cannot be written.
type writing struct {
	locked, lockUnusable, immutable, appendOnly, directoryClosed, diskFull, readOnly, unwritable messages.FailureKey
}

var writeMessages = map[awsfiles.File]writing{
	awsfiles.CredentialsFile: {
		locked:          messages.CredentialsLocked,
		lockUnusable:    messages.CredentialsLockUnusable,
		immutable:       messages.CredentialsImmutable,
		appendOnly:      messages.CredentialsAppendOnly,
		directoryClosed: messages.CredentialsDirectoryClosed,
		diskFull:        messages.CredentialsDiskFull,
		readOnly:        messages.CredentialsReadOnly,
		unwritable:      messages.CredentialsUnwritable,
	},
	awsfiles.ConfigFile: {
		locked:          messages.ConfigLocked,
		lockUnusable:    messages.ConfigLockUnusable,
		immutable:       messages.ConfigImmutable,
		appendOnly:      messages.ConfigAppendOnly,
		directoryClosed: messages.ConfigDirectoryClosed,
		diskFull:        messages.ConfigDiskFull,
		readOnly:        messages.ConfigReadOnly,
		unwritable:      messages.ConfigUnwritable,
	},
}

// writeFailure explains why one of the files cannot be written.
func (r *run) writeFailure(err error, file awsfiles.File) error {
	path, keys := r.files.Path(file), writeMessages[file]
	if found, ok := errors.AsType[*credfile.LockError](err); ok {
		if found.Limit > 0 {
			return messages.Fail(keys.locked, found.Path, seconds(found.Limit))
		}
		return messages.Fail(keys.lockUnusable, found.Path, localized(found))
	}
	if found, ok := errors.AsType[*credfile.DirectoryError](err); ok {
		switch {
		case errors.Is(err, credfile.ErrImmutable):
			return messages.Fail(keys.immutable, found.Path)
		case errors.Is(err, credfile.ErrAppendOnly):
			return messages.Fail(keys.appendOnly, found.Path)
		}
		return messages.Fail(keys.directoryClosed, found.Path, localized(found))
	}
	switch {
	case errors.Is(err, credfile.ErrImmutable):
		return messages.Fail(keys.immutable, path)
	case errors.Is(err, credfile.ErrAppendOnly):
		return messages.Fail(keys.appendOnly, path)
	case credfile.IsFull(err):
		return messages.Fail(keys.diskFull, path)
	case credfile.IsReadOnly(err):
		return messages.Fail(keys.readOnly, path)
	}
	return messages.Fail(keys.unwritable, path, localized(err))
}

// saveFailure explains why a session that AWS issued is not in the credentials file.
func (r *run) saveFailure(err error) error {
	if _, ok := errors.AsType[*credfile.ValueError](err); ok {
		return messages.Fail(messages.SessionUnusable, r.files.Credentials, localized(err))
	}
	if errors.Is(err, credfile.ErrLongTermKeys) { // another program wrote them while the user typed the code
		return messages.Fail(messages.DestinationHoldsKeys, r.destination)
	}
	return messages.Fail(messages.SessionUnwritable, r.files.Credentials, localized(err))
}

// localized turns an error into part of a message: a text of the catalog if there is one, else the reason of a file
// operation without the path, which the message already contains.
func localized(err error) any {
	if found, ok := errors.AsType[*credfile.NameError](err); ok {
		return nameText(found)
	}
	if found, ok := errors.AsType[*credfile.LineError](err); ok {
		return lineText(found)
	}
	if found, ok := errors.AsType[*credfile.ValueError](err); ok {
		return messages.New(messages.ValueUnwritable, found.Setting)
	}
	switch {
	case errors.Is(err, credfile.ErrNotRegular):
		return messages.New(messages.FileIrregular)
	case errors.Is(err, credfile.ErrTooManyLinks):
		return messages.New(messages.FileLinks, credfile.MaxLinks)
	case errors.Is(err, profile.ErrNoCertificates):
		return messages.New(messages.FileNoCertificates)
	}
	if reason := errors.Unwrap(err); reason != nil {
		return reason
	}
	return err
}

func nameText(err *credfile.NameError) messages.Text {
	switch err.Problem {
	case credfile.NameEmpty:
		return messages.New(messages.NameEmpty)
	case credfile.NameMarks:
		return messages.New(messages.NameMarks)
	case credfile.NameControl:
		return messages.New(messages.NameControl)
	case credfile.NameSpaces:
		return messages.New(messages.NameBlanks)
	case credfile.NameDefault:
		return messages.New(messages.NameDefault)
	}
	return messages.New(messages.NameProfile)
}

func lineText(err *credfile.LineError) messages.Text {
	switch err.Problem {
	case credfile.LineBOM:
		return messages.New(messages.LineBOM)
	case credfile.LineNotUTF8:
		return messages.New(messages.LineNotUTF8, err.Line)
	case credfile.LineAmbiguous:
		return messages.New(messages.LineAmbiguous, err.Line)
	case credfile.LineDefault:
		return messages.New(messages.LineDefault, err.Line)
	case credfile.LineRepeatsSection:
		return messages.New(messages.LineRepeatsSection, err.Line, err.Name)
	case credfile.LineRepeatsSetting:
		return messages.New(messages.LineRepeatsSetting, err.Line, err.Name)
	case credfile.LineOutsideSection:
		return messages.New(messages.LineOutsideSection, err.Line)
	}
	return messages.New(messages.LineNotSetting, err.Line)
}

// joined combines the reasons why several calls failed into one text.
func joined(refusals []error) messages.Localized {
	var all messages.Localized = failure(refusals[0])
	for _, refusal := range refusals[1:] {
		all = messages.New(messages.Joined, all, failure(refusal))
	}
	return all
}

// flagFailure turns an error of the flag package into a message.
func flagFailure(err error) messages.Failure {
	problem, name, _ := strings.Cut(err.Error(), ": ")
	if len(name) > len("-x") { // the flag package writes only one dash
		name = "-" + name
	}
	switch {
	case problem == "flag provided but not defined" && strings.Trim(name, "-0123456789") == "":
		return messages.Fail(messages.FlagIsCode)
	case problem == "flag provided but not defined":
		return messages.Fail(messages.FlagUnknown, name)
	case problem == "flag needs an argument":
		return messages.Fail(messages.FlagWithoutValue, name)
	}
	return messages.Fail(messages.FlagInvalid, err)
}
