package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"tasm/diag"
	"tasm/layout/elf"
	"tasm/listing"
	"tasm/oci/content"
	"tasm/oci/launch"
	"tasm/oci/registry"
	"tasm/oci/rootfs"
)

// inspect is the verb that shows what an image is made of.
type inspect struct {
	imageOptions
	raw  string
	json bool
}

func inspectCommand() *command {
	i := &inspect{}
	c := &command{
		args:    "REF|FILE|DIR",
		summary: "show what an image is made of, how large it is, if it starts",
		about: []string{
			"Shows an image: its manifest, config and layers; its size in each sense that tools mean; what may keep its command from starting; and, where that is a small program, the map of its bytes, of which 'tasm explain' says more. The image is in a registry, in an archive, in a layout folder, or built of a source.",
			"Layers are fetched to be counted, and compared with their digests; nothing is written.",
		},
		examples: []example{
			{"tasm inspect image.tar", "an archive"},
			{"tasm inspect registry.example/team/hello:1.0", "an image in a registry"},
			{"tasm inspect --raw manifest hello.tasm", "the exact bytes of the manifest that would be pushed"},
			{"tasm inspect --json busybox --platform linux/386", "for programs, one platform of several"},
		},
		run: i.run,
	}
	simple := i.imageOptions.register(c)
	simple.Var(newChoice(&i.raw, "", "manifest", "config"), "raw", "print nothing but the exact bytes of the manifest or config")
	simple.BoolVar(&i.json, "json", false, "print one JSON object, with names that stay the same")
	simple.BoolVar(&i.insecure, "insecure", false, insecureUsage)
	return c
}

func (i *inspect) run(sys *system, args []string) error {
	if len(args) != 1 {
		return usagef("give one image, not %d", len(args))
	}
	name := args[0]
	a, names, closer, err := i.find(sys, name)
	if err != nil {
		return err
	}
	defer closer.Close()
	var out bytes.Buffer
	if err := i.write(&out, name, a, names); err != nil {
		return i.failTransfer(sys, fmt.Errorf("can't inspect '%s': %s", name, diag.Reason(err)))
	}
	if err := writeOutput(sys, "-", out.Bytes(), false); err != nil {
		return i.fail(sys, &diag.Files{}, err)
	}
	return nil
}

// find opens the image that an argument names. It has told of what is wrong when
// it fails.
func (i *inspect) find(sys *system, name string) (content.Artifact, []string, io.Closer, error) {
	if isFile(name) {
		f, err := i.open(sys, name)
		if err != nil {
			return nil, nil, nil, err
		}
		e, err := one(f, name)
		if err != nil {
			return nil, nil, nil, i.fail(sys, &diag.Files{}, err)
		}
		i.platform = "" // followed already
		return e.Artifact, e.Names, f, nil
	}
	ref, err := registry.Parse(name)
	if err != nil {
		return nil, nil, nil, usagef("there is no such file, and as the name of an image: %s", err) // the name may hold a password
	}
	c, progress := client(sys, i.insecure)
	a, err := c.Pull(transfers, ref)
	progress.clear()
	if err != nil && !strings.Contains(name, "/") {
		err = fmt.Errorf("there is no file '%s', and %w", name, err)
	}
	if err != nil {
		return nil, nil, nil, i.failTransfer(sys, err)
	}
	return a, []string{registry.Name(ref)}, io.NopCloser(nil), nil
}

// isFile reports whether an argument that may be a file or a name in a registry
// is a file: it is there, or looks like a path.
func isFile(arg string) bool {
	_, err := os.Stat(arg)
	return arg == "-" || err == nil || strings.HasPrefix(arg, "/") || strings.HasPrefix(arg, ".") ||
		strings.HasSuffix(arg, ".tasm") || strings.HasSuffix(arg, ".tar") || strings.HasSuffix(arg, "/")
}

