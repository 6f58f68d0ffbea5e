package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// nasmLines are command lines that tasm nasm and nasm must obey alike: the same
// exit status, the same standard output and the same files.
var nasmLines = []string{
	"main.asm",
	"-f elf64 main.asm",
	"-felf64 -o out.o main.asm",
	"-f elf main.asm -o main.obj",
	"-f elfx32 -oout.o main.asm",
	"-f ELF64 main.asm",
	"-f elf64 -Dextra=7 -d more main.asm",
	"-f elf64 -D more -U more main.asm",
	"-f elf64 -D twice(x)=x*2 -D extra=twice(4) main.asm",
	"-f elf64 -p pre.inc main.asm",
	"-f elf64 -Ppre.inc -I sub main.asm",
	"-f elf64 --include pre.inc main.asm",
	"-f elf64 -i sub/ search.asm",
	"-f elf64 search.asm",
	"-f elf64 --prefix _ --postfix=_x --lprefix L_ main.asm",
	"-f elf64 --before extra_equ_equ_5: main.asm",
	"-f elf64 -O2 main.asm", "-f elf64 -Ox main.asm", "-f elf64 -Ov main.asm", "-O3 main.asm",
	"-f elf64 -w-all -w+error=orphan main.asm",
	"-f elf64 -Werror orphan.asm", "-f elf64 -w+error orphan.asm", "-f elf64 -w-label-orphan -Werror orphan.asm",
	"-@ response.txt main.asm",
	"-@ nosuch.txt main.asm",
	"-f ith flat.asm", "-f srec flat.asm", "-f srec high.asm", "-f ith high.asm", "-f srec top.asm", "-f ith top.asm",
	"-M main.asm", "-M -f elf64 -I sub search.asm", "-M -f elf64 -I nowhere/ -I sub/ search.asm", "-MG missing.asm", "-M missing.asm",
	"-f elf64 -MD deps.d main.asm", "-f elf64 -MD deps.d -MP -MT target main.asm",
	"-f elf64 -MD deps.d -MQ a$b main.asm -o x.o",
	"-M -MF deps.d main.asm", "-M -MF deps.d -MP main.asm -o y.o",
	"-f foo main.asm", "-k main.asm", "--bogus main.asm", "-o", "-f", "",
	"nosuch.asm", "main.asm pre.inc", "-o main.asm main.asm", "-X foo main.asm", "-Oz main.asm",
	"-f elf64 -F foo -g main.asm", "bad.asm", "-s bad.asm",
	"--limit-passes=9 main.asm", "--limit-rep 9 main.asm", "--reproducible -f elf64 main.asm",
	"-f elf64 --no-line main.asm", "-f elf32 -g -F stabs flat32.asm", "-f elf32 -g -F stabs --no-line flat32.asm", "-E -o out.i flat32.asm",
	"-O0 sizes.asm", "-O1 sizes.asm", "-O0 -f elf64 sizes.asm", "-O0v sizes.asm", "-O1 -Ox sizes.asm", "-O 0 sizes.asm",
	"-t main.asm", "-t -f elf64 turbo.asm", "-t -f obj -g turbo.asm", "-f elf64 turbo.asm", "--pragma foo main.asm",
	"-F stabs -f elf32 flat32.asm", "-O -f elf64 main.asm", "-O+ -f elf64 main.asm", "-Ox1v -f elf64 main.asm",
	"-Xmsvc -f elf64 main.asm", "-Xms bad.asm", "-Xgcc bad.asm", "-v", "--v", "-version", "--VERSION",
	"-MW -M main.asm", "-MW -MD deps.d -MP -MQ a$b -f elf64 main.asm", "-Mx main.asm", "-f elf64 main.asm -MD -MP", "-f elf64 main.asm -o x.o -MD -MP",
	"--Prefix _ -f elf64 main.asm", "--no-line=3 -f elf64 main.asm", "--reproducible=1 -f elf64 main.asm", "--debug -f elf64 main.asm",
	"--limit-foo 3 -f elf64 main.asm", "--limit-rep foo -f elf64 main.asm", "--limit-rep unlimited -f elf64 main.asm", "--limit- 3 -f elf64 main.asm",
	"-f elf64 --limit-rep 4 limits.asm", "-f elf64 --limit-rep 5 limits.asm", "-f elf64 --limit-lines 5 limits.asm", "-f elf64 --limit-macro-levels 3 limits.asm",
	"-f elf64 --limit-mmacros 3 limits.asm", "-f elf64 --limit-mmacros=5 limits.asm", "-f elf64 --limit-macro-tokens 2 limits.asm", "-f elf64 --limit-passes 100 limits.asm",
	"-f elf64 limits.asm -dstrict",
	"--keep-all -f elf64 bad.asm", "--keep-all -f elf64 late.asm", "-f elf64 late.asm",
	"-a -f elf64 main.asm", "-a -f elf64 ready.asm", "-a -f elf64 -Dmore ready.asm",
	"-o x.o -o y.o -f elf64 main.asm", "-l a.lst -l b.lst -f elf64 main.asm", "-w", "-L -f elf64 main.asm", "-W -f elf64 main.asm",
	"many.asm", "-E many.asm",
	"-f elf64 -g -F null main.asm", "-f obj -g -F null obj.asm", "-f obj -g obj.asm", "-f obj -F borland obj.asm", "@args.txt -s main.asm",
}

