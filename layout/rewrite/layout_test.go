package rewrite

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tasm/assembler"
	"tasm/codegen/x86"
	"tasm/diag"
	"tasm/flow"
	"tasm/internal/programs"
)

// graph builds the graph of a source.
func graph(t testing.TB, source string) *flow.Graph {
	t.Helper()
	files := &diag.Files{}
	p, said := assembler.Assemble(files, files.Add("a.tasm", []byte(source)), assembler.Options{Instructions: true, ReadFile: os.ReadFile})
	if p == nil || said.Errors() > 0 {
		for _, m := range said.Messages() {
			t.Log(m.Range, m.Text)
		}
		t.Fatal("the source has errors")
	}
	return flow.Build(p)
}

// listing shows a graph's code.
func listing(g *flow.Graph) string {
	var b strings.Builder
	for _, x := range g.Blocks {
		fmt.Fprintf(&b, "%s (%d):\n", x.Name, x.ID)
		for i := range x.Code {
			fmt.Fprintf(&b, "\t%s\n", instText(&x.Code[i]))
		}
		if x.Next != nil {
			fmt.Fprintf(&b, "\t=> %s (%d)\n", x.Next.Name, x.Next.ID)
		}
	}
	return b.String()
}

// laid is a graph laid out in a plain way: blocks in order, jumps where control
// does not fall through, then the data, in one segment that may do everything.
type laid struct {
	file []byte
	code int // bytes of code
}

const base = 0x400000

// order puts blocks behind those that go on to them, where that is possible.
func order(g *flow.Graph) []*flow.Block {
	var list []*flow.Block
	done := map[*flow.Block]bool{}
	for _, b := range append([]*flow.Block{g.Entry}, g.Blocks...) {
		for b != nil && !done[b] {
			done[b] = true
			list = append(list, b)
			b = b.Next
		}
	}
	return list
}

func layOut(t testing.TB, g *flow.Graph) laid {
	t.Helper()
	headers := int64(52 + 32)
	if g.Bits == 64 {
		headers = 64 + 56
	}
	blocks := order(g)
	at := map[*flow.Block]int64{}
	objects := map[*flow.Object]int64{}
	long := map[*flow.Inst]bool{}
	longNext := map[*flow.Block]bool{}
	for {
		pos := int64(base) + headers
		grew := false
		place := func(emit bool, out *bytes.Buffer) {
			for k, b := range blocks {
				if !emit {
					at[b] = pos
				}
				for i := range b.Code {
					in := &b.Code[i]
					code := encodeAt(t, g, in, pos, at, objects, long, &grew)
					pos += int64(len(code))
					if emit {
						out.Write(code)
					}
				}
				if b.Next != nil && (k+1 == len(blocks) || blocks[k+1] != b.Next) {
					d := at[b.Next] - pos - 2
					if !longNext[b] && d != int64(int8(d)) {
						longNext[b], grew = true, true
					}
					code := []byte{0xEB, byte(d)}
					if longNext[b] {
						code = binary.LittleEndian.AppendUint32([]byte{0xE9}, uint32(at[b.Next]-pos-5))
					}
					pos += int64(len(code))
					if emit {
						out.Write(code)
					}
				}
			}
		}
		place(false, nil)
		code := pos - base - headers
		pos = max(pos, base+0x4000) // addresses of data do not depend on the code
		for _, zeros := range []bool{false, true} {
			for _, o := range g.Objects {
				if (o.Bytes == nil) == zeros {
					pos = (pos + 15) &^ 15
					objects[o] = pos
					pos += o.Size
				}
			}
		}
		if grew {
			continue
		}
		// Addresses are settled; a second time for the bytes.
		end := pos
		pos = int64(base) + headers
		place(false, nil)
		grew = false
		pos = int64(base) + headers
		var out bytes.Buffer
		place(true, &out)
		if grew {
			continue
		}
		body := out.Bytes()
		for _, o := range g.Objects {
			if o.Bytes == nil {
				continue
			}
			for int64(len(body)) < objects[o]-base-headers {
				body = append(body, 0)
			}
			data := bytes.Clone(o.Bytes)
			for _, r := range o.Refs {
				address := objects[r.To.Object] + r.To.Offset
				for i := range r.Size {
					data[r.At+int64(i)] = byte(address >> (8 * i))
				}
			}
			body = append(body, data...)
		}
		return laid{elf(g.Bits, body, end-base, at[g.Entry]), int(code)}
	}
}

