package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"strconv"
	"strings"
	"unicode"

	"tasm/diag"
	"tasm/spec"
)

// explanation is all that is wrong in a result, as text.
func explanation(s *Source, r *spec.Result) string {
	var b bytes.Buffer
	p := &printer{w: &b}
	for _, f := range r.Failures {
		p.messages(s.Files, []*diag.Message{f.Message}, false)
		p.diff(f.Diff, false)
	}
	return b.String()
}

// TAP writes the Test Anything Protocol, version 13 (testanything.org).
func TAP(w io.Writer, sources []*Source) error {
	out := &printer{w: w}
	count, n := 0, 0
	for _, s := range sources {
		count += max(len(s.Results), min(len(s.Broken), 1))
	}
	out.printf("TAP version 13\n1..%d\n", count)
	point := func(ok bool, name, why string) {
		n++
		state := "ok"
		if !ok {
			state = "not ok"
		}
		name = strings.ReplaceAll(plain(name), "\n", "?")
		// A number sign begins a directive.
		out.printf("%s %d - %s\n", state, n, strings.ReplaceAll(strings.ReplaceAll(name, `\`, `\\`), "#", `\#`))
		if why != "" {
			out.printf("  ---\n  message: |\n")
			for line := range strings.Lines(why) {
				out.printf("    %s\n", strings.TrimRight(line, "\n"))
			}
			out.printf("  ...\n")
		}
	}
	for _, s := range sources {
		if len(s.Broken) > 0 && len(s.Results) == 0 {
			point(false, s.Name, broken(s))
		}
		for _, r := range s.Results {
			point(r.Passed(), s.Name+": "+title(r), explanation(s, r))
		}
	}
	return out.err
}

// broken is why a source could not be tested, as text.
func broken(s *Source) string {
	var b bytes.Buffer
	(&printer{w: &b}).messages(s.Files, s.Broken, false)
	return b.String()
}

// The elements of JUnit's XML that are common to its readers.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name      string        `xml:"name,attr"`
		ClassName string        `xml:"classname,attr"`
		Time      string        `xml:"time,attr"` // seconds, without an exponent
		Failure   *junitFailure `xml:"failure"`
		Error     *junitFailure `xml:"error"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// JUnit writes the XML that JUnit's reports made common, a suite for each source.
func JUnit(w io.Writer, sources []*Source) error {
	all := junitSuites{}
	for _, s := range sources {
		suite := junitSuite{Name: s.Name}
		if len(s.Broken) > 0 {
			suite.Cases = append(suite.Cases, junitCase{Name: "can be tested", ClassName: s.Name, Time: "0",
				Error: &junitFailure{s.Broken[0].Text, plain(broken(s))}})
			suite.Errors++
		}
		for _, r := range s.Results {
			c := junitCase{Name: title(r), ClassName: s.Name, Time: strconv.FormatFloat(r.Elapsed.Seconds(), 'f', -1, 64)}
			if !r.Passed() {
				c.Failure = &junitFailure{r.Failures[0].Message.Text, plain(explanation(s, r))}
				suite.Failures++
			}
			suite.Cases = append(suite.Cases, c)
		}
		suite.Tests = len(suite.Cases)
		all.Tests += suite.Tests
		all.Failures += suite.Failures
		all.Errors += suite.Errors
		all.Suites = append(all.Suites, suite)
	}
	text, err := xml.MarshalIndent(all, "", "  ")
	if err == nil {
		_, err = io.WriteString(w, xml.Header+string(text)+"\n")
	}
	return err
}

// plain leaves out the characters that XML can't hold.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return '?'
		}
		return r
	}, s)
}

// The JSON of version 1: names stay the same, others may be added.
type (
	jsonReport struct {
		Version int          `json:"version"`
		Passed  bool         `json:"passed"`
		Sources []jsonSource `json:"sources"`
	}
	jsonSource struct {
		File   string            `json:"file"`
		Passed bool              `json:"passed"`
		Errors []json.RawMessage `json:"errors,omitempty"` // as --message-format json writes them
		Tests  []jsonTest        `json:"tests"`
	}
	jsonTest struct {
		Name     string        `json:"name"`
		Target   string        `json:"target"`
		Layout   string        `json:"layout"`
		Passed   bool          `json:"passed"`
		Size     int           `json:"size,omitempty"`  // bytes
		Steps    int64         `json:"steps,omitempty"` // instructions
		Where    string        `json:"where,omitempty"` // "vm" or "kernel"
		Failures []jsonFailure `json:"failures,omitempty"`
	}
	jsonFailure struct {
		Message json.RawMessage `json:"message"`
		Diff    string          `json:"diff,omitempty"`
	}
)

// JSON writes one object.
func JSON(w io.Writer, sources []*Source) error {
	all := jsonReport{Version: 1, Passed: true, Sources: []jsonSource{}}
	for _, s := range sources {
		js := jsonSource{File: s.Name, Passed: !s.Failed(), Tests: []jsonTest{}}
		for _, m := range s.Broken {
			js.Errors = append(js.Errors, raw(s.Files, m))
		}
		for _, r := range s.Results {
			t := jsonTest{Name: r.Case.Name, Target: r.Target, Layout: r.Layout, Passed: r.Passed(), Size: r.Size, Steps: r.Steps, Where: r.Where}
			for _, f := range r.Failures {
				t.Failures = append(t.Failures, jsonFailure{raw(s.Files, f.Message), f.Diff})
			}
			js.Tests = append(js.Tests, t)
		}
		all.Passed = all.Passed && js.Passed
		all.Sources = append(all.Sources, js)
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(all)
}

// raw is a message as JSON.
func raw(files *diag.Files, m *diag.Message) json.RawMessage {
	var b bytes.Buffer
	diag.JSON(&b, files, []*diag.Message{m})
	return bytes.TrimSpace(b.Bytes())
}
