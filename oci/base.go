package oci

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"tasm/oci/content"
	"tasm/oci/launch"
	"tasm/oci/rootfs"
)

// An image on a base is the base's layers, untouched and in their order, and one
// layer more with the program. The config is the base's with changes, as a
// Dockerfile makes them: environment and labels are added, a new entrypoint
// takes the base's Cmd away, and what the Spec does not name is inherited.

// Based is a finished image on a base: its names, and what it is made of.
type Based struct {
	*content.Image
	Tree *rootfs.Tree // the files of the base; nil where they were not needed
	Path string       // of the program, without links on the way
	Tags []string     // complete: host/repository:tag
}

// topFolders are what usual systems have at their root: a program of that name
// would take the folder's place.
var topFolders = []string{
	"bin", "boot", "dev", "etc", "home", "lib", "lib32", "lib64", "libx32", "media", "mnt", "opt", "proc", "root", "run",
	"sbin", "srv", "sys", "tmp", "usr", "var",
}

// BuildOn makes an image that holds the files of a base and program. The base's
// layers are read only where it takes that to tell what the program's path leads
// to, or whether the program finds what it needs.
func BuildOn(base content.Artifact, spec Spec, program []byte) (*Based, error) {
	d, err := DraftOn(base, spec, program)
	if err != nil {
		return nil, err
	}
	return d.Build(nil)
}

// BasedDraft is what a Draft is, of an image on a base.
type BasedDraft struct {
	Path string       // of the program, without links on the way
	Tree *rootfs.Tree // the files of the base; nil where they were not needed

	onto   *onto
	layer  *layer
	config []byte
}

// DraftOn begins an image on a base, as BuildOn does.
func DraftOn(base content.Artifact, spec Spec, program []byte) (*BasedDraft, error) {
	b, err := newOnto(base, spec)
	if err != nil {
		return nil, err
	}
	if err := spec.checkSize(len(program)); err != nil {
		return nil, SpecErrors{err}
	}
	entries, err := b.entries(program)
	if err != nil {
		return nil, err
	}
	tar, err := ustar.write(entries)
	if err != nil {
		return nil, SpecErrors{{"Path", -1, err.Error()}}
	}
	raw, err := b.base.RawConfigFile()
	if err != nil {
		return nil, baseError(err)
	}
	layer := newLayer(tar)
	config, err := b.configJSON(raw, layer.diffID)
	if err != nil {
		return nil, baseError(err)
	}
	return &BasedDraft{Path: b.path, Tree: b.tree, onto: b, layer: layer, config: []byte(config)}, nil
}

// RawConfigFile returns the image's config.
func (d *BasedDraft) RawConfigFile() ([]byte, error) { return bytes.Clone(d.config), nil }

// Build finishes the image, as that of a Draft does.
func (d *BasedDraft) Build(layers *Layers) (*Based, error) {
	return d.onto.compose(rawLayer{newBlob(d.onto.layerType, layers.gzip(d.layer)), d.layer.diffID}, d.config)
}

// onto is an image on a base that is being made.
type onto struct {
	base      v1.Image
	spec      *resolved
	config    *v1.ConfigFile
	tree      *rootfs.Tree
	path      string // of the program, without links
	layerType types.MediaType
}

// newOnto selects the base's image for the platform and checks the Spec.
func newOnto(base content.Artifact, spec Spec) (*onto, error) {
	b := &onto{layerType: types.OCILayer}
	want := v1.Platform{OS: spec.Platform.OS, Architecture: spec.Platform.Architecture}
	platforms := []v1.Platform{want}
	if want.Architecture == "386" {
		platforms = append(platforms, v1.Platform{OS: want.OS, Architecture: "amd64"})
	}
	var err error
	if b.base, err = content.Select(base, platforms...); err != nil {
		return nil, baseError(err)
	}
	if b.config, err = b.base.ConfigFile(); err != nil {
		return nil, baseError(err)
	}
	if c := b.config; c.OS != want.OS || !launch.Runs(c.Architecture, want.Architecture) {
		return nil, baseError(fmt.Errorf("it is for %s/%s, and the program for %s", c.OS, c.Architecture, spec.Platform))
	}
	if t, err := b.base.MediaType(); err != nil {
		return nil, baseError(err)
	} else if t == types.DockerManifestSchema2 {
		b.layerType = types.DockerLayer
	}
	if b.spec, err = spec.resolveOn(b.holds); err != nil {
		return nil, err
	}
	return b, nil
}

