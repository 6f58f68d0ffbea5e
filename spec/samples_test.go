package spec_test

import (
	"context"
	"os"
	"testing"

	"tasm/assembler"
	"tasm/diag"
	"tasm/internal/samples"
	"tasm/spec"
)

// TestSamples runs the samples in the virtual machine, as written and packed.
func TestSamples(t *testing.T) {
	const folder = "../samples/"
	list, err := samples.Read(folder)
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, s := range list {
		text, err := os.ReadFile(folder + s.Source)
		if err != nil {
			t.Fatal(err)
		}
		files := &diag.Files{}
		p := &spec.Program{Files: files, ID: files.Add(s.Source, text), Assemble: assembler.Options{ReadFile: os.ReadFile}}
		for _, layout := range []string{"plain", "pack"} {
			r := &spec.Runner{Program: p, Limits: spec.Defaults, Choice: layout}
			for _, c := range s.Cases {
				if c.NoRun {
					continue // TestSampleProducts has the sizes
				}
				for _, result := range r.Run(context.Background(), c) {
					ran++
					for _, f := range result.Failures {
						t.Errorf("%s, %s: %s: %s\n%s", s.Source, layout, c.Name, f.Message.Text, f.Diff)
					}
				}
			}
		}
	}
	if ran < 40 {
		t.Errorf("only %d runs", ran)
	}
}
