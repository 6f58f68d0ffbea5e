package report

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"strings"
	"testing"

	"tasm/diag"
	"tasm/spec"
)

// source returns results with all that is hard to write: control characters, quotes,
// number signs, bytes that are no UTF-8.
func source() *Source {
	files := &diag.Files{}
	id := files.Add("a&b.tasm", []byte(";; test \"<#\x01>\"\n"))
	m := diag.Errorf(diag.Range{File: id, Start: 3, End: 7}, "standard output \x1b[31m differs & \xff")
	c := &spec.Case{Name: "<#\x01> \"\\ ]]>"}
	return &Source{Name: "a&b.tasm", Files: files, Results: []*spec.Result{
		{Case: c, Target: "linux/386", Layout: "plain", Failures: []spec.Failure{{Message: m, Diff: "-a\x02\n+b\n"}}},
		{Case: &spec.Case{Name: "passes"}, Size: 1, Steps: 1},
	}}
}

// TestFormats reads back what is written for programs.
func TestFormats(t *testing.T) {
	write := func(f func(io.Writer, []*Source) error) string {
		var b strings.Builder
		if err := f(&b, []*Source{source()}); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	var suites junitSuites
	if text := write(JUnit); xml.Unmarshal([]byte(text), &suites) != nil || suites.Tests != 2 || suites.Failures != 1 ||
		suites.Suites[0].Cases[0].Failure == nil || suites.Suites[0].Cases[1].Failure != nil {
		t.Errorf("JUnit XML:\n%s", text)
	}
	var all jsonReport
	if text := write(JSON); json.Unmarshal([]byte(text), &all) != nil || all.Passed || len(all.Sources[0].Tests) != 2 ||
		all.Sources[0].Tests[0].Name != "<#\x01> \"\\ ]]>" {
		t.Errorf("JSON:\n%s", text)
	}
	tap := strings.Split(write(TAP), "\n")
	if tap[1] != "1..2" || !strings.HasPrefix(tap[2], `not ok 1 - a&b.tasm: <\#`) || !strings.HasPrefix(tap[len(tap)-2], "ok 2 - a&b.tasm: passes") {
		t.Errorf("TAP:\n%s", strings.Join(tap, "\n"))
	}
}

// TestSummary counts.
func TestSummary(t *testing.T) {
	one, broken := source(), &Source{Broken: []*diag.Message{diag.Errorf(diag.Range{}, "no")}}
	passed := &Source{Results: one.Results[1:]}
	for want, list := range map[string][]*Source{
		"1 of 2 tests failed":                               {one},
		"1 of 2 tests failed, 1 source could not be tested": {one, broken},
		"1 test passed":                                     {passed},
		"1 source could not be tested":                      {broken},
	} {
		if got := Summary(list); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
