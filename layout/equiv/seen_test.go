package equiv_test

import (
	"strings"
	"testing"

	"tasm/layout/equiv"
)

// TestStatesApart does not take two states for one that differ in what memory there is.
func TestStatesApart(t *testing.T) {
	const start = "_start: xor ebx, ebx\nmov ecx, 4096\nmov edx, 3\nmov esi, 0x22\nmov edi, -1\nxor ebp, ebp\nmov eax, 192\nint 0x80\n" +
		"cmp eax, -4096\nja .end\nmov esi, eax\nmov eax, 20\nint 0x80\nxor ebp, ebp\ncmp eax, 5\nje .second\n"
	const unmap = "mov ebx, esi\nmov ecx, 4096\nmov eax, 91\nint 0x80\n"
	const both = ".both: xor eax, eax\nxor ebx, ebx\nxor ecx, ecx\ncmp eax, ecx\nmov eax, 20\nint 0x80\n" +
		"movzx ebx, byte [esi]\nmov ebx, STATUS\nmov eax, 1\nint 0x80\n.end: mov ebx, 3\nmov eax, 1\nint 0x80\n"
	for name, source := range map[string]string{
		"unmapped first":  start + unmap + "jmp .both\n.second:\n" + both,
		"unmapped second": start + "jmp .both\n.second: " + unmap + both,
	} {
		t.Run(name, func(t *testing.T) {
			original := build(t, head386+strings.Replace(source, "STATUS", "1", 1), "", false)
			result := build(t, head386+strings.Replace(source, "STATUS", "2", 1), "", false)
			if v := equiv.Check(original, original, equiv.Options{Runs: 20}); v.Outcome != equiv.Same || !v.Proved {
				t.Errorf("itself: %+v", v)
			}
			if v := equiv.Check(original, result, equiv.Options{Runs: 20}); v.Proved {
				t.Errorf("another one: %+v", v)
			}
		})
	}
}

// TestUnknownVectors does not take the bytes for the same that a call reads at an address
// in memory which is not known.
func TestUnknownVectors(t *testing.T) {
	source := func(text string) []byte {
		return build(t, head386+"_start: mov edx, 1\nmov ecx, b\nxor ebx, ebx\nmov eax, 3\nint 0x80\nmovzx eax, byte [b]\nand eax, 3\nadd eax, msg\nmov [iov], eax\n"+
			"mov edx, 1\nmov ecx, iov\nmov ebx, 1\nmov eax, 146\nint 0x80\nmov eax, 1\nxor ebx, ebx\nint 0x80\n"+
			"section .data\nmsg: db '"+text+"'\niov: dd 0, 3\nsection .bss\nb: resb 1\n", "", false)
	}
	if v := equiv.Check(source("seldom"), source("often!"), equiv.Options{Runs: 20}); v.Outcome == equiv.Same {
		t.Errorf("%+v", v)
	}
}

// TestUnknownRoom does not take what is in memory for the same as before where a call may
// have written there, at an address that is not known.
func TestUnknownRoom(t *testing.T) {
	for name, call := range map[string]string{
		"read":  "mov ecx, edx\nmov edx, 1\nxor ebx, ebx\nmov eax, 3\n",
		"ioctl": "mov ecx, 0x541b\nxor ebx, ebx\nmov eax, 54\n", // FIONREAD
	} {
		source := func(status string) []byte {
			return build(t, head386+"_start: mov edx, 1\nmov ecx, b\nxor ebx, ebx\nmov eax, 3\nint 0x80\nmovzx edx, byte [b]\nand edx, 3\nadd edx, b + 1\n"+
				call+"int 0x80\nxor ebx, ebx\ncmp byte [b + 2], 0\nje .end\nmov ebx, "+status+"\n.end: mov eax, 1\nint 0x80\n"+
				"section .bss\nb: resb 8\n", "", false)
		}
		if v := equiv.Check(source("1"), source("2"), equiv.Options{Runs: 1}); v.Proved {
			t.Errorf("%s: %+v", name, v)
		}
	}
}

// TestMixing compares a program that mixes a number over and over. Each round makes more of
// the terms of the one before: not the instructions, but these are too many.
func TestMixing(t *testing.T) {
	original := build(t, head386+"_start: mov edx, 4\nmov ecx, n\nxor ebx, ebx\nmov eax, 3\nint 0x80\nmov eax, [n]\nmov ebx, eax\nmov ecx, 8000\n"+
		".more: mov edx, eax\nshl edx, 3\nxor eax, edx\nadd ebx, eax\nrol ebx, 7\nadd eax, ebx\nloop .more\nmovzx ebx, bl\nmov eax, 1\nint 0x80\nsection .bss\nn: resd 1\n", "", false)
	if v := equiv.Check(original, original, equiv.Options{Runs: 2}); v.Outcome != equiv.Same {
		t.Errorf("%+v", v)
	}
}

