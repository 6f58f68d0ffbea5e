package oci

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/google/go-containerregistry/pkg/name"

	"tasm/oci/content"
)

// Spec describes an image as its source file does. The zero value of a field
// asks for its default.
type Spec struct {
	// Tags are the names under which the image is published, such as
	// "hello", "hello:1.0" or "registry.example/team/hello". The tag's
	// default is latest.
	Tags []string

	Platform Platform

	// Path is where the program is in the image, absolute. The default is
	// what Entrypoint (or Cmd, if that is all) names by an absolute path;
	// without one, a name of one letter that makes the image smallest, or on a
	// base image the last part of the first tag's name: "/hello" for
	// "team/hello:1.0".
	Path string

	// Mode are the rights on the program. The default is one of 0111, 0555 and
	// 0755, whichever makes the image smallest, or on a base image 0755.
	Mode int64

	// IgnoresArguments says that the program can't see what it is started with,
	// so that the image need not divide its command.
	IgnoresArguments bool

	// MayPad says that zeros may follow the program: it is an executable whose
	// headers tell where it ends.
	MayPad bool

	// Entrypoint and Cmd make up the command: Cmd is what arguments of
	// "docker run" replace. With Entrypoint nil the program at Path is the
	// entrypoint; with Entrypoint empty but not nil Cmd is all of the command.
	Entrypoint []string
	Cmd        []string

	Env        []string // each NAME=value
	Labels     []Label  // written in this order
	WorkingDir string   // absolute
	User       string   // uid or uid:gid; an image without /etc/passwd knows no names

	Ports       []string // on which the program listens: 80, 53/udp, 8000-8010
	Volumes     []string // folders whose contents outlive the container, absolute
	StopSignal  string   // that asks the program to end: SIGINT, or a number
	Healthcheck *Healthcheck
	Author      string
	History     string  // what is told of the program's layer; "": there is no history
	Annotations []Label // of the manifest, written in this order

	// Files are in the image besides the program.
	Files []File

	// Created is the image's time of creation and the modification time of
	// its files, in whole seconds. With the zero Time the image has none, and
	// its files have 1970-01-01T00:00:00Z.
	Created time.Time
}

// Platform is the machine that an image is for, in the words of the OCI
// specification, which are Go's (GOOS, GOARCH): linux, 386.
type Platform struct {
	OS           string
	Architecture string
	Variant      string // usually empty
}

// String returns the platform as container tools write it: linux/386.
func (p Platform) String() string {
	s := p.OS + "/" + p.Architecture
	if p.Variant != "" {
		s += "/" + p.Variant
	}
	return s
}

// Label is a name with a value in the image's config.
type Label struct{ Name, Value string }

// SpecError is a mistake in a Spec.
type SpecError struct {
	Field string // name of the field in Spec, or "Program"
	Index int    // element of a field that is a list, else -1
	Msg   string // what is wrong and what to write instead
}

func (e *SpecError) Error() string {
	if e.Index < 0 {
		return e.Field + ": " + e.Msg
	}
	return fmt.Sprintf("%s[%d]: %s", e.Field, e.Index, e.Msg)
}

// SpecErrors are all mistakes found in a Spec, in the order of its fields.
type SpecErrors []*SpecError

func (es SpecErrors) Error() string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap lets errors.As find the single mistakes.
func (es SpecErrors) Unwrap() []error {
	errs := make([]error, len(es))
	for i, e := range es {
		errs[i] = e
	}
	return errs
}

// resolved is a Spec that has been checked, with its defaults filled in.
type resolved struct {
	Spec
	tags  []name.Tag
	dated bool // Created was given
}

// epoch is the time of an image whose author names none.
var epoch = time.Unix(0, 0).UTC()

// maxTime is the last second that a tar header can hold: 11 octal digits.
var maxTime = time.Unix(1<<33-1, 0).UTC()

// CreatedFromEnv returns the time that SOURCE_DATE_EPOCH gives (seconds since
// 1970, see reproducible-builds.org), or the zero Time if it is unset or empty.
// Anything else in it is an error: a build must not ignore it silently.
func CreatedFromEnv(getenv func(string) string) (time.Time, error) {
	s := getenv("SOURCE_DATE_EPOCH")
	if s == "" {
		return time.Time{}, nil
	}
	seconds, err := strconv.ParseUint(s, 10, 63)
	if err != nil || int64(seconds) > maxTime.Unix() {
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH is %q: it must be a whole number of seconds since 1970, at most %d", s, maxTime.Unix())
	}
	return time.Unix(int64(seconds), 0).UTC(), nil
}