func (i *inspect) write(w io.Writer, name string, a content.Artifact, names []string) error {
	if i.platform != "" {
		img, err := content.SelectNamed(a, i.platform)
		if err != nil {
			return err
		}
		a = img
	}
	if i.raw != "" {
		return writeRaw(w, a, i.raw)
	}
	m, err := i.measure(name, a, names)
	if err != nil {
		return err
	}
	if i.json {
		return writeJSON(w, m)
	}
	return m.writeText(w)
}

// writeRaw writes the exact bytes of a manifest or config.
func writeRaw(w io.Writer, a content.Artifact, what string) error {
	raw, err := a.RawManifest()
	if what == "config" {
		var images []content.Child
		if images, err = content.Images(a); err != nil {
			return err
		}
		if len(images) != 1 {
			return fmt.Errorf("it has %d images; say which with --platform", len(images))
		}
		raw, err = images[0].RawConfigFile()
	}
	if err != nil {
		return err
	}
	_, err = w.Write(raw)
	return err
}

// inspection is what the verb prints.
type inspection struct {
	Image     string    `json:"image"`
	Names     []string  `json:"names"`
	MediaType string    `json:"mediaType"`
	Digest    string    `json:"digest"`
	Size      int64     `json:"size"` // of the manifest or index, in bytes
	Images    []anatomy `json:"images"`
	// Others are the platforms of images in an index that were not looked into.
	Others []string `json:"others"`
}

// anatomy is what an image for one platform is made of.
type anatomy struct {
	Platform  string          `json:"platform"`
	Digest    string          `json:"digest"`
	ID        string          `json:"id"` // the digest of the config
	Manifest  json.RawMessage `json:"manifest"`
	Config    json.RawMessage `json:"config"`
	Sizes     *rootfs.Sizes   `json:"sizes"`
	Layers    []layerAnatomy  `json:"layers"`
	Command   []string        `json:"command"`
	Obstacles []obstacle      `json:"obstacles"` // to a start
	Program   programAnatomy  `json:"program"`

	listing *listing.Listing
	root    bool // the command runs as root
}

type layerAnatomy struct {
	Digest    string `json:"digest"`
	MediaType string `json:"mediaType"`
	Size      int64  `json:"size"`
	Unpacked  int64  `json:"unpacked"`
	Files     int    `json:"files"`
	Content   int64  `json:"content"` // bytes of all files
}

type obstacle struct {
	Fatal bool   `json:"fatal"`
	Text  string `json:"text"`
	Cure  string `json:"cure"`
}

// programAnatomy is the file that the command starts; Path is empty where there
// is none.
type programAnatomy struct {
	Path string `json:"path"`
	Size int64  `json:"size"`
}

// maxMap is the largest program whose map is shown, in bytes: a screen or two.
const maxMap = 1024

func (i *inspect) measure(name string, a content.Artifact, names []string) (*inspection, error) {
	digest, err := a.Digest()
	if err != nil {
		return nil, err
	}
	size, err := a.Size()
	if err != nil {
		return nil, err
	}
	mediaType, err := a.MediaType()
	if err != nil {
		return nil, err
	}
	m := &inspection{Image: name, Names: append([]string{}, names...), MediaType: string(mediaType), Digest: digest.String(), Size: size, Images: []anatomy{}, Others: []string{}}
	images, err := m.choose(a)
	if err != nil {
		return nil, err
	}
	for _, img := range images {
		part, err := i.dissect(name, img)
		if err != nil {
			return nil, err
		}
		m.Images = append(m.Images, *part)
	}
	return m, nil
}

// choose returns the images to look into. Of an index in a registry that is the
// one that runs here: the layers of all would be much to fetch.
func (m *inspection) choose(a content.Artifact) ([]content.Child, error) {
	if isFile(m.Image) {
		return content.Images(a)
	}
	img, err := content.Runnable(a)
	if err != nil {
		return nil, err
	}
	children, err := content.Images(img)
	if err != nil {
		return nil, err
	}
	for _, p := range content.Platforms(a) {
		if p != children[0].Platform.String() {
			m.Others = append(m.Others, p)
		}
	}
	return children, nil
}

