package awsfiles

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

// An Edit is a new text for one of the files.
type Edit struct {
	File File
	Text []byte // nil if the file needs no change
	line int    // the line that changes, or the header of the section that gets a new line
}

// SetSerial returns an edit that sets the mfa_serial of the profile called name for both readers. Neither reader sees
// anything else change, and only the bytes of the setting change. The error is a *Fault.
//
// SetSerial changes an existing setting, in the credentials file if it is in both. A new setting goes into the config
// file. Sometimes no line there works: no header in the config file can name a profile with a space for both readers,
// and a new section there would hide the endpoint_url of a profile in the credentials file from the SDK. Then the
// setting goes into the profile's section of the credentials file.
func SetSerial(files Files, name, serial string) (Edit, error) {
	profile := Read(files).Profile(name)
	if fault := profile.unreadable(); fault != nil {
		return Edit{}, fault
	}
	if profile.hasSerial(serial) {
		return Edit{File: profile.Botocore.Values[MFASerial].Place.File}, nil
	}
	before := everything(files)
	var first *Fault
	for _, edit := range slices.Concat(
		files.replacing(CredentialsFile, name, serial),
		files.replacing(ConfigFile, name, serial),
		files.adding(ConfigFile, name, serial),
		[]Edit{files.appending(name, serial)},
		files.adding(CredentialsFile, name, serial),
	) {
		fault := files.judge(edit, before, name, serial)
		if fault == nil {
			return edit, nil
		}
		first = cmp.Or(first, fault)
	}
	return Edit{}, first
}

// Header returns the line that begins the section of a profile.
func Header(file File, name string) string {
	if file == ConfigFile && name != "default" {
		if strings.Contains(name, " ") {
			name = `"` + name + `"`
		}
		name = "profile " + name
	}
	return "[" + name + "]"
}

func (p Profile) hasSerial(serial string) bool {
	return p.Botocore.Text(MFASerial) == serial && p.SDK.Text(MFASerial) == serial
}

func (f Files) lines(file File) []string {
	text := f.Config
	if file == CredentialsFile {
		text = f.Credentials
	}
	return slices.Collect(strings.Lines(string(text)))
}

func (f Files) with(edit Edit) Files {
	if edit.File == CredentialsFile {
		f.Credentials = edit.Text
	} else {
		f.Config = edit.Text
	}
	return f
}

// replacing returns the edits that change an existing mfa_serial.
func (f Files) replacing(file File, name, serial string) (edits []Edit) {
	lines := f.lines(file)
	for _, s := range spans(file, lines, name) {
		for at := s.header + 1; at < s.end; at++ {
			if settingName(lines[at]) == MFASerial {
				edits = append(edits, edited(file, replaced(lines, at, serial), at))
			}
		}
	}
	return edits
}

// replaced returns the lines with a new value in line at, without the lines that continue the old value.
func replaced(lines []string, at int, serial string) []string {
	old := lines[at]
	value := strings.IndexAny(old, "=:") + 1
	value += len(old[value:]) - len(strings.TrimLeft(old[value:], " \t"))
	changed := slices.Concat(lines[:at], []string{old[:value] + serial + lineEnd(old)})
	for rest := lines[at+1:]; ; rest = rest[1:] {
		switch {
		case len(rest) == 0:
			return changed
		case isFiller(rest[0]):
			changed = append(changed, rest[0])
		case isHeader(rest[0]), indentation(rest[0]) <= indentation(old):
			return append(changed, rest...)
		}
	}
}

// adding returns the edits that put the setting after the last one of a section. One of them indents it like the next
// line, so that the next line does not continue its value.
func (f Files) adding(file File, name, serial string) (edits []Edit) {
	lines := f.lines(file)
	for _, s := range spans(file, lines, name) {
		last := s.header
		for at := s.header + 1; at < s.end; at++ {
			if !isFiller(lines[at]) {
				last = at
			}
		}
		indents := []string{""}
		rest := slices.DeleteFunc(slices.Clone(lines[last+1:]), isFiller)
		if len(rest) > 0 && indentation(rest[0]) > 0 {
			indents = append(indents, rest[0][:len(rest[0])-len(strings.TrimLeftFunc(rest[0], pythonSpace))])
		}
		end := cmp.Or(lineEnd(lines[s.header]), lineEnd(lines[0]), "\n")
		for _, indent := range indents {
			line := indent + MFASerial + " = " + serial + end
			text := slices.Concat(ended(lines[:last+1], end), []string{line}, lines[last+1:])
			edits = append(edits, edited(file, text, s.header))
		}
	}
	return edits
}

// appending returns the edit that puts a new section at the end of the config file.
func (f Files) appending(name, serial string) Edit {
	lines, end := f.lines(ConfigFile), "\n"
	if len(lines) > 0 {
		end = cmp.Or(lineEnd(lines[0]), end)
	}
	text := ended(lines, end)
	if len(lines) > 0 && strings.TrimSpace(lines[len(lines)-1]) != "" {
		text = append(text, end)
	}
	text = append(text, Header(ConfigFile, name)+end, MFASerial+" = "+serial+end)
	return edited(ConfigFile, text, max(len(lines)-1, 0))
}

func edited(file File, lines []string, at int) Edit {
	return Edit{File: file, Text: []byte(strings.Join(lines, "")), line: at + 1}
}