// TestLaterCall proves nothing of a call that a later kernel may have: it may read any
// register.
func TestLaterCall(t *testing.T) {
	source := func(number, argument string) []byte {
		return build(t, head386+"_start: mov ebx, "+argument+"\nmov eax, "+number+"\nint 0x80\nmov eax, 1\nxor ebx, ebx\nint 0x80\n", "", false)
	}
	for number, proved := range map[string]bool{"1000": false, "9999": true, "-1": true} {
		if v := equiv.Check(source(number, "1"), source(number, "2"), equiv.Options{Runs: 1}); v.Proved != proved {
			t.Errorf("%s: %+v", number, v)
		}
	}
}

// TestSeldomDifferent does not take a result for the same whose numbers differ, on a path
// of which it is not known whether it can be taken: it may depend on where it lies.
func TestSeldomDifferent(t *testing.T) {
	const (
		read  = "_start: mov edx, 16\nmov ecx, b\nxor ebx, ebx\nmov eax, 3\nint 0x80\nimul edx, [b], 0x1e3779b1\ncmp edx, 0x74392c5a\n"
		low   = "mov eax, n + PLACE\nmovzx ebx, al\n"
		end   = "mov eax, 1\nint 0x80\n"
		other = ".other: mov ebx, 0\n" + end
		data  = "section .data\nalign 4\nn: db 1, 2, 3, 4\nsection .bss\nb: resb 16\n"
	)
	for name, source := range map[string]string{
		"once":    read + "jne .other\n" + low + end + other + data,
		"a loop":  read + "jne _start\n" + low + end + data,
		"a fault": read + "jne .other\nmov ecx, PLACE\nxor edx, edx\ndiv ecx\n" + other + data,
	} {
		original := build(t, head386+strings.Replace(source, "PLACE", "0", 1), "", false)
		result := build(t, head386+strings.Replace(source, "PLACE", "4", 1), "", false)
		if v := equiv.Check(original, original, equiv.Options{Runs: 20}); v.Outcome != equiv.Same || !v.Proved {
			t.Errorf("%s, itself: %+v", name, v)
		}
		if v := equiv.Check(original, result, equiv.Options{Runs: 20}); v.Outcome != equiv.Unclear || !v.Shown {
			t.Errorf("%s: %+v", name, v)
		}
	}
}

// TestFileChanges does not take what memory shows of a file for the same behind a call,
// which may have written to the file.
func TestFileChanges(t *testing.T) {
	source := func(flags, again string) []byte {
		return build(t, head386+"_start: xor ebp, ebp\nmov edi, 3\nmov esi, "+flags+"\nmov edx, 1\nmov ecx, 4096\nxor ebx, ebx\nmov eax, 192\nint 0x80\n"+
			"cmp eax, -4096\nja .end\nmov esi, eax\nmovzx edi, byte [esi]\nmov edx, 1\nmov ecx, c\nmov ebx, 3\nmov eax, 4\nint 0x80\n"+
			again+"mov ebx, edi\n.end: mov eax, 1\nint 0x80\nsection .rodata\nc: db 'a'\n", "", false)
	}
	for flags, proved := range map[string]bool{"2": false, "0x22": true} { // MAP_PRIVATE, and with MAP_ANONYMOUS
		again := source(flags, "movzx edi, byte [esi]\n")
		if v := equiv.Check(again, source(flags, ""), equiv.Options{Runs: 1}); v.Proved != proved {
			t.Errorf("flags %s: %+v", flags, v)
		}
		if v := equiv.Check(again, again, equiv.Options{Runs: 1}); !v.Proved {
			t.Errorf("flags %s, itself: %+v", flags, v)
		}
	}
}

// TestFileAtPlace knows nothing of the bytes of a file that memory shows at an address of
// the program's choice.
func TestFileAtPlace(t *testing.T) {
	source := func(status string) []byte {
		return build(t, head386+"_start: xor ebp, ebp\nmov edi, 3\nmov esi, 0x12\nmov edx, 1\nmov ecx, 4096\nmov ebx, 0x20000000\nmov eax, 192\nint 0x80\n"+
			"cmp eax, 0x20000000\njne .end\nxor ebx, ebx\ncmp dword [0x20000000], 12345678\njne .end\nmov ebx, "+status+"\n.end: mov eax, 1\nint 0x80\n", "", false)
	}
	if v := equiv.Check(source("1"), source("1"), equiv.Options{Runs: 1}); !v.Proved {
		t.Errorf("itself: %+v", v)
	}
	if v := equiv.Check(source("1"), source("2"), equiv.Options{Runs: 1}); v.Proved {
		t.Errorf("%+v", v)
	}
}