// dissect reads the layers of an image.
func (i *inspect) dissect(name string, img content.Child) (*anatomy, error) {
	tree, err := rootfs.Read(img.Image)
	if err != nil {
		return nil, err
	}
	config, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	p := &anatomy{Platform: img.Platform.String(), Command: append([]string{}, launch.Command(config.Config)...), Obstacles: []obstacle{}, Layers: []layerAnatomy{}}
	user, _, _ := strings.Cut(config.Config.User, ":")
	p.root = slices.Contains([]string{"", "0", "root"}, user)
	if p.Sizes, err = tree.Measure(img.Image); err != nil {
		return nil, err
	}
	digest, err := img.Digest()
	if err != nil {
		return nil, err
	}
	id, err := img.ConfigName()
	if err != nil {
		return nil, err
	}
	p.Digest, p.ID = digest.String(), id.String()
	if p.Manifest, err = img.RawManifest(); err != nil {
		return nil, err
	}
	if p.Config, err = img.RawConfigFile(); err != nil {
		return nil, err
	}
	manifest, err := img.Manifest()
	if err != nil {
		return nil, err
	}
	for n, l := range manifest.Layers {
		s := tree.Layers[n]
		p.Layers = append(p.Layers, layerAnatomy{l.Digest.String(), string(l.MediaType), l.Size, s.Tar, s.Files, s.Content})
	}
	for _, f := range launch.Check(tree, config) {
		p.Obstacles = append(p.Obstacles, obstacle(f))
	}
	if entry, err := launch.Entry(tree, config); err == nil {
		p.Program = programAnatomy{entry.Path, entry.Size}
		if entry.Size <= maxMap {
			file, err := tree.ReadFile(entry, maxMap)
			if err != nil {
				return nil, err
			}
			loader, _ := elf.ByName(i.loader)
			if l, err := listing.Read(entry.Path, file, loader.WithCharge(i.maxCharge)); err == nil && listing.IsELF(file) {
				p.listing = l
			}
		}
	}
	return p, nil
}

func (m *inspection) writeText(w io.Writer) error {
	fmt.Fprintf(w, "%s\n\n", m.Image)
	for i, n := range m.Names {
		writeFact(w, [...]string{"name", ""}[min(i, 1)], printableText(n))
	}
	writeFact(w, "digest", m.Digest)
	writeFact(w, "type", m.MediaType)
	if len(m.Images) != 1 || m.Images[0].Digest != m.Digest {
		writeFact(w, "index", fmt.Sprintf("%d B, of %s", m.Size, plural(int64(len(m.Images)+len(m.Others)), "image")))
	}
	if len(m.Others) > 0 {
		writeFact(w, "also for", strings.Join(m.Others, ", ")+"; see them with --platform")
	}
	for _, p := range m.Images {
		if err := p.writeText(w, m); err != nil {
			return err
		}
	}
	return nil
}

