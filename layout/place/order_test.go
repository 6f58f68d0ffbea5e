package place

import (
	"slices"
	"testing"

	"tasm/assembler"
	"tasm/diag"
	"tasm/flow"
)

// TestOrder lists which instructions may come next.
func TestOrder(t *testing.T) {
	for _, x := range []struct {
		code string
		done []int
		want []int
	}{
		{"mov ecx, 5\n mov edx, 7\n mov esi, ecx\n inc edi\n", nil, []int{0, 1, 3}},
		{"mov ecx, 5\n mov edx, 7\n mov esi, ecx\n inc edi\n", []int{1}, []int{0, 3}},
		{"mov ecx, 5\n mov edx, 7\n mov esi, ecx\n inc edi\n", []int{0}, []int{1, 2, 3}},
		// The stack and memory keep their order.
		{"push ecx\n push edx\n mov esi, [ebx]\n inc edi\n", nil, []int{0, 3}},
		// So does what sets flags, where they are asked for.
		{"inc ecx\n inc edx\n mov ebx, 5\n jz x\n x:", nil, []int{0, 2}},
		{"inc ecx\n adc edx, 5\n mov ebx, 5\n", nil, []int{0, 2}},
		// What reads comes before what changes.
		{"mov eax, ecx\n mov ecx, 5\n mov dl, 5\n", nil, []int{0, 2}},
		{"mov dl, 1\n mov dh, 2\n", nil, []int{0}},
		{"int 0x80\n mov ecx, 5\n", nil, []int{0}},
	} {
		files := &diag.Files{}
		p, said := assembler.Assemble(files, files.Add("a", []byte("target linux/386\nentry _start\nsection .text\n_start:\n "+x.code+"\n mov eax, 1\n int 0x80\n")), assembler.Options{Instructions: true})
		if p == nil {
			t.Fatal(said.Messages())
		}
		g := flow.Build(p)
		items := newProgram(g, nil, ordersOf(g)[0]).chains[0].items
		var at progress
		for _, k := range x.done {
			at = at.after(k)
		}
		// The last two end the program.
		got := slices.DeleteFunc(at.next(items), func(k int) bool { return k >= len(items)-2 })
		if !slices.Equal(got, x.want) {
			t.Errorf("%q: %v may come next, not %v", x.code, got, x.want)
		}
	}
}
