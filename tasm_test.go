package tasm_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"testing"

	"tasm"
	"tasm/diag"
	"tasm/layout"
)

const hello = `target linux/386
section .rodata
msg:    db "hi", 10
section .text
_start: sys write, 1, msg, 3
        sys exit, 0
`

// The smallest executable of a source.
func ExampleBuild() {
	src := tasm.Source{Name: "hello.tasm", Text: []byte(hello)}
	result, messages := tasm.Build(context.Background(), src, tasm.Options{Layout: "golf"})
	diag.Human(os.Stdout, result.Files, messages.Messages(), false)
	fmt.Printf("%d bytes, %s\n", len(result.Bytes), result.File.Report.Checked)
	// Output: 45 bytes, proved by symbolic run, 1 path
}

// What is wrong with a source, for people.
func ExampleBuild_mistake() {
	src := tasm.Source{Name: "hello.tasm", Text: []byte("target linux/386\n_start: mvo eax, 1\n")}
	result, messages := tasm.Build(context.Background(), src, tasm.Options{})
	fmt.Println(result.Bytes == nil)
	diag.Human(os.Stdout, result.Files, messages.Messages(), false)
	// Output:
	// true
	// hello.tasm:2:9: error: unknown instruction 'mvo'
	//     2 | _start: mvo eax, 1
	//       |         ^~~
	//       |         mov
	//       = note: did you mean 'mov'?
}

// One program in every layout: the source is read once.
func ExampleResult_LayOut() {
	src := tasm.Source{Name: "hello.tasm", Text: []byte(hello)}
	result, _ := tasm.Assemble(src, tasm.Options{Instructions: true})
	for _, s := range layout.Strategies {
		file, _ := result.LayOut(s.Name, layout.Options{})
		fmt.Printf("%s %d B\n", s.Name, len(file.Bytes))
	}
	// Output:
	// plain 121 B
	// pack 75 B
	// golf 45 B
}

func TestIncludes(t *testing.T) {
	src := tasm.Source{Name: "a.asm", Text: []byte("%include 'b.inc'\n"), ReadFile: func(name string) ([]byte, error) {
		if name != "b.inc" {
			return nil, os.ErrNotExist
		}
		return []byte("db 1, 2, 3\n"), nil
	}}
	result, messages := tasm.Build(context.Background(), src, tasm.Options{Format: tasm.FlatBinary})
	if messages.Errors() > 0 || string(result.Bytes) != "\x01\x02\x03" {
		t.Errorf("bytes %x, messages %v", result.Bytes, messages.Messages())
	}
	src.ReadFile = nil
	if result, messages = tasm.Build(context.Background(), src, tasm.Options{}); messages.Errors() == 0 || result.Bytes != nil {
		t.Errorf("a source without its files builds: % x", result.Bytes)
	}
}

func TestObjectFollowsTarget(t *testing.T) {
	for target, class := range map[string]byte{"linux/386": 1, "linux/amd64": 2} {
		src := tasm.Source{Name: "a.tasm", Text: []byte("target " + target + "\nglobal f\nf: ret\n")}
		result, messages := tasm.Build(context.Background(), src, tasm.Options{Format: tasm.Object})
		if messages.Errors() > 0 || len(result.Bytes) < 5 || result.Bytes[4] != class {
			t.Errorf("%s: not an object of class %d: %v", target, class, messages.Messages())
		}
	}
}

func TestCancelledSearchHasAnAnswer(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	src := tasm.Source{Name: "hello.tasm", Text: []byte(hello)}
	result, messages := tasm.Build(ctx, src, tasm.Options{Layout: "golf"})
	if messages.Errors() > 0 || len(result.Bytes) == 0 {
		t.Errorf("no file: %v", messages.Messages())
	}
}

// entries is a cache in memory.
type entries map[string][]byte

func (e entries) Get(key string) []byte       { return e[key] }
func (e entries) Put(key string, data []byte) { e[key] = data }

// TestForImage changes header bytes of a program for an image only where the comparison
// says that they do not matter, which is asked once.
func TestForImage(t *testing.T) {
	text, err := os.ReadFile("samples/exit42.tasm")
	if err != nil {
		t.Fatal(err)
	}
	kept := entries{}
	r, messages := tasm.Build(context.Background(), tasm.Source{Name: "exit42.tasm", Text: text}, tasm.Options{Layout: "pack", Cache: &tasm.Cache{Store: kept, Maker: "test"}})
	if r.File == nil {
		t.Fatal(messages.Messages())
	}
	before := len(kept)
	filled := r.ForImage(r.File, layout.Options{})
	if bytes.Equal(filled, r.Bytes) || len(filled) != len(r.Bytes) || len(kept) != before+1 {
		t.Fatalf("%d entries, and\n%x of\n%x", len(kept)-before, filled, r.Bytes)
	}
	for key, data := range kept {
		if string(data) == "agrees" {
			kept[key] = []byte("differs")
		}
	}
	if again := r.ForImage(r.File, layout.Options{}); !bytes.Equal(again, r.Bytes) {
		t.Errorf("bytes are used that do something else: %x", again)
	}
}
