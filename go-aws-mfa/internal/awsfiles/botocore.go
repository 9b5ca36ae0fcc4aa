package awsfiles

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// botocoreFiles are both files as botocore parses them, in configloader.py with Python's RawConfigParser.
type botocoreFiles struct {
	broken      *Fault
	profiles    map[string]*section // of the config file
	services    map[string]*section
	credentials map[string]*section
}

type section struct {
	name   string
	values map[string]*entry
	order  []string
}

// An entry is a setting. Text that begins with a line feed is a block of nested settings.
type entry struct {
	lines   []string
	numbers []int // line numbers
	text    string
	nested  map[string]Value
}

func readBotocore(files Files) botocoreFiles {
	config, broken := parseBotocore(ConfigFile, files.Config)
	credentials, alsoBroken := parseBotocore(CredentialsFile, files.Credentials)
	if broken == nil {
		broken = alsoBroken
	}
	b := botocoreFiles{
		broken:      broken,
		profiles:    map[string]*section{},
		services:    map[string]*section{},
		credentials: map[string]*section{},
	}
	if broken != nil {
		return b
	}
	for _, s := range config {
		switch {
		case strings.HasPrefix(s.name, "profile"): // "profiles x" too
			addNamed(b.profiles, s)
		case strings.HasPrefix(s.name, "sso-session"):
		case strings.HasPrefix(s.name, "services"):
			addNamed(b.services, s)
		case s.name == "default":
			b.profiles[s.name] = s
		}
	}
	for _, s := range credentials {
		b.credentials[s.name] = s
	}
	return b
}

// addNamed adds the section under the second word of its header, if the header has two shell words. A later section
// replaces an earlier one.
func addNamed(sections map[string]*section, s *section) {
	if words, ok := shellWords(s.name); ok && len(words) == 2 {
		sections[words[1]] = s
	}
}

func (b botocoreFiles) view(name string) View {
	v := View{Broken: b.broken, Values: map[string]Value{}}
	config, credentials := b.profiles[name], b.credentials[name]
	v.Exists = config != nil || credentials != nil
	for _, setting := range plainSettings {
		for file, s := range []*section{ConfigFile: config, CredentialsFile: credentials} {
			if e := s.plain(setting); e != nil {
				v.Values[setting] = e.value(File(file))
			}
		}
	}
	partial := b.keys(name, v.Values)
	if v.Rejected = b.endpoints(v.Values); v.Rejected == nil {
		v.Rejected = partial // last, because a login fixes it
	}
	return v
}

// keys sets the keys and tokens to those of one section, because botocore does not combine those of two files.
func (b botocoreFiles) keys(name string, values map[string]Value) *Fault {
	file, s := CredentialsFile, b.credentials[name]
	if s.plain(AccessKeyID) == nil {
		file, s = ConfigFile, b.profiles[name]
	}
	if s.plain(AccessKeyID) == nil {
		return nil
	}
	for _, setting := range []string{AccessKeyID, SecretAccessKey, SessionToken, SecurityToken} {
		delete(values, setting)
		if e := s.plain(setting); e != nil {
			values[setting] = e.value(file)
		}
	}
	if s.plain(SecretAccessKey) == nil {
		return &Fault{Reason: PartialKeys, Place: values[AccessKeyID].Place, Name: SecretAccessKey}
	}
	return nil
}

func (b botocoreFiles) endpoints(values map[string]Value) *Fault {
	named, ok := values[Services]
	if !ok {
		return nil
	}
	s := b.services[named.Text]
	if s == nil || len(s.order) == 0 {
		return &Fault{Reason: ServicesMissing, Place: named.Place, Name: named.Text}
	}
	for setting, service := range map[string]string{ServicesSTS: "sts", ServicesIAM: "iam"} {
		if e := s.values[service]; e != nil {
			if value, ok := e.nested["endpoint_url"]; ok {
				values[setting] = value
			}
		}
	}
	return nil
}

// plain returns a setting that is not a block of nested settings, or nil if there is none.
func (s *section) plain(name string) *entry {
	if s == nil {
		return nil
	}
	if e := s.values[name]; e != nil && e.nested == nil {
		return e
	}
	return nil
}

func (e *entry) value(file File) Value {
	return Value{Text: e.text, Place: Place{File: file, Line: e.numbers[0]}}
}

// parseBotocore returns the sections of a file in their order.
func parseBotocore(file File, data []byte) ([]*section, *Fault) {
	if fault := undecodable(file, data); fault != nil {
		return nil, fault
	}
	p := iniParser{
		file:     file,
		defaults: &section{name: "DEFAULT", values: map[string]*entry{}},
		seen:     map[string]bool{},
	}
	text := strings.ReplaceAll(strings.ReplaceAll(string(data), "\r\n", "\n"), "\r", "\n")
	number := 0
	for line := range strings.Lines(text) {
		number++
		if fault := p.line(number, strings.TrimSuffix(line, "\n")); fault != nil {
			return nil, fault
		}
	}
	if p.odd != nil {
		return nil, p.odd
	}
	return p.finished()
}

func undecodable(file File, data []byte) *Fault {
	fault := &Fault{Place: Place{File: file, Line: 1}}
	switch text := string(data); {
	case strings.HasPrefix(text, "\xff\xfe") || strings.HasPrefix(text, "\xfe\xff"):
		fault.Reason = UTF16
	case !utf8.ValidString(text):
		fault.Reason = NotText
		fault.Place.Line = lineOfInvalid(text)
	case strings.HasPrefix(text, "\ufeff"):
		fault.Reason = ByteOrderMark
	default:
		return nil
	}
	return fault
}

