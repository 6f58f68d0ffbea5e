package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// kind is a kind of large source that assemblers are timed on.
type kind struct {
	name string
	text func(lines int) string
	// others are the assemblers beside nasm that read it: fasm after a change of words.
	others []string
	// wrong sources have an error in each line: all that counts is the time.
	wrong bool
}

var sourceKinds = []kind{
	{name: "plain", text: plainText, others: []string{"yasm", "fasm"}},
	{name: "macros", text: macroText, others: []string{"yasm"}},
	{name: "SSE and AVX", text: vectorText},
	{name: "data", text: dataText, others: []string{"yasm"}},
	{name: "errors", text: errorText, wrong: true},
}

// kinds times the assemblers on each kind of source, and checks that they agree.
func kinds(dir, tasm string) error {
	for _, k := range sourceKinds {
		text := k.text(*lines)
		source := filepath.Join(dir, "source.asm")
		if err := os.WriteFile(source, []byte(text), 0o644); err != nil {
			return err
		}
		output := func(name string) string { return filepath.Join(dir, name+".bin") }
		contestants := []*contestant{
			command("tasm", tasm, "nasm", "-f", "bin", "-o", output("tasm"), source),
			command("nasm", "nasm", "-f", "bin", "-o", output("nasm"), source),
		}
		for _, name := range k.others {
			if _, err := exec.LookPath(name); err != nil {
				continue
			}
			switch name {
			case "yasm":
				contestants = append(contestants, command(name, name, "-f", "bin", "-o", output(name), source))
			case "fasm":
				other := filepath.Join(dir, "source.fasm")
				text := strings.Replace(text, "bits    32", "use32", 1)
				if err := os.WriteFile(other, []byte(text), 0o644); err != nil {
					return err
				}
				contestants = append(contestants, command(name, name, "-m", "1000000", other, output(name)))
			}
		}
		if k.wrong {
			for _, c := range contestants {
				run := c.run
				c.run = func() error {
					if run() == nil {
						return fmt.Errorf("%s takes a wrong source", c.name)
					}
					return nil
				}
			}
		}
		if err := race(fmt.Sprintf("%s: %d lines, %d bytes", k.name, strings.Count(text, "\n"), len(text)), contestants...); err != nil {
			return err
		}
		if !k.wrong {
			if err := sameFiles(output("tasm"), output("nasm")); err != nil {
				return err
			}
		}
	}
	return nil
}

func sameFiles(a, b string) error {
	x, err := os.ReadFile(a)
	if err != nil {
		return err
	}
	y, err := os.ReadFile(b)
	if err == nil && !bytes.Equal(x, y) {
		err = fmt.Errorf("%s and %s differ", a, b)
	}
	return err
}

func plainText(lines int) string {
	var b strings.Builder
	writeSource(&b, lines) // a Builder has no errors
	return b.String()
}

// macroText calls macros that loop, count and call others: a line of it makes eight.
func macroText(lines int) string {
	var b strings.Builder
	b.WriteString("bits 32\n%define offset(a,b) (a*4+b)\n%macro store 2\n mov [%1], %2\n add %2, 4\n%endmacro\n" +
		"%macro stores 1\n%assign i 0\n%rep %1\n store ebx+offset(i,8), eax\n%assign i i+1\n%endrep\n%endmacro\n")
	for i := range lines / 24 {
		fmt.Fprintf(&b, " stores %d\n", 4+i%5)
	}
	return b.String()
}

// vectorText is what the inner loops of codecs consist of.
func vectorText(lines int) string {
	r := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	b.WriteString("bits 64\n")
	for range lines {
		x, y, z, n := r.IntN(16), r.IntN(16), r.IntN(16), r.IntN(400)
		switch r.IntN(5) {
		case 0:
			fmt.Fprintf(&b, " movdqu xmm%d, [rsi+rcx*4+%d]\n", x, n)
		case 1:
			fmt.Fprintf(&b, " vpaddd zmm%d{k1}, zmm%d, zmm%d\n", 2*x, y+9, z)
		case 2:
			fmt.Fprintf(&b, " vaddps ymm%d, ymm%d, [rax+%d]\n", x, y, n)
		case 3:
			fmt.Fprintf(&b, " addps xmm%d, xmm%d\n", x, y)
		case 4:
			fmt.Fprintf(&b, " vfmadd231pd ymm%d, ymm%d, ymm%d\n", x, y, z)
		}
	}
	return b.String()
}

// dataText is a table of bytes, sixteen in a line.
func dataText(lines int) string {
	r := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	for range lines / 4 {
		b.WriteString(" db ")
		for i := range 16 {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprint(&b, r.IntN(256))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// errorText has a mistake in every line.
func errorText(lines int) string {
	var b strings.Builder
	for i := range lines / 5 {
		if i%2 == 0 {
			fmt.Fprintf(&b, " mov eax, nowhere%d\n", i)
		} else {
			b.WriteString(" mov al, bx\n")
		}
	}
	return b.String()
}
