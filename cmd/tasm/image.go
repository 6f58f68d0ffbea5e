package main

import (
	"bytes"
	"errors"
	"path/filepath"
	"regexp"
	"strings"

	"tasm/diag"
	"tasm/flow"
	"tasm/lang"
	"tasm/linux"
	"tasm/oci"
	"tasm/oci/content"
	"tasm/oci/launch"
	"tasm/oci/rootfs"
	"tasm/program"
)

// An imageKey is a word that can follow IMAGE in a source.
type imageKey struct {
	field   string // of oci.Spec
	example string
	list    bool // takes several strings, else one
	repeats bool // may stand in several lines
	set     func(*oci.Spec, []string)
}

var imageKeys = map[string]imageKey{
	"tag":        {"Tags", `image tag "hello:1.0"`, true, true, func(s *oci.Spec, v []string) { s.Tags = append(s.Tags, v...) }},
	"entrypoint": {"Entrypoint", `image entrypoint "/hello", "-v"`, true, false, func(s *oci.Spec, v []string) { s.Entrypoint = v }},
	"cmd":        {"Cmd", `image cmd "one", "two"`, true, false, func(s *oci.Spec, v []string) { s.Cmd = v }},
	"env":        {"Env", `image env "NAME=value"`, true, true, func(s *oci.Spec, v []string) { s.Env = append(s.Env, v...) }},
	"label":      {"Labels", `image label "name=value"`, true, true, addLabels},
	"workdir":    {"WorkingDir", `image workdir "/data"`, false, false, func(s *oci.Spec, v []string) { s.WorkingDir = v[0] }},
	"user":       {"User", `image user "1000:1000"`, false, false, func(s *oci.Spec, v []string) { s.User = v[0] }},
	"path":       {"Path", `image path "/hello"`, false, false, func(s *oci.Spec, v []string) { s.Path = v[0] }},
}

func addLabels(s *oci.Spec, labels []string) {
	for _, l := range labels {
		name, value, _ := strings.Cut(l, "=")
		s.Labels = append(s.Labels, oci.Label{Name: name, Value: value})
	}
}

// imageSpec is the description of an image, and where in the source it stands.
type imageSpec struct {
	oci.Spec
	statements map[string]diag.Range   // by field of oci.Spec
	arguments  map[string][]diag.Range // by field and index
	profile    oci.Profile
}

// mostJSON is the size in bytes of the manifest and the config that registries have
// to take (OCI distribution specification, Pushing Manifests), and tools do.
const mostJSON = 4 << 20

// describeImage collects what the source and the command line say of the image.
// Its name is, where neither tells, that of the source.
func describeImage(p *program.Program, source string, tags []string, getenv func(string) string) (*imageSpec, *diag.Bag) {
	messages := &diag.Bag{}
	s := &imageSpec{profile: oci.Portable, statements: map[string]diag.Range{}, arguments: map[string][]diag.Range{}}
	for _, statement := range p.Image {
		messages.Add(s.add(statement))
	}
	if len(tags) > 0 {
		s.Tags = tags
		delete(s.statements, "Tags")
		delete(s.arguments, "Tags")
	}
	if len(s.Tags) == 0 {
		s.Tags = []string{defaultTag(source)}
		if s.Tags[0] == unnamed && source != unnamed {
			messages.Add(diag.Warningf("image-name", diag.Range{}, "'%s' makes no name for an image, which has letters from a to z, digits and -_.: it is named '%s'", source, unnamed).
				Notef("write 'image tag \"NAME\"' in the source, or give --tag NAME"))
		}
	}
	if target, ok := linux.TargetFor(p.Target); ok {
		s.Platform = oci.Platform{OS: target.OS, Architecture: target.Arch}
	}
	s.IgnoresArguments = ignoresArguments(p)
	var err error
	if s.Created, err = oci.CreatedFromEnv(getenv); err != nil {
		messages.Add(diag.Errorf(diag.Range{}, "%s", err))
	}
	return s, messages
}

// ignoresArguments reports whether a program surely sees nothing of what it is
// started with: that is all on the stack, and the program does not look at the
// stack pointer it begins with.
func ignoresArguments(p *program.Program) bool {
	g := flow.Build(p)
	if len(g.Doubts) > 0 || g.Entry == nil {
		return false
	}
	const stackPointer = 4
	return !g.LiveBefore()[g.Entry][0].Registers.Has(stackPointer)
}

