package cli

import (
	"errors"
	"strings"

	"aws-mfa.example/aws-mfa/internal/awsfiles"
	"aws-mfa.example/aws-mfa/internal/messages"
	"aws-mfa.example/aws-mfa/internal/profile"
)

// profileFailure explains why a profile cannot be used.
func profileFailure(err *profile.Error) messages.Failure {
	name := err.Profile
	fault, isFault := errors.AsType[*awsfiles.Fault](err.Err)
	switch err.Problem {
	case profile.SourceFault, profile.DestinationFault, profile.SerialFault:
		if !isFault {
			break
		}
		if failed, isShared := fileFailure(err.Files, fault); isShared {
			return failed
		}
		if err.Problem == profile.DestinationFault {
			return destinationFailure(name, err.Files, fault)
		}
		return sourceFailure(name, err.Files, fault)
	case profile.FilesChanged:
		return messages.Fail(messages.FilesChanged, name)
	case profile.CredentialsUnusable:
		return messages.Fail(messages.CredentialsUnusable, err.Files.Credentials, localized(err.Err))
	case profile.ConfigUnusable:
		return messages.Fail(messages.ConfigUnusable, err.Files.Config, localized(err.Err))
	case profile.SectionUnclear:
		return messages.Fail(messages.SectionUnclear, name, err.Files.Credentials, localized(err.Err))
	case profile.SourceRegion:
		return messages.Fail(messages.SourceRegionInvalid, name, place(err.Files, fault), theShell().word(name))
	case profile.SourceProcessFailed:
		return messages.Fail(messages.CredentialProcessFailed, name, err.Err)
	case profile.SourceProcessOutput:
		return messages.Fail(messages.CredentialProcessOutput, name)
	case profile.SourceProcessEndless:
		return messages.Fail(messages.CredentialProcessEndless, name, seconds(profile.ProcessLimit))
	case profile.SourceProcessSession:
		return messages.Fail(messages.CredentialProcessSession, name)
	case profile.CertificatesUnusable:
		if found, ok := errors.AsType[*profile.CertificatesError](err.Err); ok {
			return messages.Fail(messages.CertificatesUnusable, found.Path, localized(found.Err))
		}
	case profile.EndpointInsecure, profile.EndpointUnusable:
		return endpointFailure(err)
	case profile.EndpointsExclusive:
		return messages.Fail(messages.EndpointsExclusive, name)
	case profile.DestinationHoldsKeys:
		return messages.Fail(messages.DestinationHoldsKeys, name)
	case profile.DestinationWouldDiffer:
		return messages.Fail(messages.DestinationWouldDiffer, name)
	}
	return messages.Fail(messages.Unexpected, err)
}

func endpointFailure(err *profile.Error) messages.Failure {
	found, ok := errors.AsType[*profile.EndpointError](err.Err)
	switch {
	case !ok:
		return messages.Fail(messages.Unexpected, err)
	case err.Problem == profile.EndpointInsecure:
		return messages.Fail(messages.EndpointInsecure, found.Address)
	}
	return messages.Fail(messages.EndpointUnusable, found.Address)
}

// place returns the line and file of a fault.
func place(files profile.Files, fault *awsfiles.Fault) messages.Text {
	return messages.New(messages.Place, fault.Place.Line, files.Path(fault.Place.File))
}

// brokenLines maps the reasons why a line makes a file unreadable to messages.
var brokenLines = map[awsfiles.Reason]messages.TextKey{
	awsfiles.NotText:          messages.LineNotUTF8,
	awsfiles.OutsideSection:   messages.LineOutsideSection,
	awsfiles.DuplicateSection: messages.LineRepeatsSection,
	awsfiles.DuplicateSetting: messages.LineRepeatsSetting,
	awsfiles.NotASetting:      messages.LineNotSetting,
	awsfiles.NestedLine:       messages.LineNotNested,
	awsfiles.LoneQuote:        messages.LineLoneQuote,
}