// checker collects the mistakes of a Spec.
type checker struct {
	errs  SpecErrors
	holds func(path string) bool // whether the base image has a file; nil: there is no base
}

func (c *checker) failf(field string, index int, format string, args ...any) {
	c.errs = append(c.errs, &SpecError{field, index, fmt.Sprintf(format, args...)})
}

// text reports whether s can stand in JSON and be passed to a program.
func (c *checker) text(field string, index int, s string) bool {
	switch {
	case !utf8.ValidString(s):
		c.failf(field, index, "%q is not valid UTF-8, which an image's config must be", s)
	case strings.IndexByte(s, 0) >= 0:
		c.failf(field, index, "%q contains a zero byte, which ends a string for the kernel", s)
	default:
		return true
	}
	return false
}

// resolve checks s and fills in its defaults, but for Path and Mode where they
// are free.
func (s Spec) resolve() (*resolved, error) { return s.check(&checker{}) }

// resolveOn is resolve for an image on a base that holds other files.
func (s Spec) resolveOn(holds func(path string) bool) (*resolved, error) {
	return s.check(&checker{holds: holds})
}

func (s Spec) check(c *checker) (*resolved, error) {
	r := &resolved{Spec: s}
	r.tags = c.tags(s.Tags)
	c.platform(s.Platform)
	_, argv := s.explicitCommand()
	switch {
	case s.Path != "":
	case len(argv) > 0 && path.IsAbs(argv[0]) && (c.holds == nil || !c.holds(argv[0])):
		r.Path = argv[0]
	case c.holds != nil && len(r.tags) > 0 || len(argv) > 0:
		r.Path = s.NamedPath()
	}
	free := c.holds == nil && len(argv) == 0 && r.Path == ""
	if !free && (len(s.Tags) == len(r.tags) || r.Path != "") { // a bad tag is one mistake, not two
		c.path(r.Path)
	}
	c.list("Entrypoint", s.Entrypoint)
	c.list("Cmd", s.Cmd)
	c.env(s.Env)
	c.named("Labels", "label", s.Labels)
	c.workingDir(s.WorkingDir)
	c.files(s.Files)
	c.user(s)
	r.Ports, r.Volumes = c.ports(s.Ports), c.volumes(s.Volumes)
	c.stopSignal(s.StopSignal)
	c.text("Author", -1, s.Author)
	c.text("History", -1, s.History)
	c.named("Annotations", "annotation", s.Annotations)
	r.Created, r.dated = c.created(s.Created), !s.Created.IsZero()
	if len(c.errs) == 0 {
		c.besideProgram(r)
		c.command(r)
		c.healthcheck(r)
	}
	if len(c.errs) > 0 {
		return nil, c.errs
	}
	return r, nil
}

// NamedPath returns the path after the image's first name: "/hello" for
// "team/hello:1.0". It is empty if there is no valid name.
func (s Spec) NamedPath() string {
	if len(s.Tags) == 0 {
		return ""
	}
	t, err := name.NewTag(s.Tags[0], name.WeakValidation)
	if err != nil {
		return ""
	}
	return "/" + path.Base(t.RepositoryStr())
}

// pattern is a regular expression that is compiled when it is needed: all of them
// together would take longer than an image does.
func pattern(text string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })
}

func (c *checker) tags(tags []string) []name.Tag {
	var out []name.Tag
	seen := map[string]bool{}
	for i, s := range tags {
		t, err := name.NewTag(s, name.WeakValidation)
		switch why := content.WrongName(s); {
		case strings.Contains(s, "@"):
			c.failf("Tags", i, "%q names an image that exists, by its digest; the one that is made here has its own: write [host/]name[:tag]", s)
		case why != "":
			c.failf("Tags", i, "%s", why)
		case err != nil:
			c.failf("Tags", i, "%q is not a valid image name: %s", s, err)
		case seen[t.Name()]:
			c.failf("Tags", i, "%q names the image a second time", s)
		default:
			seen[t.Name()] = true
			out = append(out, t)
		}
	}
	return out
}

