package parser

import (
	"embed"
	"slices"
	"strings"
	"sync"

	"tasm/diag"
	"tasm/lang"
)

// fileArgument is the file name of %include and its like, a string.
func (p *preprocessor) fileArgument(d *command) (name string, r diag.Range, ok bool) {
	tokens := p.expand(d.args)
	if len(tokens) == 0 || tokens[0].Kind != String && tokens[0].Kind != rawText {
		m := diag.Errorf(argRange(tokens, d.name.Range), "%s needs the name of a file in quotes", d.name.Text)
		if len(tokens) > 0 {
			m.Suggest(argRange(tokens, d.name.Range), Quote(detokenize(tokens)))
		}
		p.report(m)
		return "", r, false
	}
	d.args = tokens[1:]
	d.end()
	return unquoted(tokens[0].Text), tokens[0].Range, true
}

// includeFile obeys %include.
func (p *preprocessor) includeFile(d *command) {
	name, r, ok := p.fileArgument(d)
	if !ok {
		return
	}
	if file, ok := p.find(name, r); ok {
		p.enterFile(file, name, d.line.Range, r)
	}
}

// requireFile obeys %require: %include, unless the file has been read already.
func (p *preprocessor) requireFile(d *command) {
	name, r, ok := p.fileArgument(d)
	if !ok {
		return
	}
	if file, ok := p.find(name, r); ok && !p.seen[file] {
		p.enterFile(file, name, d.line.Range, r)
	}
}

// find looks for an included file.
func (p *preprocessor) find(name string, r diag.Range) (diag.FileID, bool) {
	file, err := p.host.include(name, r.File)
	if err == nil {
		return file, true
	}
	p.report(diag.Errorf(r, "can't read the included file '%s': %s", shown(name), diag.Reason(err)))
	return 0, false
}

// enterFile makes file the one that is read next.
func (p *preprocessor) enterFile(file diag.FileID, name string, call, at diag.Range) {
	depth := 0
	for i := range p.frames {
		if p.frames[i].kind == fileFrame {
			depth++
		}
	}
	if depth > p.limits.includes {
		m := diag.Errorf(at, "files are included more than %d deep", p.limits.includes)
		m.Notef("does a file include itself?")
		p.report(m)
		p.fatal = true
		return
	}
	if p.seen == nil {
		p.seen = make(map[diag.FileID]bool)
	}
	p.seen[file] = true
	p.push(frame{
		kind:      fileFrame,
		lexer:     p.lexer(file),
		call:      p.call(),
		opened:    call,
		expansion: &lang.Expansion{What: "file '" + shown(name) + "'", Call: call, Parent: p.expansion()},
	})
}

// pathSearch obeys %pathsearch: the macro stands for where %include would find
// the file.
func (p *preprocessor) pathSearch(d *command, fold bool) {
	name, ok := d.macroName()
	if !ok {
		return
	}
	path, r, ok := p.fileArgument(d)
	if !ok {
		return
	}
	if file, err := p.host.include(path, r.File); err == nil {
		path = p.files.Name(file)
	}
	p.defineTextAs(name, fold, path)
}

// The macros that nasm has from the start, and those of its packages for %use,
// are nasm source.
//
//go:embed macros/*.nasm
var macroSources embed.FS

// packages are the packages of %use: what macros/<name>.nasm defines.
var packages = map[string]string{
	"altreg": "names r0l to r15h for all registers, by number",
	"fp":     "float32(x) and its kin, and names for infinity and NaN",
	"ifunc":  "ilog2(x) and its kin",
	"masm":   "PTR, OFFSET, PROC, ENDS and other words of Microsoft's assembler",

	"smartalign": "ALIGN with instructions that do nothing, and ALIGNMODE",
}

// standardMacros are the macros of macros/standard.nasm, read once.
var standardMacros = sync.OnceValue(func() macroTable[*multiMacro] {
	var bag diag.Bag
	p := &preprocessor{bag: &bag, limits: defaultLimits}
	p.readMacros("standard")
	if bag.Len() > 0 {
		panic(bag.Messages()[0].Text) // the file is part of the program
	}
	return p.multi
})

// loadStandard gives p the standard macros.
func (p *preprocessor) loadStandard() {
	shared := standardMacros()
	p.multi.mask = shared.mask
	p.multi.lists = make(map[string][]*multiMacro, 2*len(shared.lists))
	own := make([]multiMacro, 0, len(shared.lists)) // as calls are counted in them
	for key, list := range shared.lists {
		own = append(own, *list[0])
		p.multi.lists[key] = []*multiMacro{&own[len(own)-1]}
	}
}

// readMacros reads a file of definitions from macros/. Its lines stand nowhere:
// messages about a macro's body show the call.
// It returns what is in the file besides.
func (p *preprocessor) readMacros(name string) (rest []bodyLine) {
	text, err := macroSources.ReadFile("macros/" + name + ".nasm")
	if err != nil {
		panic(err) // the file is part of the program
	}
	frames, conds, skipping, line, own, lister := p.frames, p.conds, p.skipping, p.line, p.own, p.lister
	p.frames = []frame{{kind: fileFrame, lexer: newLexer(0, string(text))}}
	p.conds, p.skipping, p.own, p.lister = nil, false, true, nil
	p.fileLine = Line{}
	for {
		l, _, ok := p.nextLine()
		if !ok {
			break
		}
		l.Tokens = p.kept.copy(l.Tokens)
		rest = append(rest, bodyLine{Line: l})
	}
	p.frames, p.conds, p.skipping, p.line, p.own, p.lister = frames, conds, skipping, line, own, lister
	return rest
}

// packageName takes the name of a %use package.
func (d *command) packageName() (string, bool) {
	t := d.word()
	if t == nil || t.Kind != Identifier && t.Kind != String {
		d.p.errorf(d.name.Range, "%s needs the name of a package", d.name.Text)
		return "", false
	}
	d.end()
	return strings.ToLower(unquoted(t.Text)), true
}

// usePackage obeys %use.
func (p *preprocessor) usePackage(d *command) {
	at := d.at()
	d.args = p.expand(d.args)
	name, ok := d.packageName()
	switch {
	case !ok || p.used[name]:
		return
	case packages[name] == "":
		var known []string
		for n := range packages {
			known = append(known, n)
		}
		m := diag.Errorf(at, "there is no package '%s'", shown(name))
		if best := diag.Nearest(name, known); best != "" {
			m.Suggest(at, best)
		} else {
			slices.Sort(known)
			m.Notef("there are %s", strings.Join(known, ", "))
		}
		p.report(m)
		return
	}
	if p.used == nil {
		p.used = make(map[string]bool)
	}
	p.used[name] = true
	rest := p.readMacros(name)
	for i := range rest {
		rest[i].Line = p.placed(rest[i].Line, d.line.Range)
	}
	p.push(frame{kind: textFrame, body: rest, call: p.call(), opened: d.line.Range, expansion: p.expansion()})
}
