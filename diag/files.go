package diag

import (
	"bytes"
	"sort"
	"unicode/utf8"
	"unsafe"
)

// MaxFileSize is the largest source file that a Range can address.
const MaxFileSize = 1<<31 - 1

// Files holds the text of every source file of a run.
type Files struct {
	files []file
}

type file struct {
	name  string
	text  []byte
	lines []int32 // offset of each line's first byte, made on first use
	count int     // of lines, once asked for
	// origins are what %line says, in order of their lines.
	origins []origin
}

// origin says that the lines behind one are those of another file, from a number on.
type origin struct {
	behind, first, step int
	name                string
}

// Add registers a file under the name that messages show. Nobody may change
// text from then on.
func (fs *Files) Add(name string, text []byte) FileID {
	fs.files = append(fs.files, file{name: name, text: text})
	return FileID(len(fs.files))
}

// Name returns the name that messages show for id.
func (fs *Files) Name(id FileID) string { return fs.files[id-1].name }

// Find returns the file of that name.
func (fs *Files) Find(name string) (FileID, bool) {
	for i := range fs.files {
		if fs.files[i].name == name {
			return FileID(i + 1), true
		}
	}
	return 0, false
}

// Text returns the contents of file id.
func (fs *Files) Text(id FileID) []byte { return fs.files[id-1].text }

// String returns the contents of file id without copying them.
func (fs *Files) String(id FileID) string {
	text := fs.files[id-1].text
	return unsafe.String(unsafe.SliceData(text), len(text))
}

// Lines returns how many lines file id has, of which the last need not end.
func (fs *Files) Lines(id FileID) int {
	f := &fs.files[id-1]
	if n := len(f.text); f.count == 0 && n > 0 {
		f.count = bytes.Count(f.text, []byte{'\n'})
		if f.text[n-1] != '\n' {
			f.count++
		}
	}
	return f.count
}

// Line returns the text of a line, which counts from 1, without its end.
func (fs *Files) Line(id FileID, line int) string {
	fs.Position(Range{File: id}) // knows where lines begin from then on
	f := &fs.files[id-1]
	begin, end := int(f.lines[line-1]), len(f.text)
	if line < len(f.lines) {
		end = int(f.lines[line])
	}
	return string(bytes.TrimRight(f.text[begin:end], "\r\n"))
}

// Position is a place for people: line and column count from 1, the column in
// characters (runes), Text is the whole line without its end.
type Position struct {
	File   string
	Line   int
	Column int
	Offset int
	Text   string
}

// Renumber notes that the lines of a file behind one are those of the file called
// name, from number first on, in steps (nasm manual, "%line").
func (fs *Files) Renumber(id FileID, behind, first, step int, name string) {
	f := &fs.files[id-1]
	i := sort.Search(len(f.origins), func(i int) bool { return f.origins[i].behind >= behind })
	o := origin{behind, first, step, name}
	if i < len(f.origins) && f.origins[i].behind == behind {
		f.origins[i] = o
		return
	}
	f.origins = append(f.origins, origin{})
	copy(f.origins[i+1:], f.origins[i:])
	f.origins[i] = o
}

// Origin is the file and the line that the line where r starts comes from: its own,
// unless Renumber has said something else.
func (fs *Files) Origin(r Range) (name string, line int) {
	p := fs.Position(r)
	origins := fs.files[r.File-1].origins
	i := sort.Search(len(origins), func(i int) bool { return origins[i].behind >= p.Line }) - 1
	if i < 0 {
		return p.File, p.Line
	}
	o := &origins[i]
	return o.name, o.first + (p.Line-o.behind)*o.step
}

// Position finds where r starts.
func (fs *Files) Position(r Range) Position {
	f := &fs.files[r.File-1]
	if f.lines == nil {
		f.lines = append(f.lines, 0)
		for i := 0; ; {
			n := bytes.IndexByte(f.text[i:], '\n')
			if n < 0 {
				break
			}
			i += n + 1
			f.lines = append(f.lines, int32(i))
		}
	}
	start := min(int(r.Start), len(f.text))
	line := sort.Search(len(f.lines), func(i int) bool { return int(f.lines[i]) > start }) - 1
	begin, end := int(f.lines[line]), len(f.text)
	if line+1 < len(f.lines) {
		end = int(f.lines[line+1])
	}
	text := bytes.TrimRight(f.text[begin:end], "\r\n")
	return Position{
		File:   f.name,
		Line:   line + 1,
		Column: utf8.RuneCount(f.text[begin:start]) + 1,
		Offset: start,
		Text:   string(text),
	}
}