func lineOfInvalid(text string) int {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	number := 1
	for line := range strings.Lines(text) {
		if !utf8.ValidString(line) {
			break
		}
		number++
	}
	return number
}

// An iniParser works like Python's RawConfigParser in strict mode.
type iniParser struct {
	file     File
	sections []*section
	defaults *section // [DEFAULT], whose settings apply to every section
	current  *section
	option   string // the setting that an indented line continues
	indent   int
	seen     map[string]bool // sections, and settings of sections
	odd      *Fault          // the first line that is not a setting: Python reports it at the end
}

func (p *iniParser) line(number int, line string) *Fault {
	text := strings.TrimFunc(line, pythonSpace)
	continues := p.current != nil && p.option != ""
	if text == "" {
		if continues {
			p.extend(number, "")
		}
		return nil
	}
	if text[0] == '#' || text[0] == ';' {
		return nil
	}
	indent := utf8.RuneCountInString(line) - utf8.RuneCountInString(strings.TrimLeftFunc(line, pythonSpace))
	if continues && indent > p.indent {
		p.extend(number, text)
		return nil
	}
	p.indent = indent
	if end := strings.LastIndexByte(text, ']'); text[0] == '[' && end > 1 {
		return p.header(number, text[1:end])
	}
	if p.current == nil {
		return p.fault(OutsideSection, number, "")
	}
	return p.setting(number, text)
}

func (p *iniParser) extend(number int, text string) {
	e := p.current.values[p.option]
	e.lines = append(e.lines, text)
	e.numbers = append(e.numbers, number)
}

func (p *iniParser) header(number int, name string) *Fault {
	p.option = ""
	if name == p.defaults.name {
		p.current = p.defaults
		return nil
	}
	if p.seen[name] {
		return p.fault(DuplicateSection, number, name)
	}
	p.seen[name] = true
	p.current = &section{name: name, values: map[string]*entry{}}
	p.sections = append(p.sections, p.current)
	return nil
}

func (p *iniParser) setting(number int, text string) *Fault {
	at := strings.IndexAny(text, "=:")
	if at <= 0 && p.odd == nil {
		p.odd = p.fault(NotASetting, number, "")
	}
	if at < 0 {
		return nil
	}
	name := pythonLower(strings.TrimRightFunc(text[:at], pythonSpace))
	id := p.current.name + "\n" + name
	if p.seen[id] {
		return p.fault(DuplicateSetting, number, name)
	}
	p.seen[id] = true
	p.option = name
	value := strings.TrimFunc(text[at+1:], pythonSpace)
	p.current.order = append(p.current.order, name)
	p.current.values[name] = &entry{lines: []string{value}, numbers: []int{number}}
	return nil
}

func (p *iniParser) finished() ([]*section, *Fault) {
	for _, s := range p.sections {
		for _, name := range p.defaults.order {
			if s.values[name] == nil {
				s.order = append(s.order, name)
				s.values[name] = p.defaults.values[name]
			}
		}
		for _, name := range s.order {
			if fault := p.join(s.values[name]); fault != nil {
				return nil, fault
			}
		}
	}
	return p.sections, nil
}

// join sets the text of an entry, or its nested settings.
func (p *iniParser) join(e *entry) *Fault {
	e.text = strings.TrimRightFunc(strings.Join(e.lines, "\n"), pythonSpace)
	if !strings.HasPrefix(e.text, "\n") {
		return nil
	}
	e.nested = map[string]Value{}
	for i, line := range e.lines {
		for _, part := range strings.FieldsFunc(line, pythonLineEnd) {
			part = strings.TrimFunc(part, pythonSpace)
			if part == "" {
				continue
			}
			name, value, ok := strings.Cut(part, "=")
			if !ok {
				return p.fault(NestedLine, e.numbers[i], "")
			}
			e.nested[strings.TrimFunc(name, pythonSpace)] = Value{
				Text:  strings.TrimFunc(value, pythonSpace),
				Place: Place{File: p.file, Line: e.numbers[i]},
			}
		}
	}
	return nil
}

func (p *iniParser) fault(reason Reason, number int, name string) *Fault {
	return &Fault{Reason: reason, Place: Place{File: p.file, Line: number}, Name: name}
}

// pythonSpace works like str.isspace.
func pythonSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }

// pythonLineEnd reports whether str.splitlines splits at r.
func pythonLineEnd(r rune) bool {
	return r >= '\n' && r <= '\r' || r >= 0x1c && r <= 0x1e || r == 0x85 || r == 0x2028 || r == 0x2029
}

// pythonLower works like str.lower.
func pythonLower(s string) string {
	return strings.ToLower(strings.ReplaceAll(s, "İ", "i̇")) // strings.ToLower returns a plain i for it
}

// shellWords splits text like shlex.split. It returns false for an unclosed quotation or a backslash at the end.
func shellWords(text string) (words []string, ok bool) {
	var word []rune
	var quote rune
	began, escaped := false, false
	for _, r := range text {
		switch {
		case escaped:
			if quote != 0 && r != quote && r != '\\' {
				word = append(word, '\\')
			}
			word, escaped = append(word, r), false
		case r == '\\' && quote != '\'':
			began, escaped = true, true
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word = append(word, r)
		case r == '\'' || r == '"':
			began, quote = true, r
		case strings.ContainsRune(" \t\r\n", r):
			if began {
				words, word, began = append(words, string(word)), nil, false
			}
		default:
			word, began = append(word, r), true
		}
	}
	if quote != 0 || escaped {
		return nil, false
	}
	if began {
		words = append(words, string(word))
	}
	return words, true
}