func nasmFiles(t *testing.T, dir string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(dir, "sub"), 0o777); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"main.asm":     "\tglobal main\n\textern other\nmain:\tmov eax, other\n%ifdef extra\n\tdd extra\n%endif\n%ifdef more\n\tdd 9\n%endif\n.local:\tret\n",
		"pre.inc":      "%define more\n",
		"sub/deep.inc": "\tdd 5\n",
		"search.asm":   "%include \"deep.inc\"\n\tincbin \"data.bin\"\n",
		"data.bin":     "abc",
		"missing.asm":  "%include \"never.inc\"\n",
		"flat.asm":     "\torg 0x100\nstart:\tmov ax, start\n\ttimes 70 db 0xab\n\tdb 1\n",
		"high.asm":     "\torg 0x1fff0\n\ttimes 100 db 1\nsection .data start=0x30000\n\tdb 5\n",
		"top.asm":      "\tbits 64\n\torg 0xffffffffffff0000\nstart:\tdq start\n%defstr format __?OUTPUT_FORMAT?__\n\tdb format\n",
		"many.asm":     strings.Repeat("\tmov eax, nowhere\n\tmov al, bx\n\tmov )\n", 1500),
		"orphan.asm":   "alone\n",
		"bad.asm":      "\tfoo bar, baz qux\n",
		"flat32.asm":   "bits 32\n nop\n%line 100+1 other.asm\n nop\n ret\n%line 7+0\n nop\n nop\n",
		"sizes.asm": "bits 32\nx: jmp x\n jmp y\n je x\n je y\n jmp short y\n je near x\n add eax, 1\n add ebx, -1\n add bx, 1\n push 1\n push dword 1\n push byte 1\n" +
			" imul eax, ebx, 5\n shl eax, 1\n mov eax, [ebx+y-x]\n add eax, y-x\n add eax, byte 1\ny: times 130 nop\n je y\n je x\n bits 16\n add ax, n\n push n\n jmp z\nz: bits 64\n" +
			" mov rax, 1\n mov rax, -1\n mov rax, n\n mov rcx, dword 5\n mov rcx, qword 5\n add rax, 1\n cmp qword [rax], n\n push n\n jmp z\n jnz w\nw: loop w\nn equ 5\n",
		"limits.asm": "%macro m 1\n%if %1\n m2 %1-1\n%endif\n nop\n%endmacro\n%macro m2 1\n%if %1\n m3 %1-1\n%endif\n nop\n%endmacro\n%macro m3 1\n%if %1\n m4 %1-1\n%endif\n nop\n%endmacro\n" +
			"%macro m4 1\n nop\n%endmacro\n%define a b\n%define b c\n%define c d\n%define d 5\n m 4\n%rep 5\n nop\n%endrep\n dd a, a\n%ifdef strict\n%pragma limit rep 2\n%rep 3\n nop\n%endrep\n%endif\n",
		"late.asm":  "\tmov rax, [foo]\n\tret\n",
		"ready.asm": "[section .data]\n%line 7+1 other.asm\nx: db 1\n[global x]\n%ifdef more\n",
		"obj.asm":   "segment code\n..start:\n\tret\n",
		"args.txt":  "-f elf64 -o named.o",
		"turbo.asm": "IDEAL\nP386\n include \"pre.inc\"\n bits 32\n ifdef more\nstart:\n@@loop: mov eax, [dword val]\n inc [byte es:ebx+4]\n jmp @@loop\n else\n hlt\n endif\n" +
			"other:\n@@loop: jmp @@loop\n jnz start@@loop\nIF 5 > 4\n fld [tword val]\nELIF 1\n hlt\nENDIF\n%macro m 1\n if %1\n db %1\n else\n db 99\n endif\n@@x: jmp @@x\n%endmacro\n m 0\nnext:\n m 5\n" +
			"@@y dd @@y, next@@x\n%push c\n%assign %$localsize 0\n%stacksize flat\nf:\n arg a:dword\n local b:dword\n mov eax, [a]\n mov [b], eax\n%pop\nval: dd 5\nend\n",
		"response.txt": "-f elf64\n-o named.o\n\n",
	} {
		writeText(t, filepath.Join(dir, name), text)
	}
}