func baseError(err error) error { return fmt.Errorf("base image: %w", err) }

// files reads the base's layers, once.
func (b *onto) files() (*rootfs.Tree, error) {
	if b.tree != nil {
		return b.tree, nil
	}
	var err error
	if b.tree, err = rootfs.Read(b.base); err != nil {
		return nil, baseError(err)
	}
	return b.tree, nil
}

// holds reports whether the base has a file that a command can name.
func (b *onto) holds(p string) bool {
	tree, err := b.files()
	if err != nil {
		return false
	}
	n, err := tree.Lookup(p)
	return err == nil && !n.Mode.IsDir()
}

// entries are those of the new layer: the program and the files, and the folders on
// the way that the base does not have. Links on the way are followed, as COPY
// does: an entry for "bin" would take the place of a link of that name.
func (b *onto) entries(program []byte) ([]tarEntry, error) {
	s := b.spec
	b.path = s.Path
	entry := tarEntry{mode: cmp.Or(s.Mode, programMode), typeflag: typeRegular, mtime: s.Created, data: program}
	if path.Dir(s.Path) == "/" && launch.Read(program).Interpreter == "" && len(s.Files) == 0 { // the base need not be read
		if slices.Contains(topFolders, s.Path[1:]) {
			return nil, conflict("Path", -1, "%q is a folder in usual base images, which the program would replace; give another path", s.Path)
		}
		entry.name = s.Path[1:]
		return []tarEntry{entry}, nil
	}
	var asked, onTheWay []tarEntry
	put := func(field string, index int, p string, folder bool, e tarEntry) (string, error) {
		target, folders, err := b.place(field, index, p, folder)
		if err != nil {
			return "", err
		}
		e.name = target[1:]
		if folder {
			e.name += "/"
		}
		asked, onTheWay = append(asked, e), append(onTheWay, folders...)
		return target, nil
	}
	for _, f := range s.distinct() {
		i := slices.IndexFunc(s.Files, func(g File) bool { return g.Path == f.Path })
		if f.Kind == Folder && f.Mode == 0 && b.hasFolder(f.Path) {
			continue // as it is in the base
		}
		if _, err := put("Files", i, f.Path, f.Kind == Folder, f.entry(s)); err != nil {
			return nil, err
		}
	}
	var err error
	if b.path, err = put("Path", -1, s.Path, false, entry); err != nil {
		return nil, err
	}
	return unique(asked, onTheWay), nil
}

func conflict(field string, index int, format string, args ...any) error {
	return SpecErrors{{field, index, fmt.Sprintf(format, args...)}}
}

// hasFolder reports whether the base has a folder.
func (b *onto) hasFolder(p string) bool {
	tree, err := b.files()
	if err != nil {
		return false
	}
	n, err := tree.Lookup(p)
	return err == nil && n.Mode.IsDir()
}

