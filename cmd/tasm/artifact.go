package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"tasm/diag"
	"tasm/listing"
	"tasm/oci/content"
	"tasm/oci/registry"
)

// transfers is the life of everything that goes over a network; endTransfers
// ends it, so that what was begun is removed before the process ends.
var transfers, endTransfers = context.WithCancel(context.Background())

// imageOptions are the options of verbs that take an image in any form.
type imageOptions struct {
	sourceOptions
	searchOptions
	base     baseOption
	insecure bool // for registries, in verbs that have the option
}

// register adds the options with which a source is built.
func (o *imageOptions) register(c *command) *pflag.FlagSet {
	simple, layouts, advanced := c.group("Options"), c.group("Layout options"), c.group("Advanced options")
	o.sourceOptions.register(simple, advanced)
	o.base.register(simple)
	o.searchOptions.register(layouts)
	return simple
}

const imageFileAbout = "FILE is a source, which is built as 'tasm build' does with the same options, an archive such as image.tar, or a folder with an OCI image layout."

// open reads an image: from an archive or a layout folder, or built of a source.
// It has told of what is wrong when it fails.
func (o *imageOptions) open(sys *system, name string) (*content.File, error) {
	file, err := o.read(sys, name)
	if err == nil || errors.Is(err, errReported) || errors.As(err, &usageError{}) {
		return file, err
	}
	return nil, o.fail(sys, &diag.Files{}, err)
}

func (o *imageOptions) read(sys *system, name string) (*content.File, error) {
	if name != "-" {
		if info, err := os.Stat(name); err == nil && info.IsDir() {
			return openFile(name)
		}
		if head := firstBytes(name); content.LooksLikeArchive(head) {
			return openFile(name)
		}
	}
	data, err := readInput(sys, name)
	if err != nil {
		return nil, err
	}
	switch {
	case name == "-" && content.LooksLikeArchive(data):
		return content.ReadArchive(bytes.NewReader(data), nil)
	case listing.IsELF(data):
		return nil, fmt.Errorf("'%s' is an executable and no image yet; make one with: tasm image %s -o image.tar", name, name)
	case bytes.HasPrefix(data, []byte{0x1f, 0x8b}), bytes.HasPrefix(data, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return nil, fmt.Errorf("'%s' is compressed; uncompress it first, with gunzip or unzstd", name)
	}
	return o.buildImage(sys, name, data)
}

// openFile opens an archive or folder.
func openFile(name string) (*content.File, error) {
	f, err := content.OpenFile(name)
	if err != nil {
		return nil, fmt.Errorf("can't read an image from '%s': %s", name, diag.Reason(err))
	}
	return f, nil
}

// firstBytes returns the beginning of a regular file; nil if there is none.
func firstBytes(name string) []byte {
	info, err := os.Stat(name)
	if err != nil || !info.Mode().IsRegular() {
		return nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil
	}
	defer f.Close()
	head := make([]byte, 512)
	n, _ := io.ReadFull(f, head)
	return head[:n]
}

// buildImage makes the image of a source.
func (o *imageOptions) buildImage(sys *system, name string, text []byte) (*content.File, error) {
	if err := cmp.Or(o.sourceOptions.check(), o.searchOptions.check(), checkSource(name, text)); err != nil {
		return nil, err
	}
	base, closer, err := o.base.open(sys, o.insecure)
	if err != nil {
		return nil, err
	}
	var made *content.File
	size := 0
	built, messages := o.assemble(name, text)
	if built.Program != nil {
		if file, _ := o.searchOptions.run(sys, built, messages); file != nil {
			size = len(file.Bytes)
			spec, said := describeImage(built.Program, name, nil, sys.getenv)
			messages.Append(said)
			if said.Errors() == 0 {
				made, said = spec.pack(base, closer, file.Bytes)
				messages.Append(said)
			}
		}
	}
	if o.report(sys, built.Files, messages) > 0 || made == nil {
		closer.Close()
		return nil, errReported
	}
	return made, o.checkSize(name, size)
}

// pack makes an image of a program, on a base if there is one, which closer ends.
func (s *imageSpec) pack(base content.Artifact, closer io.Closer, program []byte) (*content.File, *diag.Bag) {
	if base == nil {
		img, _, said := s.build(program)
		if img == nil {
			return nil, said
		}
		return content.Memory(img, img.Tags(), closer), said
	}
	img, said := s.buildOn(base, program)
	if img == nil {
		return nil, said
	}
	return content.Memory(img, img.Tags, closer), said
}

// one returns the only image or index of a file.
func one(f *content.File, name string) (content.Entry, error) {
	if len(f.Entries) == 1 {
		return f.Entries[0], nil
	}
	var names []string
	for _, e := range f.Entries {
		names = append(names, e.Names...)
	}
	return content.Entry{}, fmt.Errorf("'%s' holds %d images (%s); save the one that is meant alone", name, len(f.Entries), strings.Join(names, ", "))
}

// client makes a client for registries, which shows its progress on a terminal.
func client(sys *system, insecure bool) (*registry.Client, *progress) {
	p := &progress{w: sys.stderr}
	c := &registry.Client{Insecure: insecure, UserAgent: "tasm/" + version()}
	if isTerminal(sys.stderr) {
		c.Progress = p.tell
	}
	return c, p
}

const insecureUsage = "allow plain http, and certificates that can't be verified, also for other machines than this one"

// progress is a line on a terminal that tells how far a transfer is.
type progress struct {
	w     io.Writer
	last  time.Time
	shown bool
}

// progressEvery is how often the line changes; shorter transfers show nothing.
const progressEvery = 200 * time.Millisecond

func (p *progress) tell(blob string, done, size int64) {
	now := time.Now()
	if p.last.IsZero() {
		p.last = now
	}
	if now.Sub(p.last) < progressEvery {
		return
	}
	p.last, p.shown = now, true
	fmt.Fprintf(p.w, "\r\x1b[K%.19s  %s of %s", blob, about(uint64(done)), about(uint64(size)))
}

// clear removes the line.
func (p *progress) clear() {
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.shown = false
	}
}

// failTransfer tells what went wrong in a transfer.
func (o *sourceOptions) failTransfer(sys *system, err error) error {
	if transfers.Err() != nil {
		select {} // a signal ends the process now
	}
	return o.fail(sys, &diag.Files{}, err)
}
