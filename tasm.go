// Package tasm builds programs from assembly source: the whole way from text to
// the bytes of a file, for a command, an editor or a page in a browser.
//
// It reads no file and writes none by itself: a Source brings its text, and a
// function for the files that it includes. Build does all in one call; Assemble
// and Result.LayOut are its two halves, for who wants several files of one
// program. What is wrong with a source comes back as messages (package diag), of
// which Result.Files knows the text around.
package tasm

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"tasm/assembler"
	"tasm/diag"
	"tasm/lang"
	"tasm/layout"
	"tasm/layout/elf"
	"tasm/layout/record"
	"tasm/linux"
	"tasm/object"
	objectelf "tasm/object/elf"
	"tasm/object/write"
	"tasm/oci/fill"
	"tasm/program"
)

// Source is what a program is made of.
type Source struct {
	// Name is the name of the source in messages.
	Name string
	Text []byte
	// ReadFile reads files that the source includes; nil where there are none.
	ReadFile func(name string) ([]byte, error)
}

// Format is a kind of output.
type Format uint8

const (
	Executable Format = iota // ELF, for Linux
	FlatBinary               // the assembled bytes and nothing else
	Object                   // relocatable, for a linker
)

// Options are what a build depends on besides the source. The zero value is an
// executable, laid out plainly, for the first target that the source names.
type Options struct {
	Format Format
	// Target is a system that the source names, "linux/386" or "linux/amd64".
	Target string
	// IncludeDirs are searched for included files, and Defines (NAME or
	// NAME=VALUE) are macros defined before the source is read.
	IncludeDirs, Defines []string

	// Others are further sources of an executable, assembled separately: what one
	// declares EXTERN is what another declares GLOBAL.
	Others []Source

	// Layout is the name of one of layout.Strategies for an executable, "" for
	// "plain", and Search what it takes into account.
	Layout string
	Search layout.Options

	// ObjectFormat is the format of an object; nil for that of the target.
	ObjectFormat *object.Format
	// Debug adds debug information to an object or to an executable that is laid
	// out plainly; nil for none. Its Files are those of the Result.
	Debug *object.Debug
	// MaxErrors is behind how many errors the assembly ends: 0 is diag.MaxErrors, a
	// negative number none.
	MaxErrors int
	// Instructions keeps the instructions of the program, which layouts other
	// than plain need, and all that looks at code. Build keeps them by itself.
	Instructions bool

	// Cache keeps what layouts have found; nil for none.
	Cache *Cache
}

// Cache is where what a layout has found for a program is kept, for the next build of
// the same program.
type Cache struct {
	// Store holds bytes by keys of hexadecimal digits. Get returns nil where it holds
	// none.
	Store interface {
		Get(key string) []byte
		Put(key string, data []byte)
	}
	// Maker names the code that lays out: another version finds other files.
	Maker string
}

// Result is what has become of a source.
type Result struct {
	// Files holds the text of all files that were read, Source the first of them.
	Files  *diag.Files
	Source diag.FileID
	// Program is the assembled source, nil when it has errors.
	Program *program.Program
	// File is an executable or a flat binary with the purpose of each byte.
	File *layout.File
	// Bytes is the output; nil when there are errors.
	Bytes []byte
	// ObjectFormat is the format of an object.
	ObjectFormat *object.Format
	// Cache is that of the Options, and Cached reports whether the last file that was
	// laid out came from there.
	Cache  *Cache
	Cached bool
}

// Build makes a program from a source. When ctx ends, a search for a smaller file
// ends with the best one found. The messages hold what is wrong; where there is
// an error among them Result.Bytes is nil. The Result itself never is.
func Build(ctx context.Context, src Source, opts Options) (*Result, *diag.Bag) {
	opts.Instructions = opts.Instructions || opts.Format == Executable && opts.layout() != plain
	r, messages := Assemble(src, opts)
	if r.Program == nil {
		return r, messages
	}
	switch opts.Format {
	case Object:
		bytes, said := write.Object(r.Program, write.Options{
			Format: r.ObjectFormat, Source: src.Name, Output: strings.TrimSuffix(src.Name, filepath.Ext(src.Name)) + r.ObjectFormat.Extension,
			Producer: "tasm", Debug: r.debug(opts.Debug),
		})
		messages.Append(said)
		r.Bytes = bytes
		return r, messages
	case FlatBinary:
		file, said := layout.Flat(r.Program, opts.Search)
		messages.Append(said)
		r.File = file
	default:
		opts.Search.Context = ctx
		file, said := r.LayOut(opts.layout(), opts.Search)
		messages.Append(said)
		r.File = file
	}
	if r.File != nil {
		r.Bytes = r.File.Bytes
		if opts.Debug != nil && opts.Format == Executable {
			r.Bytes = attachDebug(r, src.Name, opts.Debug)
		}
	}
	return r, messages
}

