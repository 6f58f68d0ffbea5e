package layout

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tasm/assembler"
	"tasm/diag"
	"tasm/internal/programs"
)

// TestVectors builds programs that compute in x87 and vector registers in every layout, and
// runs them: all exit with the status of the plain one. Golf keeps what these instructions
// are given, or says which instruction is in the way.
func TestVectors(t *testing.T) {
	for _, c := range []struct {
		name, source string
		status       int
		reason       string
	}{
		{"aligned", `target linux/amd64
			movaps xmm0, [rel v]
			addps xmm0, xmm0
			cvttss2si edi, xmm0
			mov eax, 60
			syscall
			section .data align=16
			v: dd 3.0, 1.0, 2.0, 4.0`, 6, "movaps"},
		{"order", `target linux/amd64
			movups xmm0, [rel v]
			addps xmm0, xmm0
			cvttss2si edi, xmm0
			mov eax, 60
			syscall
			section .data
			v: dd 3.0, 1.0, 2.0, 4.0`, 6, ""},
		{"x87", `target linux/386
			fld1
			fadd st0, st0
			fldpi
			faddp
			fistp dword [v]
			mov ebx, [v]
			mov eax, 1
			int 0x80
			section .data
			v: dd 0`, 5, ""},
	} {
		files := &diag.Files{}
		p, said := assembler.Assemble(files, files.Add(c.name, []byte(c.source)), assembler.Options{Instructions: true, ReadFile: os.ReadFile})
		if p == nil || said.Errors() > 0 {
			t.Fatal(said.Messages())
		}
		for name, build := range map[string]func() *File{
			"plain": func() *File { f, _ := Plain(p, Options{}); return f },
			"pack":  func() *File { f, _ := Pack(p, Options{}); return f },
			"golf":  func() *File { f, _ := Golf(p, Options{}); return f },
		} {
			f := build()
			if f == nil {
				t.Fatalf("%s: no %s file", c.name, name)
			}
			path := filepath.Join(t.TempDir(), name)
			if err := programs.Store(path, f.Bytes); err != nil {
				t.Fatal(err)
			}
			run := exec.Command(path)
			if err := run.Run(); run.ProcessState == nil || run.ProcessState.ExitCode() != c.status {
				t.Errorf("%s, %s: %v, not exit status %d", c.name, name, err, c.status)
			}
			if name == "golf" && c.reason != "" && !strings.Contains(strings.Join(f.Report.Reasons, "\n"), "uses "+c.reason) {
				t.Errorf("%s: %q does not name %s", c.name, f.Report.Reasons, c.reason)
			}
			if name == "golf" && c.reason == "" && (f.Report.Layout != "golf" || !strings.Contains(f.Report.Checked, "proved")) {
				t.Errorf("%s is laid out by %s, %s: %q", c.name, f.Report.Layout, f.Report.Checked, f.Report.Reasons)
			}
			if name == "pack" && f.Report.Layout != "pack" {
				t.Errorf("%s is laid out by %s", c.name, f.Report.Layout)
			}
		}
	}
}