// ended returns the lines, with a line end after the last one.
func ended(lines []string, end string) []string {
	lines = slices.Clone(lines)
	if len(lines) > 0 && lineEnd(lines[len(lines)-1]) == "" {
		lines[len(lines)-1] += end
	}
	return lines
}

func lineEnd(line string) string {
	for _, end := range []string{"\r\n", "\n"} {
		if strings.HasSuffix(line, end) {
			return end
		}
	}
	return ""
}

// A span is a section: the lines from its header to the next one.
type span struct{ header, end int }

// spans returns the sections that at least one reader assigns to a profile. The last one comes first, because it
// counts.
func spans(file File, lines []string, name string) (found []span) {
	end := len(lines)
	for at, line := range slices.Backward(lines) {
		if !isHeader(line) {
			continue
		}
		botocore, sdk := headersProfile(file, strings.TrimFunc(line, pythonSpace))
		if name == botocore || name == sdk {
			found = append(found, span{header: at, end: end})
		}
		end = at
	}
	return found
}

// isHeader reports whether some reader may read the line as a header.
func isHeader(line string) bool {
	text := strings.TrimFunc(line, pythonSpace)
	return strings.HasPrefix(text, "[") && strings.Contains(text, "]")
}

// isFiller reports whether the line is blank or a comment.
func isFiller(line string) bool {
	text := strings.TrimFunc(line, pythonSpace)
	return text == "" || text[0] == '#' || text[0] == ';'
}

func indentation(line string) int {
	return utf8.RuneCountInString(line) - utf8.RuneCountInString(strings.TrimLeftFunc(line, pythonSpace))
}

// settingName returns the name of the setting in a line, or "" if there is none.
func settingName(line string) string {
	at := strings.IndexAny(line, "=:")
	if at < 0 || isFiller(line) || isHeader(line) {
		return ""
	}
	return pythonLower(strings.TrimFunc(line[:at], pythonSpace))
}

// judge returns a fault if a reader would not see the setting after the edit, or would see something else change.
func (f Files) judge(edit Edit, before map[spot]Value, name, serial string) *Fault {
	fault := &Fault{Reason: Unsettable, Place: Place{File: edit.File, Line: edit.line}, Name: MFASerial}
	after := f.with(edit)
	profile := Read(after).Profile(name)
	if profile.unreadable() != nil || !profile.hasSerial(serial) {
		return fault
	}
	changed := changes(before, everything(after), name)
	for _, spot := range changed {
		if place := before[spot].Place; place.Line > 0 {
			fault.Place, fault.Name = place, spot.setting
			return fault
		}
	}
	if len(changed) > 0 {
		return fault
	}
	return nil
}

// A spot is where a reader sees a value: a setting, a nested setting, or the section itself.
type spot struct {
	reader  string // and the file or sections that it reads
	section string
	profile string // the profile that the section describes, "" for none
	setting string // "" for the section itself
	nested  string
}

// changes returns the spots whose values differ, except the mfa_serial of a profile and a new section for it.
func changes(before, after map[spot]Value, name string) (found []spot) {
	isIntended := func(s spot) bool { return s.profile == name && (s.setting == MFASerial || s.setting == "") }
	for s, value := range before {
		if now, exists := after[s]; !isIntended(s) && (!exists || now.Text != value.Text) {
			found = append(found, s)
		}
	}
	for s := range after {
		if _, existed := before[s]; !isIntended(s) && !existed {
			found = append(found, s)
		}
	}
	slices.SortFunc(found, func(a, b spot) int { return cmp.Compare(before[a].Place.Line, before[b].Place.Line) })
	return found
}

// everything returns all values that both readers see, in each file and after merging the files.
func everything(files Files) map[spot]Value {
	seen := map[spot]Value{}
	for file, text := range [][]byte{ConfigFile: files.Config, CredentialsFile: files.Credentials} {
		file := File(file)
		sections, _ := parseBotocore(file, text)
		for _, s := range sections {
			profile, _ := headersProfile(file, "["+s.name+"]")
			s.note(seen, spot{reader: "botocore " + file.String(), section: s.name, profile: profile}, file)
		}
		parsed, _ := parseSDK(file, text)
		for name, s := range parsed {
			_, profile := headersProfile(file, "["+name+"]")
			s.note(seen, spot{reader: "sdk " + file.String(), section: name, profile: profile})
		}
	}
	merged := readBotocore(files)
	for name, s := range merged.profiles {
		s.note(seen, spot{reader: "botocore profile", section: name, profile: name}, ConfigFile)
	}
	for name, s := range merged.services {
		s.note(seen, spot{reader: "botocore services", section: name}, ConfigFile)
	}
	for name, s := range readSDK(files).sections {
		s.note(seen, spot{reader: "sdk profile", section: name, profile: name})
	}
	return seen
}

func (s *section) note(seen map[spot]Value, at spot, file File) {
	seen[at] = Value{}
	for name, e := range s.values {
		at.setting = name
		seen[at] = e.value(file)
	}
}

func (s *sdkSection) note(seen map[spot]Value, at spot) {
	seen[at] = Value{}
	for name, value := range s.values {
		at.setting, at.nested = name, ""
		seen[at] = value.Value
		for nested, value := range value.nested {
			at.nested = nested
			seen[at] = value
		}
	}
}