// plain is the layout that needs no search.
const plain = "plain"

func (o *Options) layout() string {
	if o.Layout == "" {
		return plain
	}
	return o.Layout
}

// Assemble reads a source and settles the sizes of all that it asks for. It gives
// no bytes yet.
func Assemble(src Source, opts Options) (*Result, *diag.Bag) {
	files := &diag.Files{}
	r := &Result{Files: files, Source: files.Add(src.Name, src.source()), Cache: opts.Cache}
	a := assembler.Options{
		Target: opts.Target, IncludeDirs: opts.IncludeDirs, Defines: opts.Defines, ReadFile: src.ReadFile, MaxErrors: opts.MaxErrors,
		Flat: opts.Format == FlatBinary, Instructions: opts.Instructions, Lines: opts.Debug != nil,
	}
	if opts.Format != Object {
		p, messages := assembleAll(files, r.Source, append([]Source{src}, opts.Others...), a)
		r.Program = p
		return r, messages
	}

	a.Object = opts.ObjectFormat
	if a.Object == nil {
		a.Object = ObjectFormatOf(opts.Target)
	}
	if opts.Debug != nil && len(a.Object.Debug) > 0 {
		a.DebugFormat = cmp.Or(opts.Debug.Format, a.Object.Debug[0])
	}
	p, messages := assembler.Assemble(files, r.Source, a)
	if p != nil && opts.ObjectFormat == nil && ObjectFormatOf(p.Target) != a.Object {
		// The source has named a target for which the format is another.
		a.Object = ObjectFormatOf(p.Target)
		p, messages = assembler.Assemble(files, r.Source, a)
	}
	r.Program, r.ObjectFormat = p, a.Object
	return r, messages
}

// LayOut makes an executable by the strategy called name (layout.Strategies). The
// file is nil when the messages hold an error. A source that says 'image anywhere'
// gets one that every loader takes unless the options name a loader.
func (r *Result) LayOut(name string, opts layout.Options) (*layout.File, *diag.Bag) {
	messages := &diag.Bag{}
	strategy, known := layout.ByName(name)
	if !known {
		messages.Add(diag.Errorf(diag.Range{}, "there is no layout '%s'", name))
		return nil, messages
	}
	if message := r.chooseLoader(&opts); message != nil {
		messages.Add(message)
		return nil, messages
	}
	if r.Cache == nil || name == plain {
		return strategy(r.Program, opts)
	}
	return r.remembered(name, strategy, opts)
}

// ForImage returns the bytes of a file of the program as they stand in an image: those of
// the headers on which nothing depends have the values with which a layer is smallest,
// and the whole has passed the same comparison as the file.
func (r *Result) ForImage(file *layout.File, opts layout.Options) []byte {
	free := fill.Free{Offsets: file.Free(), Allowed: file.LoadsAs}
	filled := free.Fill(file.Bytes)
	if bytes.Equal(filled, file.Bytes) || r.agrees(file, filled, opts) {
		return filled
	}
	return file.Bytes
}

// agrees answers as File.Agrees does, or from the cache: a comparison can take as long as
// the search for the file.
func (r *Result) agrees(file *layout.File, other []byte, opts layout.Options) bool {
	opts.Loader = file.Report.Loader
	key := r.key(fmt.Sprintf("%x in an image", sha256.Sum256(other)), opts)
	if key == "" {
		return file.Agrees(r.Program, other, opts)
	}
	said := string(r.Cache.Store.Get(key))
	if said != agrees && said != differs {
		said = differs
		if file.Agrees(r.Program, other, opts) {
			said = agrees
		}
		r.Cache.Store.Put(key, []byte(said))
	}
	return said == agrees
}

// What the cache says of bytes that were compared.
const agrees, differs = "agrees", "differs"