// place tells where a path leads to in the base, and which folders on the way it
// does not have.
func (b *onto) place(field string, index int, p string, folder bool) (string, []tarEntry, error) {
	tree, err := b.files()
	if err != nil {
		return "", nil, err
	}
	dir, missing := path.Dir(p), []string{}
	for {
		n, err := tree.Lookup(dir)
		if err == nil && !n.Mode.IsDir() {
			return "", nil, conflict(field, index, "%q is a file in the base image and no folder", dir)
		}
		if err == nil {
			dir = n.Path
			break
		}
		if !errors.Is(err, fs.ErrNotExist) || tree.Get(dir) != nil {
			return "", nil, conflict(field, index, "%q leads nowhere in the base image", dir)
		}
		missing = append(missing, path.Base(dir))
		dir = path.Dir(dir)
	}
	var entries []tarEntry
	for _, name := range slices.Backward(missing) {
		dir = path.Join(dir, name)
		entries = append(entries, folderEntry(dir[1:], b.spec.Created))
	}
	target := path.Join(dir, path.Base(p))
	old := tree.Get(target)
	switch {
	case old == nil:
	case old.Mode.IsDir() && !folder:
		return "", nil, conflict(field, index, "%q is a folder in the base image", p)
	case !old.Mode.IsDir() && folder:
		return "", nil, conflict(field, index, "%q is a file in the base image and no folder", p)
	}
	return target, entries, nil
}

// unique leaves one of several entries of a name, and sorts them: a folder that is
// on the way to something else is as it was asked for.
func unique(asked, onTheWay []tarEntry) []tarEntry {
	byName := map[string]tarEntry{}
	for _, e := range slices.Concat(onTheWay, asked) {
		byName[e.name] = e
	}
	var out []tarEntry
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		out = append(out, byName[name])
	}
	return out
}

// compose writes the manifest.
func (b *onto) compose(core rawLayer, config []byte) (*Based, error) {
	layer, err := partial.CompressedToLayer(core)
	if err != nil {
		return nil, err
	}
	layers, err := b.base.Layers()
	if err != nil {
		return nil, baseError(err)
	}
	configType := types.OCIConfigJSON
	mediaType := types.OCIManifestSchema1
	if b.layerType == types.DockerLayer {
		configType, mediaType = types.DockerConfigJSON, types.DockerManifestSchema2
	}
	raw, err := b.base.RawManifest()
	if err != nil {
		return nil, baseError(err)
	}
	var old struct{ Layers []json.RawMessage }
	if err := json.Unmarshal(raw, &old); err != nil {
		return nil, baseError(err)
	}
	var list []value
	for _, l := range old.Layers {
		list = append(list, compact(l))
	}
	manifest := object(
		member{"schemaVersion", number(2)},
		member{"mediaType", text(string(mediaType))},
		member{"config", newBlob(configType, config).descriptor()},
		member{"layers", array(append(list, core.descriptor())...)},
		member{"annotations", labelsJSON(b.spec.Annotations)},
	)
	out := &Based{
		Image: content.Compose(mediaType, []byte(manifest), config, append(slices.Clip(layers), layer)),
		Tree:  b.tree, Path: b.path,
	}
	for _, t := range b.spec.tags {
		out.Tags = append(out.Tags, canonicalName(t))
	}
	return out, nil
}

// compact writes JSON without spaces; its strings stay as they are.
func compact(raw json.RawMessage) value {
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		return value(raw)
	}
	return value(b.String())
}

// buildOnly are members of a config that tell of the build of the base.
var buildOnly = []string{"container", "container_config", "docker_version", "created", "id", "parent", "throwaway"}

