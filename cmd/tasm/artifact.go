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

// programOptions are the options of verbs that build a program to do something
// with it.
type programOptions struct {
	sourceOptions
	searchOptions
	warns bool // of what a program will do wrong, before it is run
}

// register adds the options to a command, in groups, and returns the first.
func (o *programOptions) register(c *command) *pflag.FlagSet {
	simple, layouts, advanced := c.group("Options"), c.group("Layout options"), c.group("Advanced options")
	o.sourceOptions.register(simple, advanced)
	o.searchOptions.register(layouts)
	return simple
}

// imageOptions are the options of verbs that take an image in any form.
type imageOptions struct {
	programOptions
	metadataOptions
	base     baseOption
	platform string
	insecure bool // for registries, in verbs that have the option
	debug    bool // with debug information, in verbs that have the option
}

// register adds the options with which a source is built.
func (o *imageOptions) register(c *command) *pflag.FlagSet {
	simple, images, layouts, advanced := c.group("Options"), c.group("Image options"), c.group("Layout options"), c.group("Advanced options")
	o.registerIn(simple, images, layouts, advanced)
	return simple
}

func (o *imageOptions) registerIn(simple, images, layouts, advanced *pflag.FlagSet) {
	o.sourceOptions.register(simple, advanced)
	o.base.register(simple)
	simple.StringVar(&o.platform, "platform", "", "make the image for `PLATFORM`, or an index for several, with commas between them, or for all that the source names. linux/amd64 gets a linux/386 program where the source has no other. Of an index that exists already, take the image for it")
	o.metadataOptions.register(images)
	o.searchOptions.register(layouts)
}

const imageFileAbout = "FILE is a source, which is built as 'tasm build' does with the same options, an archive such as image.tar, or a folder with an OCI image layout."

// open reads an image: from an archive or a layout folder, or built of a source.
// It has told of what is wrong when it fails.
func (o *imageOptions) open(sys *system, name string) (*content.File, error) {
	file, built, err := o.read(sys, name)
	if err == nil && !built {
		file, err = o.take(file, name)
	}
	if err == nil || errors.Is(err, errReported) || errors.As(err, &usageError{}) {
		return file, err
	}
	return nil, o.fail(sys, &diag.Files{}, err)
}

// take chooses of the images of a file, and complains of options that only an image
// that is built can follow.
func (o *imageOptions) take(file *content.File, name string) (*content.File, error) {
	if option := o.given(); option != "" || o.base.from != "" {
		file.Close()
		if option == "" {
			option = "from"
		}
		return nil, usagef("--%s is for images that are built, and '%s' holds one already", option, name)
	}
	if o.platform == "" {
		return file, nil
	}
	for i, e := range file.Entries {
		img, err := content.SelectNamed(e.Artifact, o.platform)
		if err != nil {
			file.Close()
			return nil, fmt.Errorf("'%s': %w", name, err)
		}
		file.Entries[i].Artifact = img.(content.Artifact)
	}
	return file, nil
}

// read opens the image in a file, or builds the one of a source.
func (o *imageOptions) read(sys *system, name string) (file *content.File, built bool, err error) {
	if name != "-" {
		info, err := os.Stat(name)
		if err == nil && info.IsDir() || content.LooksLikeArchive(firstBytes(name)) {
			file, err = openFile(name)
			return file, false, err
		}
	}
	data, err := readInput(sys, name)
	if err != nil {
		return nil, false, err
	}
	switch {
	case name == "-" && content.LooksLikeArchive(data):
		file, err = content.ReadArchive(bytes.NewReader(data), nil)
		return file, false, err
	case listing.IsELF(data):
		return nil, false, fmt.Errorf("'%s' is an executable and no image yet; make one with: tasm image %s -o image.tar", name, name)
	case bytes.HasPrefix(data, []byte{0x1f, 0x8b}), bytes.HasPrefix(data, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return nil, false, fmt.Errorf("'%s' is compressed; uncompress it first, with gunzip or unzstd", name)
	}
	if err := cmp.Or(o.sourceOptions.check(), o.searchOptions.check(), checkSource(name, data)); err != nil {
		return nil, true, err
	}
	made, err := o.buildImage(sys, name, data, name)
	if err != nil {
		return nil, true, err
	}
	return content.Memory(made.artifact, made.names, made.closer), true, nil
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