// ParsePlatform reads a platform as container tools write it: linux/386,
// linux/arm/v7.
func ParsePlatform(s string) (Platform, error) {
	parts := strings.Split(s, "/")
	if len(parts) < 2 || len(parts) > 3 || slices.ContainsFunc(parts, func(p string) bool { return !platformPattern().MatchString(p) }) {
		return Platform{}, fmt.Errorf("%q is no platform; write operating system and architecture, such as linux/386", s)
	}
	return Platform{OS: parts[0], Architecture: parts[1], Variant: strings.Join(parts[2:], "")}, nil
}

var platformPattern = pattern(`^[a-z0-9_.-]+$`)

func (c *checker) platform(p Platform) {
	ok := platformPattern().MatchString
	if !ok(p.OS) || !ok(p.Architecture) || p.Variant != "" && !ok(p.Variant) {
		c.failf("Platform", -1, "%q is no platform; write operating system and architecture, such as linux/386", p)
	}
}

// mounted are the folders that a container engine covers with its own.
var mounted = map[string]bool{"dev": true, "proc": true, "sys": true}

// replaced are the files that engines lay over those of an image: docker and podman
// for names and addresses, both for a mark that there is a container, for secrets, and
// for the first process that --init asks for.
var replaced = map[string]bool{
	"/etc/hosts": true, "/etc/hostname": true, "/etc/resolv.conf": true, "/etc/mtab": true,
	"/.dockerenv": true, "/run/.containerenv": true, "/dev": true, "/proc": true, "/sys": true,
	"/run/secrets": true, "/sbin/docker-init": true, "/run/podman-init": true,
}

// below returns the path that engines replace and that p is below; "" for none.
func below(p string) string {
	for dir := path.Dir(p); dir != "/" && dir != "."; dir = path.Dir(dir) {
		if replaced[dir] {
			return dir
		}
	}
	return ""
}

// longestName is how many bytes a name in a folder can have on Linux's file systems
// (include/uapi/linux/limits.h NAME_MAX), longestPath a path (PATH_MAX).
const longestName, longestPath = 255, 4095

func (c *checker) path(p string) {
	if p == "" {
		c.failf("Path", -1, "there is no tag to name the program after; give its path in the image, such as /hello")
		return
	}
	c.filePath("Path", -1, p)
	c.notAbove("Path", -1, p)
}

// notAbove refuses a file where engines need a folder for files of their own.
func (c *checker) notAbove(field string, index int, p string) {
	for _, own := range slices.Sorted(maps.Keys(replaced)) {
		if strings.HasPrefix(own, p+"/") {
			c.failf(field, index, "%q has to be a folder: container engines put something of their own at %s", p, own)
			return
		}
	}
}

// filePath checks the path of a file in the image.
func (c *checker) filePath(field string, index int, p string) {
	fail := func(format string, args ...any) { c.failf(field, index, format, args...) }
	switch {
	case !c.text(field, index, p):
	case !path.IsAbs(p):
		fail("%q is not absolute; write %q", p, path.Join("/", p))
	case path.Clean(p) == "/":
		fail("%q is the root folder; give a file's path, such as /hello", p)
	case replaced[p]:
		fail("%q would be hidden: container engines put a file of their own there", p)
	case len(p) > longestPath:
		fail("a path of %d bytes is too long: Linux takes %d", len(p), longestPath)
	case path.Clean(p) != p:
		fail("%q is not in its shortest form; write %q", p, path.Clean(p))
	case mounted[strings.Split(p, "/")[1]]:
		fail("%q would be hidden: container engines mount their own /%s", p, strings.Split(p, "/")[1])
	case below(p) != "":
		fail("%q would be hidden: container engines put something of their own at %s", p, below(p))
	default:
		for part := range strings.SplitSeq(p, "/") {
			if len(part) > longestName {
				fail("a name of %d bytes is too long: file systems take %d", len(part), longestName)
				return
			}
			if strings.HasPrefix(part, ".wh.") {
				fail("%q deletes a file instead of adding one: names that begin with .wh. are whiteouts in a layer", p)
				return
			}
		}
	}
}

func (c *checker) list(field string, list []string) {
	for i, s := range list {
		c.text(field, i, s)
	}
}

func (c *checker) env(env []string) {
	seen := map[string]bool{}
	for i, s := range env {
		key, _, found := strings.Cut(s, "=")
		switch {
		case !c.text("Env", i, s):
		case !found || key == "":
			c.failf("Env", i, "%q has no name and value; write NAME=value", s)
		case seen[key]:
			c.failf("Env", i, "%s is set a second time", key)
		}
		seen[key] = true
	}
}