// fileFailure turns a fault that does not depend on the profile into a message.
func fileFailure(files profile.Files, fault *awsfiles.Fault) (messages.Failure, bool) {
	path := files.Path(fault.Place.File)
	if key, isLine := brokenLines[fault.Reason]; isLine {
		return messages.Fail(messages.FileUnreadable, path, messages.New(key, fault.Place.Line, fault.Name)), true
	}
	switch fault.Reason {
	case awsfiles.UTF16:
		return messages.Fail(messages.FileEncoding, path, messages.New(messages.FileUTF16)), true
	case awsfiles.ByteOrderMark:
		return messages.Fail(messages.FileEncoding, path, messages.New(messages.LineBOM)), true
	case awsfiles.NotBoolean:
		if fault.Place.Line == 0 {
			return messages.Fail(messages.VariableNotBoolean, fault.Name), true
		}
		return messages.Fail(messages.SettingNotBoolean, fault.Name, place(files, fault)), true
	}
	return messages.Failure{}, false
}

// sourceFailure explains why a login cannot start from a profile, or why its device cannot be set.
func sourceFailure(name string, files profile.Files, fault *awsfiles.Fault) messages.Failure {
	at := place(files, fault)
	switch fault.Reason {
	case awsfiles.NoProfile:
		if fault.Place.Line > 0 {
			return messages.Fail(messages.ProfileMisspelled, name, at, awsfiles.Header(fault.Place.File, name))
		}
		return messages.Fail(messages.ProfileMissing, name, files.Credentials, files.Config, theShell().word(name))
	case awsfiles.NoKey:
		return messages.Fail(messages.KeysMissing, name, theShell().word(name))
	case awsfiles.PartialKeys:
		return messages.Fail(messages.KeysPartial, name, at, theShell().word(name))
	case awsfiles.IsSession:
		return messages.Fail(messages.SourceIsSession, name, at)
	case awsfiles.IsRole:
		return messages.Fail(messages.SourceIsRole, name, at)
	case awsfiles.RoleElsewhere:
		return messages.Fail(messages.SourceRoleElsewhere, name, fault.Name, at)
	case awsfiles.UsesSSO:
		return messages.Fail(messages.SourceUsesSSO, name, at)
	case awsfiles.UsesLogin:
		return messages.Fail(messages.SourceUsesLogin, name, at)
	case awsfiles.Unsettable:
		return messages.Fail(messages.SerialUnsettable, name, at)
	case awsfiles.ReadersDiffer:
		return messages.Fail(messages.SettingDiffers, fault.Name, name, at)
	}
	return messages.Fail(messages.SettingUnusable, fault.Name, name, at)
}

// destinationFailure explains why a session cannot be written to a profile.
func destinationFailure(name string, files profile.Files, fault *awsfiles.Fault) messages.Failure {
	at := place(files, fault)
	switch fault.Reason {
	case awsfiles.HoldsKeys:
		return messages.Fail(messages.DestinationHoldsKeysAt, name, at)
	case awsfiles.IsRole:
		return messages.Fail(messages.DestinationIsRole, name, at)
	case awsfiles.UsesSSO:
		return messages.Fail(messages.DestinationUsesSSO, name, at)
	case awsfiles.UsesLogin:
		return messages.Fail(messages.DestinationUsesLogin, name, at)
	}
	return messages.Fail(messages.DestinationRejected, name, fault.Name, at)
}

// noteSource prints the notes about the settings of SRC, one note for each reason.
func (r *run) noteSource() {
	for _, kind := range []struct {
		reason awsfiles.Reason
		note   messages.TextKey
	}{
		{reason: awsfiles.OneReader, note: messages.NoteOneReader},
		{reason: awsfiles.Decorated, note: messages.NoteDecorated},
		{reason: awsfiles.RoleUnused, note: messages.NoteRoleUnused},
	} {
		var names []string
		var first *awsfiles.Fault
		for _, fault := range r.from.Notes {
			if fault.Reason != kind.reason {
				continue
			}
			if first == nil {
				first = &fault
			}
			names = append(names, "`"+fault.Name+"`")
		}
		if first != nil {
			r.note(kind.note, r.source, strings.Join(names, ", "), place(r.files, first))
		}
	}
}