func (p *anatomy) writeText(w io.Writer, m *inspection) error {
	writeFact(w, "platform", cmp.Or(p.Platform, "none is said, of which engines warn"))
	if p.Digest != m.Digest {
		writeFact(w, "digest", p.Digest)
	}
	writeFact(w, "id", p.ID)
	words := make([]string, len(p.Command))
	for i, c := range p.Command {
		words[i] = fmt.Sprintf("%q", c)
	}
	writeFact(w, "command", strings.Join(words, " "))
	if p.root {
		writeFact(w, "user", "root; one without rights is better where the program needs none: image user \"65532\"")
	}
	if p.Program.Path != "" {
		writeFact(w, "program", fmt.Sprintf("%s, %d B", printableText(p.Program.Path), p.Program.Size))
	}
	fmt.Fprintln(w)
	rows := []row{{p.Sizes.Manifest, "manifest", ""}, {p.Sizes.Config, "config", ""}}
	for i, l := range p.Layers {
		rows = append(rows, row{l.Size, fmt.Sprintf("layer %d", i+1), fmt.Sprintf("unpacks to %d B with %s of %d B in all; %s", l.Unpacked, plural(int64(l.Files), "file"), l.Content, l.Digest)})
	}
	writeRows(w, slices.Concat(rows, []row{{p.Sizes.Wire, "in all", "is what a registry stores and a pull transfers"}}))
	fmt.Fprintln(w)
	for _, s := range []struct {
		bytes int64
		where string
	}{
		{p.Sizes.Docker, "docker images (Docker's own store: the content of the files)"},
		{p.Sizes.Containerd, "docker images (containerd's store: what is transferred, and the blocks on the disk)"},
		{p.Sizes.Podman, "podman images (tar files and metadata)"},
		{p.Sizes.Unpacked, "the layers, unpacked to tar files"},
	} {
		fmt.Fprintf(w, "%9s  %s\n", decimalSize(s.bytes), s.where)
	}
	fmt.Fprintln(w)
	for _, part := range []struct {
		name string
		json []byte
	}{{"manifest", p.Manifest}, {"config", p.Config}} {
		if len(part.json) <= maxMap {
			writeFact(w, part.name, printableText(string(bytes.TrimSpace(part.json))))
		} else {
			writeFact(w, part.name, fmt.Sprintf("%d B; see it with --raw %s", len(part.json), part.name))
		}
	}
	for _, o := range p.Obstacles {
		writeFact(w, map[bool]string{true: "fails", false: "may fail"}[o.Fatal], printableText(o.Text+suffix("; ", o.Cure)))
	}
	if p.listing == nil {
		return nil
	}
	fmt.Fprintln(w)
	return p.listing.Map(w)
}

func suffix(before, s string) string {
	if s == "" {
		return ""
	}
	return before + s
}

// printableText makes text of an image fit for a terminal.
func printableText(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}

// decimalSize writes a number of bytes as engines do: three digits, units of 1000.
func decimalSize(n int64) string {
	v, i := float64(n), 0
	for v >= 1000 && i < 4 {
		v, i = v/1000, i+1
	}
	return fmt.Sprintf("%.3g %s", v, [...]string{"B", "kB", "MB", "GB", "TB"}[i])
}

// programOfImage returns the program that the image in a file or folder starts,
// and a name for it. It returns nil where the file holds no image.
func programOfImage(name string) (program []byte, label string, err error) {
	info, err := os.Stat(name)
	if name == "-" || err != nil || !info.IsDir() && !content.LooksLikeArchive(firstBytes(name)) {
		return nil, "", nil
	}
	f, err := openFile(name)
	if err != nil {
		return nil, "", err
	}
	defer f.Close()
	fail := func(err error) ([]byte, string, error) {
		return nil, "", fmt.Errorf("can't read the program of the image '%s': %s", name, diag.Reason(err))
	}
	e, err := one(f, name)
	if err != nil {
		return fail(err)
	}
	img, err := content.Runnable(e.Artifact)
	if err != nil {
		return fail(err)
	}
	config, err := img.ConfigFile()
	if err != nil {
		return fail(err)
	}
	tree, err := rootfs.Read(img)
	if err != nil {
		return fail(err)
	}
	entry, err := launch.Entry(tree, config)
	if err != nil {
		return fail(fmt.Errorf("its command is not there: %w", err))
	}
	if program, err = tree.ReadFile(entry, launch.MaxProgram); err != nil {
		return fail(err)
	}
	if !listing.IsELF(program) {
		return fail(fmt.Errorf("%s is no ELF executable", entry.Path))
	}
	return program, name + ":" + entry.Path, nil
}