// named checks values that have names of their own: labels, annotations.
func (c *checker) named(field, what string, labels []Label) {
	seen := map[string]bool{}
	for i, l := range labels {
		switch {
		case !c.text(field, i, l.Name) || !c.text(field, i, l.Value):
		case l.Name == "":
			c.failf(field, i, "the %s has no name", what)
		case seen[l.Name]:
			c.failf(field, i, "%s %q is set a second time", what, l.Name)
		}
		seen[l.Name] = true
	}
}

func (c *checker) workingDir(dir string) {
	if dir != "" && c.text("WorkingDir", -1, dir) && !path.IsAbs(dir) {
		c.failf("WorkingDir", -1, "%q is not absolute; write %q", dir, path.Join("/", dir))
	}
}

// userPattern is a name of a user or group, longestUser how many bytes one has (useradd(8)).
var userPattern = pattern(`^[a-z_][a-z0-9_-]*$`)

const longestUser = 32

// otherUser is the number that images usually have for a user who owns nothing.
const otherUser = "65532"

func (c *checker) user(s Spec) {
	if s.User == "" {
		return
	}
	// A name is one that /etc/passwd or /etc/group of the base or of the files may know.
	names := c.holds != nil || slices.ContainsFunc(s.Files, func(f File) bool { return f.Path == "/etc/passwd" })
	uid, gid, both := strings.Cut(s.User, ":")
	ids := []string{uid}
	if both {
		ids = append(ids, gid)
	}
	for _, id := range ids {
		_, err := strconv.ParseUint(id, 10, 31)
		switch {
		case err == nil || names && len(id) <= longestUser && userPattern().MatchString(id):
			continue
		case errors.Is(err, strconv.ErrRange):
			c.failf("User", -1, "%s is too large: the numbers of users and groups go up to %d", id, mostID)
		default:
			c.failf("User", -1, "%q must be numbers, uid or uid:gid: the image has no /etc/passwd that could give a name a number; %s is the usual one of nobody in particular", s.User, otherUser)
		}
		return
	}
}

func (c *checker) created(t time.Time) time.Time {
	if t.IsZero() {
		return epoch
	}
	t = t.UTC().Truncate(time.Second)
	if t.Before(epoch) || t.After(maxTime) {
		c.failf("Created", -1, "%s is outside of what a tar file can hold: %s to %s",
			t.Format(time.RFC3339), epoch.Format(time.RFC3339), maxTime.Format(time.RFC3339))
	}
	return t
}

// defaultSearchPath is the PATH that Docker and Podman set if the image does not.
const defaultSearchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// explicitCommand returns the command if the Spec names one that is not the
// program by default, and the field that its first word is in.
func (s Spec) explicitCommand() (field string, argv []string) {
	if s.Entrypoint != nil && len(s.Entrypoint) == 0 {
		return "Cmd", s.Cmd
	}
	return "Entrypoint", s.Entrypoint
}

// command checks that an explicit command starts the program, as there is
// nothing else in the image that it could start.
func (c *checker) command(r *resolved) {
	if r.Entrypoint == nil || c.holds != nil && len(r.Entrypoint) == 0 { // the base's own starts
		return
	}
	field, argv := r.explicitCommand()
	if len(argv) == 0 {
		c.failf("Entrypoint", -1, "there is no command; leave Entrypoint out to run %s", r.Path)
		return
	}
	if !c.found(r, argv[0]) {
		c.missing(r, field, 0, argv)
	}
}

// found reports whether a command is in the image.
func (c *checker) found(r *resolved, command string) bool {
	for _, candidate := range lookup(command, r.WorkingDir, r.Env) {
		if candidate == r.Path || c.holds != nil && c.holds(candidate) || r.taken(candidate) {
			return true
		}
	}
	return false
}

// lookup returns the paths at which a container engine looks for a command.
func lookup(command, dir string, env []string) []string {
	if strings.Contains(command, "/") {
		if !path.IsAbs(command) {
			command = path.Join("/", dir, command)
		}
		return []string{path.Clean(command)}
	}
	search := defaultSearchPath
	for _, s := range env {
		if value, ok := strings.CutPrefix(s, "PATH="); ok {
			search = value
		}
	}
	var paths []string
	for dir := range strings.SplitSeq(search, ":") {
		paths = append(paths, path.Join("/", dir, command))
	}
	return paths
}
