package main

import (
	"cmp"
	"errors"
	"path/filepath"
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

// imageSpec is the description of an image, and where in the source it stands.
type imageSpec struct {
	oci.Spec
	statements map[string]diag.Range   // by field of oci.Spec
	byOption   map[string]string       // the options that say something, by field
	arguments  map[string][]diag.Range // by field and index
	profile    oci.Profile
	adds       []said      // files that the source names
	layers     *oci.Layers // of all images of a command
}

// mostJSON is the size in bytes of the manifest and the config that registries have
// to take (OCI distribution specification, Pushing Manifests), and tools do.
const mostJSON = 4 << 20

// describe collects what the source and the command line say of the image of a
// program. Its name is, where neither tells, that of the source.
func (o *metadataOptions) describe(p *program.Program, source string, getenv func(string) string) (*imageSpec, *diag.Bag) {
	messages := &diag.Bag{}
	s := &imageSpec{profile: o.profile(), layers: &o.layers, statements: map[string]diag.Range{}, arguments: map[string][]diag.Range{}}
	fromSource := map[string][]said{}
	for _, statement := range p.Image {
		messages.Add(s.read(statement, fromSource))
	}
	messages.Append(s.fill(o, fromSource))
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
	s.IgnoresArguments, s.MayPad = flow.IgnoresArguments(p), true
	messages.Append(s.complete(o, getenv))
	return s, messages
}

// fill puts what is said of the image into the Spec.
func (s *imageSpec) fill(o *metadataOptions, fromSource map[string][]said) *diag.Bag {
	messages := &diag.Bag{}
	s.byOption = map[string]string{}
	for i := range oci.Settings {
		setting := &oci.Settings[i]
		options := o.values[setting.Name]
		all := override(setting, fromSource[setting.Name], options)
		if len(all) == 0 && options == nil {
			continue
		}
		if options != nil {
			s.byOption[setting.Field] = setting.Name
		}
		var values []string
		for _, v := range all {
			values = append(values, v.value)
			s.arguments[setting.Field] = append(s.arguments[setting.Field], v.at)
		}
		if err := setting.Apply(&s.Spec, append([]string{}, values...)); err != nil {
			messages.Add(s.mistake(err).Notef("for example: image %s %s", setting.Name, setting.Example))
		}
	}
	return messages
}

// complete adds the files, and what only the environment can say.
func (s *imageSpec) complete(o *metadataOptions, getenv func(string) string) *diag.Bag {
	messages := &diag.Bag{}
	var err error
	if s.Created, err = oci.CreatedFromEnv(getenv); err != nil {
		messages.Add(diag.Errorf(diag.Range{}, "%s", err))
	}
	c, adds := &adder{}, s.adds
	for _, text := range o.adds {
		adds = append(adds, said{value: text})
	}
	for _, a := range adds {
		if err := c.collect(a.value); err != nil {
			messages.Add(addMistake(a.at, a.value+": "+diag.Reason(err)))
		}
		for len(s.arguments["Files"]) < len(c.files) {
			s.arguments["Files"] = append(s.arguments["Files"], a.at)
		}
	}
	s.Files = c.files
	return messages
}

// addMistake is what is wrong with a file, as a line of the source or as an option.
func addMistake(at diag.Range, text string) *diag.Message {
	if at.IsZero() {
		text = "--add " + text
	}
	return diag.Errorf(at, "%s", text)
}

// read takes what one IMAGE statement says.
func (s *imageSpec) read(st *lang.Image, into map[string][]said) *diag.Message {
	name := st.Key.Text
	if name == lang.ImageAnywhere {
		if len(st.Args) > 0 {
			return diag.Errorf(st.Args[0].Range, "image %s takes nothing", name)
		}
		return nil // a matter of the layout
	}
	if name == lang.ImageAdd {
		for _, arg := range st.Args {
			s.adds = append(s.adds, said{arg.Bytes, arg.Range})
		}
		return nil
	}
	setting, known := oci.SettingFor(name)
	if !known {
		return diag.Errorf(st.Key.Range, "an image has no '%s'", name)
	}
	first, again := s.statements[setting.Field]
	switch {
	case again && setting.Shape != oci.Each:
		return diag.Errorf(st.Range, "the image's %s is given twice", name).NoteAt(first, "it was given here")
	case len(st.Args) == 0 || len(st.Args) > 1 && setting.Shape == oci.One:
		return diag.Errorf(st.Range, "image %s takes one string", name).Notef("for example: image %s %s", name, setting.Example)
	}
	if !again {
		s.statements[setting.Field] = st.Range
	}
	for _, arg := range st.Args {
		into[name] = append(into[name], said{arg.Bytes, arg.Range})
	}
	return nil
}

// build makes the image. Mistakes in the description become messages about the
// statements that they stand in.
func (s *imageSpec) build(executable []byte) (*oci.Image, *diag.Bag) {
	draft, err := s.profile.Draft(s.Spec, executable)
	if err != nil {
		return nil, s.mistakes(err)
	}
	return s.finish(draft)
}

// finish makes the image of a draft.
func (s *imageSpec) finish(draft *oci.Draft) (*oci.Image, *diag.Bag) {
	img, err := draft.Build(s.layers)
	if err != nil {
		return nil, s.mistakes(err)
	}
	messages := &diag.Bag{}
	if n := max(img.Sizes().Config, img.Sizes().Manifest); n > mostJSON {
		messages.Add(diag.Warningf("image-size", diag.Range{}, "the image's description takes %d bytes, and skopeo, podman and many registries take no more than %d: shorten labels and environment", n, mostJSON))
	}
	return img, messages
}

// mistakes makes messages of an error of package oci.
func (s *imageSpec) mistakes(err error) *diag.Bag {
	messages := &diag.Bag{}
	var mistakes oci.SpecErrors
	if !errors.As(err, &mistakes) {
		messages.Add(diag.Errorf(diag.Range{}, "%s", err))
	}
	for _, m := range mistakes {
		messages.Add(s.mistake(m))
	}
	return messages
}

// mistake makes a message of a mistake in the Spec. One that comes from the
// command line names the option.
func (s *imageSpec) mistake(e *oci.SpecError) *diag.Message {
	at := s.place(e)
	if name := s.byOption[e.Field]; name != "" && at.IsZero() {
		return diag.Errorf(at, "--%s: %s", name, e.Msg)
	}
	if e.Field == "Files" {
		return addMistake(at, e.Msg)
	}
	return diag.Errorf(at, "%s", e.Msg)
}

// buildOn makes an image on a base. Before that it looks at whether it starts.
func (s *imageSpec) buildOn(base content.Artifact, program []byte) (*oci.Based, *diag.Bag) {
	draft, err := oci.DraftOn(base, s.Spec, program)
	if err != nil {
		return nil, s.mistakes(err)
	}
	messages := &diag.Bag{}
	if draft.Tree != nil {
		if messages = s.obstacles(draft.Tree, draft.Path, draft, program); messages.Errors() > 0 {
			return nil, messages
		}
	}
	img, err := draft.Build(s.layers)
	if err != nil {
		return nil, s.mistakes(err)
	}
	return img, messages
}

// buildChecked makes an image of a program alone. Before that it looks at whether it
// starts.
func (s *imageSpec) buildChecked(program []byte) (*oci.Image, *diag.Bag) {
	draft, err := s.profile.Draft(s.Spec, program)
	if err != nil {
		return nil, s.mistakes(err)
	}
	messages := s.obstacles(rootfs.New(), draft.Path, draft, program)
	if messages.Errors() > 0 {
		return nil, messages
	}
	img, said := s.finish(draft)
	messages.Append(said)
	return img, messages
}

// obstacles says what keeps the image's command from starting: the program at a
// path and the image's files over those of a base.
func (s *imageSpec) obstacles(tree *rootfs.Tree, path string, config rawConfig, program []byte) *diag.Bag {
	s.putFiles(tree, path, program)
	messages, err := obstacles(tree, config)
	if err != nil {
		return s.mistakes(err)
	}
	return messages
}

// putFiles adds the program and the files to those of a base.
func (s *imageSpec) putFiles(tree *rootfs.Tree, path string, program []byte) {
	for _, f := range s.Files {
		f.Put(tree)
	}
	tree.Put(rootfs.Node{Path: path, Mode: 0o755}, program)
}

// rawConfig is an image, or one that is to be.
type rawConfig interface{ RawConfigFile() ([]byte, error) }

// obstacles says what keeps an image's command from starting: an error where
// nothing can start it, a warning where it may start.
func obstacles(tree *rootfs.Tree, img rawConfig) (*diag.Bag, error) {
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
	if s.byOption[e.Field] != "" {
		return diag.Range{}
	}
	return s.statements[e.Field]
}

// unnamed is the name of an image whose source has none that would do.
const unnamed = "image"

// defaultTag makes the name of an image from that of its source.
func defaultTag(source string) string {
	base := filepath.Base(source)
	base = strings.TrimSuffix(base, filepath.Ext(base))
	parts := strings.FieldsFunc(strings.ToLower(base), func(r rune) bool { return !('a' <= r && r <= 'z' || '0' <= r && r <= '9') })
	return cmp.Or(strings.Join(parts, "-"), unnamed)
}

func profileNames() []string {
	var names []string
	for _, p := range oci.Profiles {
		names = append(names, p.Name)
	}
	return names
}

// profileSummaries says what the smaller profiles do, and who refuses their images.
func profileSummaries() string {
	var all []string
	for _, p := range oci.Profiles {
		if p.About != "" {
			all = append(all, p.Name+" "+p.About)
		}
		if p.Refused != "" {
			all = append(all, p.Name+" is refused by "+p.Refused)
		}
	}
	return strings.Join(all, "; ")
}