// TestLikeNasm compares command lines with nasm.
func TestLikeNasm(t *testing.T) {
	real, err := exec.LookPath("nasm")
	if err != nil {
		t.Fatalf("this test needs nasm: %v", err)
	}
	back, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	defer os.Chdir(back)
	for _, line := range nasmLines {
		args := strings.Fields(line)
		theirDir, ourDir := t.TempDir(), t.TempDir()
		nasmFiles(t, theirDir)
		nasmFiles(t, ourDir)

		cmd := exec.Command(real, args...)
		cmd.Dir = theirDir
		var stdout bytes.Buffer
		cmd.Stdout = &stdout
		cmd.Run()

		os.Chdir(ourDir)
		ours := runTasm("", append([]string{"nasm"}, args...)...)
		os.Chdir(back)
		if status := cmd.ProcessState.ExitCode(); ours.status != status {
			t.Errorf("nasm %s: status %d, nasm has %d\n%s", line, ours.status, status, ours.stderr)
		}
		if !slices.Contains(args, "-s") && ours.stdout != stdout.String() {
			t.Errorf("nasm %s: prints %q, nasm prints %q", line, ours.stdout, stdout.String())
		}
		if diff := cmp.Diff(filesOf(t, theirDir), filesOf(t, ourDir)); diff != "" {
			t.Errorf("nasm %s: files differ (-nasm +tasm):\n%s", line, diff)
		}
	}
}

