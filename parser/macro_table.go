package parser

import "strings"

// named is a macro as a macroTable needs it.
type named interface {
	macroName() (name string, fold bool)
}

// macroTable finds macros by name. All macros whose names differ at most in
// case share a list, the newest first; each says whether case matters to it.
type macroTable[M named] struct {
	lists map[string][]M
	// mask tells most other names from those of macros without a search: for each
	// length of a name (31 and more are alike), which first letters there are.
	mask [32]uint32
}

// maybe reports false for a name that no macro has.
func (t *macroTable[M]) maybe(name string) bool {
	return t.mask[min(len(name), 31)]>>(name[0]&31)&1 != 0
}

// list returns the macros that share name but for case.
func (t *macroTable[M]) list(name string) []M {
	if name == "" || !t.maybe(name) {
		return nil
	}
	for i := 0; i < len(name); i++ {
		if 'A' <= name[i] && name[i] <= 'Z' {
			return t.folded(name)
		}
	}
	return t.lists[name]
}

func (t *macroTable[M]) folded(name string) []M {
	var buf [64]byte
	return t.lists[string(appendLower(buf[:0], name))]
}

// matches reports whether m answers to name, which is like its own but for case.
func matches[M named](m M, name string) bool {
	own, fold := m.macroName()
	return fold || own == name
}

// find returns the newest macro that answers to name.
func (t *macroTable[M]) find(name string) (m M, ok bool) {
	for _, m := range t.list(name) {
		if matches(m, name) {
			return m, true
		}
	}
	return m, false
}

// add puts m before the others of its name.
func (t *macroTable[M]) add(m M) {
	if t.lists == nil {
		t.lists = make(map[string][]M)
	}
	name, _ := m.macroName()
	key := strings.ToLower(name)
	if name != "" {
		t.mask[min(len(name), 31)] |= 1 << (name[0] & 31)
	}
	// A new list: a call may be under way in the old one.
	t.lists[key] = append([]M{m}, t.lists[key]...)
}

// remove takes away the macros of name for which unwanted holds; it reports
// whether there was one.
func (t *macroTable[M]) remove(name string, unwanted func(M) bool) bool {
	key := strings.ToLower(name)
	var kept []M
	for _, m := range t.lists[key] {
		if !unwanted(m) {
			kept = append(kept, m)
		}
	}
	if len(kept) == len(t.lists[key]) {
		return false
	}
	if len(kept) == 0 {
		delete(t.lists, key)
	} else {
		t.lists[key] = kept
	}
	return true
}

// appendLower appends s with ASCII letters in lower case, as macro names are
// compared.
func appendLower(b []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		b = append(b, c)
	}
	return b
}