// configJSON writes the base's config with the changes. Members that are not
// known here stay.
func (b *onto) configJSON(raw []byte, diffID v1.Hash) (value, error) {
	top, err := members(raw)
	if err != nil {
		return "", err
	}
	inner, err := members(top["config"])
	if err != nil {
		return "", err
	}
	s, old := b.spec, b.config.Config
	for _, name := range buildOnly {
		delete(top, name)
	}
	delete(inner, "OnBuild") // instructions for the next build, not for those on it
	if s.dated {
		top["created"] = json.RawMessage(text(s.Created.Format(time.RFC3339)))
	}
	set := func(name string, v value) {
		if v != "" {
			inner[name] = json.RawMessage(v)
		}
	}
	switch {
	case s.Entrypoint != nil && len(s.Entrypoint) == 0: // the base's stays
		set("Cmd", texts(s.Cmd))
	default:
		entrypoint := s.Entrypoint
		if entrypoint == nil {
			entrypoint = []string{s.Path}
		}
		delete(inner, "Cmd")
		set("Entrypoint", texts(entrypoint))
		set("Cmd", texts(s.Cmd))
	}
	set("Env", texts(mergeEnv(old.Env, s.Env)))
	set("WorkingDir", optional(s.WorkingDir))
	set("User", optional(s.User))
	set("ExposedPorts", emptySet(union(slices.Collect(maps.Keys(old.ExposedPorts)), s.Ports)))
	set("Volumes", emptySet(union(slices.Collect(maps.Keys(old.Volumes)), s.Volumes)))
	set("StopSignal", optional(s.StopSignal))
	set("Healthcheck", s.Healthcheck.json())
	if len(s.Labels) > 0 {
		labels := maps.Clone(old.Labels)
		if labels == nil {
			labels = map[string]string{}
		}
		for _, l := range s.Labels {
			labels[l.Name] = l.Value
		}
		var list []Label
		for _, name := range slices.Sorted(maps.Keys(labels)) {
			list = append(list, Label{valid(name), valid(labels[name])})
		}
		set("Labels", labelsJSON(list))
	}
	if s.Author != "" {
		top["author"] = json.RawMessage(text(s.Author))
	}
	top["config"] = json.RawMessage(sortedObject(inner))

	var diffIDs []value
	for _, d := range append(slices.Clip(b.config.RootFS.DiffIDs), diffID) {
		diffIDs = append(diffIDs, text(d.String()))
	}
	top["rootfs"] = json.RawMessage(object(member{"type", text("layers")}, member{"diff_ids", array(diffIDs...)}))
	if history, ok := top["history"]; ok {
		if top["history"], err = b.appendHistory(history); err != nil {
			return "", err
		}
	}
	return sortedObject(top), nil
}

// union returns what is in either list, sorted, fit for JSON.
func union(a, b []string) []string {
	all := map[string]bool{}
	for _, s := range slices.Concat(a, b) {
		all[valid(s)] = true
	}
	return slices.Sorted(maps.Keys(all))
}

// valid makes text of the base fit for JSON.
func valid(s string) string { return strings.ToValidUTF8(s, "\ufffd") }

func members(raw json.RawMessage) (map[string]json.RawMessage, error) {
	m := map[string]json.RawMessage{}
	if len(raw) == 0 {
		return m, nil
	}
	err := json.Unmarshal(raw, &m)
	if m == nil {
		m = map[string]json.RawMessage{}
	}
	return m, err
}

func sortedObject(m map[string]json.RawMessage) value {
	var list []member
	for _, name := range slices.Sorted(maps.Keys(m)) {
		list = append(list, member{valid(name), compact(m[name])})
	}
	return object(list...)
}

// appendHistory adds an entry for the program's layer, as each layer must have
// one where there are any.
func (b *onto) appendHistory(raw json.RawMessage) (json.RawMessage, error) {
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return raw, nil
	}
	var values []value
	for _, h := range list {
		values = append(values, compact(h))
	}
	return json.RawMessage(array(append(values, cmp.Or(b.spec.historyJSON(), object(member{"created_by", text("tasm")})))...)), nil
}

// mergeEnv sets variables over those of the base, which keep their places.
func mergeEnv(old, added []string) []string {
	out := []string{}
	for _, e := range old {
		out = append(out, valid(e))
	}
	for _, e := range added {
		name, _, _ := strings.Cut(e, "=")
		i := slices.IndexFunc(out, func(o string) bool { return strings.HasPrefix(o, name+"=") })
		if i < 0 {
			out = append(out, e)
		} else {
			out[i] = e
		}
	}
	return out
}