// filesOf returns the contents of all files below dir.
func filesOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		files[strings.TrimPrefix(path, dir)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestNasmMessages shows messages in the formats that build tools parse.
func TestNasmMessages(t *testing.T) {
	t.Chdir(t.TempDir())
	nasmFiles(t, ".")
	for _, c := range []struct{ args, stdout, stderr, file string }{
		{"-f elf64 bad.asm", "", "bad.asm:1: error: ", ""},
		{"-f elf64 -Xvc bad.asm", "", "bad.asm(1) : error: ", ""},
		{"-f elf64 -s bad.asm", "bad.asm:1: error: ", "", ""},
		{"-f elf64 -Z words.txt bad.asm", "", "", "bad.asm:1: error: "},
		{"-f elf64 orphan.asm", "", "orphan.asm:1: warning: ", ""},
		{"-f elf64 -Werror orphan.asm", "", "[-w+error=label-orphan]", ""},
		{"many.asm", "", "nasm: error: too many errors: stopped after 1000 (--max-errors 0 shows all)\n", ""},
		{"--max-errors 5 many.asm", "", "many.asm:9: error: expected a value, not ')'\nnasm: error: too many errors: stopped after 5 (--max-errors 0 shows all)\n", ""},
		{"--max-errors=0 many.asm", "", "many.asm:4499: error: mov does not go with these operands", ""},
		{"--max-errors -1 many.asm", "", "nasm: fatal: --max-errors takes a number, not `-1'\n", ""},
		{"-v", "NASM version 2.16.01", "", ""},
		{"--version", "NASM version 2.16.01", "", ""},
		{"-h", "-f format", "", ""},
		{"-hf", "elf64", "", ""},
		{"nosuch.asm", "", "nasm: fatal: unable to open input file `nosuch.asm' No such file or directory\n", ""},
		{"", "", "nasm: fatal: no input file specified\nType nasm -h for help.\n", ""},
	} {
		r := runTasm("", append([]string{"nasm"}, strings.Fields(c.args)...)...)
		words, _ := os.ReadFile("words.txt")
		for _, pair := range [][2]string{{r.stdout, c.stdout}, {r.stderr, c.stderr}, {string(words), c.file}} {
			if !strings.Contains(pair[0], pair[1]) || pair[1] == "" && pair[0] != "" {
				t.Errorf("nasm %s: %q, want %q", c.args, pair[0], pair[1])
			}
		}
		os.Remove("words.txt")
	}
}

// TestNasmFormats lists formats and debug formats in nasm's words.
func TestNasmFormats(t *testing.T) {
	ours := runTasm("", "nasm", "-hf").stdout
	for _, options := range []string{"-hf", "-y"} {
		theirs, err := exec.Command("nasm", options).Output()
		if err != nil {
			t.Fatal(err)
		}
		before, _, _ := strings.Cut(string(theirs), "-l listfile")
		_, list, _ := strings.Cut("-f format\n"+before, "-f format")
		for line := range strings.Lines(list) {
			indented := strings.HasPrefix(line, "       ")
			if indented && !strings.Contains(ours, line) {
				t.Errorf("nasm %s says %q, tasm nasm -hf does not", options, line)
			}
		}
	}
}

// TestNasmEnvironment takes options from NASMENV.
func TestNasmEnvironment(t *testing.T) {
	for text, want := range map[string][]string{
		"":                    nil,
		"-s -Ic:\\nasmlib":    {"-s", "-Ic:\\nasmlib"},
		"!-s!-Ia b!":          {"-s", "-Ia b"},
		"  -f elf64  -o  x.o": {" ", "-f", "elf64", "-o", "x.o"}, // split at the space in front
	} {
		got := splitEnvironment(text)
		if strings.HasPrefix(text, " ") {
			want = strings.Fields(text)
		}
		if !slices.Equal(got, want) {
			t.Errorf("NASMENV=%q gives %q, want %q", text, got, want)
		}
	}
}

// askAssembler are sources that ask the preprocessor for what only an assembler
// knows: the pass, the width of the code.
var askAssembler = []string{"misc.asm", "conditional.asm"}

// otherText are sources of which nasm -E writes another text: it keeps no blanks in
// ranges of parameters, and takes Ctrl-Z within a line for white space.
var otherText = []string{"concat.asm", "control_z.asm"}

// differ are sources of which nasm makes other bytes in any case.
var differ = []string{"compare.asm", "halfway.asm", "negated_string.asm"}

// TestNasmPreprocesses assembles what -E writes to the same bytes, and so does nasm.
func TestNasmPreprocesses(t *testing.T) {
	sources, err := filepath.Glob("../../test/conformance/testdata/*/*.asm")
	if err != nil || len(sources) == 0 {
		t.Fatal("there are no sources")
	}
	accepted, byNasm := 0, 0
	for _, source := range sources {
		if strings.Contains(source, "reject/") || slices.Contains(askAssembler, filepath.Base(source)) {
			continue
		}
		dir := t.TempDir()
		out := filepath.Join(dir, "out.i")
		include := "-I" + filepath.Dir(source)
		straight := runTasm("", "nasm", "-w-all", include, "-o", filepath.Join(dir, "a"), source)
		first := runTasm("", "nasm", "-w-all", include, "-E", "-o", out, source)
		if straight.status != 0 || first.status != 0 {
			continue // it asks for labels, which a preprocessor alone does not know
		}
		if text, err := exec.Command("nasm", "-w-all", include, "-E", source).Output(); err == nil && !slices.Contains(otherText, filepath.Base(source)) {
			if diff := cmp.Diff(string(text), filesOf(t, dir)["/out.i"]); diff != "" {
				t.Errorf("%s: -E writes another text (-nasm +tasm):\n%s", source, diff)
			}
		}
		if text, err := os.ReadFile(source); err != nil || strings.Contains(string(text), "%use smartalign") {
			continue // -E leaves its padding to NOPs, as in nasm
		}
		second := runTasm("", "nasm", "-w-all", include, "-o", filepath.Join(dir, "b"), out)
		files := filesOf(t, dir)
		if second.status != 0 || files["/a"] != files["/b"] {
			t.Errorf("%s: other bytes after -E\n%s", source, second.stderr)
			continue
		}
		accepted++
		real := filepath.Join(dir, "c")
		if exec.Command("nasm", "-w-all", include, "-o", real, out).Run() == nil {
			if filesOf(t, dir)["/c"] == files["/a"] {
				byNasm++
			} else if !slices.Contains(differ, filepath.Base(source)) && !strings.Contains(source, "/objects/") {
				t.Errorf("%s: nasm makes other bytes of what -E writes", source)
			}
		}
	}
	if accepted < 60 || byNasm < 60 {
		t.Errorf("only %d sources went through -E, and nasm takes %d of them", accepted, byNasm)
	}
}

// TestNasmPreprocessedText compares what -E writes of sources that depend on the options,
// or on an assembler that isn't there.
func TestNasmPreprocessedText(t *testing.T) {
	for _, c := range [][]string{
		{"bits 64\n%assign x 'abcdefgh'\ndq x, __?BITS?__\n"},
		{"%if 'abcdef' == 'abcd'\ndb 1\n%endif\n"},
		{"%pragma limit rep 100\n%pragma limit foo 3\n%pragma 5 6\n%pragma foo 6\n"},
		{"%line 5 '`x.asm'\nnop\n%line 9 'a  b'\nnop\n%line 2 `a'\"\\``\nnop\n"},
		{"%define foo 1\n%define five x y\n%pragma foo foo\n%pragma five  five ; z\n%define pre preproc\n%pragma pre z\n"},
		{"%if 0\n%line 10+5 other.asm\nx\n%endif\ndb __?FILE?__\ndw __?LINE?__\n"},
		{"%define e\ndb %str(e), %str(e a), %str({ a })\n"},
		{"%ifdef __?DEBUG_FORMAT?__\ndb 1\n%endif\n%defstr s __?DEBUG_FORMAT?__\ndb s\n", "-g"},
		{"%ifdef __DEBUG_FORMAT__\ndb 1\n%endif\n%defstr s __DEBUG_FORMAT__\ndb s\n", "-f", "elf64"},
		{"%ifdef __DEBUG_FORMAT__\ndb 1\n%endif\n%defstr s __DEBUG_FORMAT__\ndb s\n", "-f", "elf64", "-g"},
		{"%defstr s __?DEBUG_FORMAT?__\ndb s\n", "-f", "elf32", "-F", "STABS"},
		{"%defstr s __?DEBUG_FORMAT?__\ndb s\n", "-f", "win64", "-g"},
	} {
		dir := t.TempDir()
		source := filepath.Join(dir, "a.asm")
		if err := os.WriteFile(source, []byte(c[0]), 0o644); err != nil {
			t.Fatal(err)
		}
		args := append(c[1:len(c):len(c)], "-E", source)
		theirs, err := exec.Command("nasm", args...).Output()
		if err != nil {
			t.Fatal(err)
		}
		if ours := runTasm("", append([]string{"nasm"}, args...)...); ours.stdout != string(theirs) {
			t.Errorf("%q, %q:\n%s", c[0], c[1:], cmp.Diff(string(theirs), ours.stdout))
		}
	}
}

// TestNasmListings compares listings with nasm's.
func TestNasmListings(t *testing.T) {
	for _, options := range []string{"", "-Lde", "-Lmw"} {
		compareListings(t, options)
	}
}

// compareListings compares listings with the options of -L.
func compareListings(t *testing.T, options string) {
	t.Helper()
	for _, folder := range []string{"memory", "labels", "jumps", "structures", "sections", "modes", "elf32", "objects", "include"} {
		sources, err := filepath.Glob("../../test/conformance/testdata/" + folder + "/*.asm")
		if err != nil || len(sources) == 0 {
			t.Fatalf("there are no sources in %s", folder)
		}
		for _, source := range sources {
			dir := t.TempDir()
			ours, theirs, out := filepath.Join(dir, "ours"), filepath.Join(dir, "theirs"), filepath.Join(dir, "out")
			args := []string{"-w-all", "-f", "elf64", "-I" + filepath.Dir(source) + "/", "-o", out, source}
			if options != "" {
				args = append(args, options)
			}
			args = append(args, "-l")
			if exec.Command("nasm", append(args, theirs)...).Run() != nil {
				continue // it is for another format
			}
			if r := runTasm("", append(append([]string{"nasm"}, args...), ours)...); r.status != 0 {
				t.Errorf("%s: %s", source, r.stderr)
				continue
			}
			files := filesOf(t, dir)
			if diff := cmp.Diff(files["/theirs"], files["/ours"]); diff != "" {
				t.Errorf("%s: the listing differs (-nasm +tasm):\n%s", source, diff)
			}
		}
	}
}

// TestNasmListingsOfMistakes compares what is listed of sources with mistakes, except
// the messages: a line that can't be read leaves lengths with -Lp and no listing
// without, an error that the source asks for neither.
func TestNasmListingsOfMistakes(t *testing.T) {
	const source = "a:\tnop\n\ttimes 3 mov eax, ebx\n\tresb 20\n\tjmp b\n\tMISTAKE\n%macro m 1\n\t; in front\n\n\tmov al, %1\n\n\t; behind\n%endmacro\n\tm 5\n\talign 8\nb:\tdd a\n%macro q 0.nolist\n nop\n db 1,2\n mov eax, b\n dw 1\n dw 2\n%endmacro\n\tq\n\ttimes 4 dw 7, 8\n"
	for _, mistake := range []string{"mov eax, (", "%error no", "mov eax"} {
		dir := t.TempDir()
		name := filepath.Join(dir, "main.asm")
		writeText(t, name, strings.ReplaceAll(source, "MISTAKE", mistake))
		for _, options := range []string{"-w-all", "-Lp", "-Lpmd"} {
			args := []string{"-f", "elf64", options, "-o", filepath.Join(dir, "out"), name, "-l"}
			exec.Command("nasm", append(args, filepath.Join(dir, "theirs"))...).Run()
			runTasm("", append(append([]string{"nasm"}, args...), filepath.Join(dir, "ours"))...)
			files := filesOf(t, dir)
			theirs, ours := files["/theirs"], files["/ours"]
			if diff := cmp.Diff(withoutMessages(theirs), withoutMessages(ours)); diff != "" || (theirs == "") != (ours == "") {
				t.Errorf("%s, %s: the listing differs (-nasm +tasm):\n%s", mistake, options, diff)
			}
			os.Remove(filepath.Join(dir, "theirs"))
			os.Remove(filepath.Join(dir, "ours"))
		}
	}
}

// withoutMessages is a listing without the lines of messages.
func withoutMessages(listing string) string {
	var b strings.Builder
	for line := range strings.Lines(listing) {
		if !strings.Contains(line, "******") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// TestNasmAsYasm takes yasm's spelling of the usual options, in any order.
func TestNasmAsYasm(t *testing.T) {
	const elf32, elf64, win64 = "\x7fELF\x01", "\x7fELF\x02", "\x64\x86"
	for options, want := range map[string]string{
		"-f elf":                                    elf32,
		"-f elf -m amd64":                           elf64,
		"-m amd64 -f elf":                           elf64,
		"-m amd64 -f win -g cv8":                    win64,
		"-f x64":                                    win64,
		"-p nasm -f elf64 -g dwarf2":                elf64,
		"-r nasm --parser=nasm --oformat=elf64":     elf64,
		"--arch=x86 --machine=amd64 --lformat=nasm": elf64,
		"-f elf32 -g stabs":                         elf32,
		"-g null -f elf":                            elf32,
	} {
		dir := t.TempDir()
		source := filepath.Join(dir, "a.asm")
		if err := os.WriteFile(source, []byte("section .text\nglobal f\nf: ret\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		r := runTasm("", append(append([]string{"nasm"}, strings.Fields(options)...), "-o", filepath.Join(dir, "a.o"), source)...)
		if object := filesOf(t, dir)["/a.o"]; r.status != 0 || !strings.HasPrefix(object, want) {
			t.Errorf("%s: %q, want %q\n%s", options, object[:min(len(object), 8)], want, r.stderr)
		}
	}
}