// add puts one IMAGE statement into the description.
func (s *imageSpec) add(st *lang.Image) *diag.Message {
	key, known := imageKeys[st.Key.Text]
	if !known {
		return diag.Errorf(st.Key.Range, "an image has no '%s'", st.Key.Text)
	}
	first, again := s.statements[key.field]
	switch {
	case again && !key.repeats:
		return diag.Errorf(st.Range, "the image's %s is given twice", st.Key.Text).NoteAt(first, "it was given here")
	case len(st.Args) == 0 || len(st.Args) > 1 && !key.list:
		return diag.Errorf(st.Range, "image %s takes one string", st.Key.Text).Notef("for example: %s", key.example)
	}
	if !again {
		s.statements[key.field] = st.Range
	}
	var values []string
	for _, arg := range st.Args {
		if key.field == "Labels" && !strings.Contains(arg.Bytes, "=") {
			return diag.Errorf(arg.Range, "a label has a name and a value").Notef("for example: %s", key.example)
		}
		values = append(values, arg.Bytes)
		s.arguments[key.field] = append(s.arguments[key.field], arg.Range)
	}
	key.set(&s.Spec, values)
	return nil
}

// build makes the image archive. Mistakes in the description become messages
// about the statements that they stand in.
func (s *imageSpec) build(executable []byte) (*oci.Image, []byte, *diag.Bag) {
	img, err := s.profile.Build(s.Spec, executable)
	if err != nil {
		return nil, nil, s.mistakes(err)
	}
	messages := &diag.Bag{}
	if n := max(img.Sizes().Config, img.Sizes().Manifest); n > mostJSON {
		messages.Add(diag.Warningf("image-size", diag.Range{}, "the image's description takes %d bytes, and skopeo, podman and many registries take no more than %d: shorten labels and environment", n, mostJSON))
	}
	var archive bytes.Buffer
	if err := img.WriteArchive(&archive); err != nil {
		messages.Add(diag.Errorf(diag.Range{}, "%s", err))
	}
	return img, archive.Bytes(), messages
}

// mistakes makes messages of an error of package oci.
func (s *imageSpec) mistakes(err error) *diag.Bag {
	messages := &diag.Bag{}
	var mistakes oci.SpecErrors
	if !errors.As(err, &mistakes) {
		messages.Add(diag.Errorf(diag.Range{}, "%s", err))
	}
	for _, m := range mistakes {
		messages.Add(diag.Errorf(s.place(m), "%s", m.Msg))
	}
	return messages
}

// buildOn makes an image on a base, and looks at whether it starts.
func (s *imageSpec) buildOn(base content.Artifact, program []byte) (*oci.Based, *diag.Bag) {
	img, err := oci.BuildOn(base, s.Spec, program)
	if err != nil {
		return nil, s.mistakes(err)
	}
	if img.Tree == nil {
		return img, &diag.Bag{}
	}
	img.Tree.Put(img.Path, 0o755, program)
	messages, err := obstacles(img.Tree, img)
	if err != nil {
		return nil, s.mistakes(err)
	}
	return img, messages
}

// obstacles says what keeps an image's command from starting: an error where
// nothing can start it, a warning where it may start.
func obstacles(tree *rootfs.Tree, img interface {
	RawConfigFile() ([]byte, error)
}) (*diag.Bag, error) {
	raw, err := img.RawConfigFile()
	if err != nil {
		return nil, err
	}
	found, err := launch.CheckRaw(tree, raw)
	if err != nil {
		return nil, err
	}
	messages := &diag.Bag{}
	for _, f := range found {
		m := diag.Errorf(diag.Range{}, "%s", printableText(f.Text))
		if !f.Fatal {
			m = diag.Warningf("image-start", diag.Range{}, "%s", printableText(f.Text))
		}
		if f.Cure != "" {
			m = m.Notef("%s", printableText(f.Cure))
		}
		messages.Add(m)
	}
	return messages, nil
}

// place returns where in the source a mistake stands.
func (s *imageSpec) place(e *oci.SpecError) diag.Range {
	if args := s.arguments[e.Field]; 0 <= e.Index && e.Index < len(args) {
		return args[e.Index]
	}
	return s.statements[e.Field]
}

var notInTags = regexp.MustCompile(`[^a-z0-9]+`)

// unnamed is the name of an image whose source has none that would do.
const unnamed = "image"

// defaultTag makes the name of an image from that of its source.
func defaultTag(source string) string {
	base := filepath.Base(source)
	base = strings.TrimSuffix(base, filepath.Ext(base))
	tag := strings.Trim(notInTags.ReplaceAllString(strings.ToLower(base), "-"), "-")
	if tag == "" {
		return unnamed
	}
	return tag
}

func profileNames() []string {
	var names []string
	for _, p := range oci.Profiles {
		names = append(names, p.Name)
	}
	return names
}

// profileSummaries says who refuses the images of the smaller profiles.
func profileSummaries() string {
	var all []string
	for _, p := range oci.Profiles {
		if p.Refused != "" {
			all = append(all, p.Name+" is refused by "+p.Refused)
		}
	}
	return strings.Join(all, "; ")
}