// chooseLoader completes the loader in the options, and reports one that does not run
// such programs.
func (r *Result) chooseLoader(opts *layout.Options) *diag.Message {
	if opts.Loader == "" && runsAnywhere(r.Program) {
		opts.Loader = elf.Portable.Name
	}
	if l, ok := elf.ByName(opts.Loader); ok && !l.Runs(elf.Class(r.Program.Bits/32)) {
		return diag.Errorf(diag.Range{}, "%s does not run programs for %s: choose another --loader or --target", l.Name, r.Program.Target)
	}
	return nil
}

// Prover prepares the claim that no file of a size in bytes does what the program does
// (layout.NewProver). It is nil when the messages hold an error.
func (r *Result) Prover(opts layout.Options, size int64, margin int) (*layout.Prover, *diag.Bag) {
	if message := r.chooseLoader(&opts); message != nil {
		messages := &diag.Bag{}
		messages.Add(message)
		return nil, messages
	}
	return layout.NewProver(r.Program, opts, size, margin)
}

// Remembered returns the executable that the cache has for what LayOut would be asked;
// nil where it has none.
func (r *Result) Remembered(name string, opts layout.Options) *layout.File {
	key := r.key(name, opts)
	if key == "" {
		return nil
	}
	file, _, err := record.Decode(r.Program, r.Cache.Store.Get(key))
	if err != nil {
		return nil
	}
	return file
}

// key returns the key of a layout in the cache, "" where it is not kept there.
func (r *Result) key(name string, opts layout.Options) string {
	size := 0
	for _, s := range r.Program.Sections {
		size += len(s.Fragments)
	}
	if r.Cache == nil || size > mostRemembered {
		return ""
	}
	return record.Key(r.Program, name, opts, r.Cache.Maker)
}

// mostRemembered is how many fragments a program may have whose file is kept: much
// larger ones are not searched for long.
const mostRemembered = 1 << 15

// remembered answers from the cache, or lays out and puts the answer there. A search
// that was ended early has not found what another would.
func (r *Result) remembered(name string, strategy layout.Strategy, opts layout.Options) (*layout.File, *diag.Bag) {
	key := r.key(name, opts)
	if key != "" {
		if file, messages, err := record.Decode(r.Program, r.Cache.Store.Get(key)); err == nil {
			r.Cached = true
			return file, messages
		}
	}
	r.Cached = false
	file, messages := strategy(r.Program, opts)
	ended := opts.Context != nil && opts.Context.Err() != nil
	if key != "" && file != nil && messages.Errors() == 0 && !ended {
		if data, ok := record.Encode(r.Program, file, messages); ok {
			r.Cache.Store.Put(key, data)
		}
	}
	return file, messages
}

// runsAnywhere reports whether the source asks for a program that starts wherever
// there are engines.
func runsAnywhere(p *program.Program) bool {
	return slices.ContainsFunc(p.Image, func(i *lang.Image) bool { return i.Key.Text == lang.ImageAnywhere })
}

// ObjectFormatOf returns the format of objects for a target; ELF64 where there is
// none.
func ObjectFormatOf(target string) *object.Format {
	if target == linux.I386.Target {
		return object.ELF32
	}
	return object.ELF64
}

// debug completes what is asked for with what only the result knows.
func (r *Result) debug(asked *object.Debug) *object.Debug {
	if asked == nil {
		return nil
	}
	d := *asked
	d.Files = r.Files
	return &d
}

// attachDebug returns an executable with what debuggers read behind it.
func attachDebug(r *Result, source string, debug *object.Debug) []byte {
	placed := map[lang.SegmentID]objectelf.Placed{}
	for _, s := range r.File.Sections {
		placed[s.Section.ID] = objectelf.Placed{Address: s.Address, Offset: int64(len(r.File.Bytes))}
	}
	for i := len(r.File.Parts) - 1; i >= 0; i-- { // the first part of a section counts
		if part := &r.File.Parts[i]; part.Kind == layout.FragmentPart {
			at := placed[part.Section.ID]
			at.Offset = part.Offset - part.Fragment.Offset
			placed[part.Section.ID] = at
		}
	}
	opts := objectelf.Options{Format: ObjectFormatOf(r.Program.Target), Source: source, Debug: r.debug(debug)}
	return objectelf.Attach(r.File.Bytes, r.Program, opts, placed)
}