func encodeAt(t testing.TB, g *flow.Graph, in *flow.Inst, pos int64, at map[*flow.Block]int64, objects map[*flow.Object]int64, long map[*flow.Inst]bool, grew *bool) []byte {
	t.Helper()
	if in.Target != nil {
		d := at[in.Target] - pos
		n := name(in)
		cond, isJcc := conditionOf(in)
		switch {
		case n == "call":
			return binary.LittleEndian.AppendUint32([]byte{0xE8}, uint32(d-5))
		case isJcc && long[in]:
			return binary.LittleEndian.AppendUint32([]byte{0x0F, 0x80 + byte(cond)}, uint32(d-6))
		}
		d -= 2
		if d != int64(int8(d)) && isJcc {
			long[in], *grew = true, true
		}
		op := map[string]byte{"loop": 0xE2, "loope": 0xE1, "loopne": 0xE0, "jecxz": 0xE3, "jrcxz": 0xE3}[n]
		if isJcc {
			op = 0x70 + byte(cond)
		}
		return []byte{op, byte(d)}
	}
	e := encodable(in)
	var out x86.Encoding
	if m := x86.Encode(&e, &out); m != nil {
		t.Fatalf("%s has no encoding", in.Instruction.String())
	}
	code := bytes.Clone(out.Code())
	for _, f := range out.Fixups() {
		r := in.Refs[f.Operand]
		address := objects[r.Object] + r.Offset
		if f.Kind == x86.Relative {
			address -= pos + int64(len(code))
		}
		address += in.Operands[f.Operand].Value.N
		for i := range f.Size {
			code[f.Offset+i] = byte(address >> (8 * i))
		}
	}
	if len(code) > 4 {
		for i := range in.DontCare {
			code[len(code)-1-i] = 0xA5
		}
	}
	return code
}

func elf(bits int, body []byte, memory, entry int64) []byte {
	var b bytes.Buffer
	put := func(v any) { binary.Write(&b, binary.LittleEndian, v) }
	b.WriteString("\x7fELF")
	if bits == 32 {
		b.Write([]byte{1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0})
		size := uint32(84 + len(body))
		put([]uint16{2, 3})
		put([]uint32{1, uint32(entry), 52, 0, 0})
		put([]uint16{52, 32, 1, 0, 0, 0})
		put([]uint32{1, 0, base, base, size, max(size, uint32(memory)), 7, 0x1000})
	} else {
		b.Write([]byte{2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0})
		size := uint64(120 + len(body))
		put([]uint16{2, 62})
		put(uint32(1))
		put([]uint64{uint64(entry), 64, 0})
		put(uint32(0))
		put([]uint16{64, 56, 1, 0, 0, 0})
		put([]uint32{1, 7})
		put([]uint64{0, base, base, size, max(size, uint64(memory)), 0x1000})
	}
	b.Write(body)
	return b.Bytes()
}

// outcome is what a run of a program shows.
type outcome struct {
	stdout, stderr string
	status         string
}

func run(t testing.TB, file []byte, stdin string, args ...string) outcome {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	if err := programs.Store(path, file); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.Stdin = strings.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(5*time.Second, func() { cmd.Process.Kill() })
	defer timer.Stop()
	cmd.Wait()
	return outcome{out.String(), errs.String(), cmd.ProcessState.String()}
}

var low = Options{LowAddresses: true}

// quick is for tests of many programs: what they are to find are mistakes of the rules
// and moves, each of which is made at once. More seeds, as "make random" asks for,
// are searched further.
var quick = Options{LowAddresses: true, Effort: effort()}

func effort() int {
	if os.Getenv("REWRITE_SEEDS") != "" {
		return -2
	}
	return -4
}
