package oci

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/validate"
)

func TestSpecErrors(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*Spec)
		want   []string // one line for each mistake: how it begins
	}{
		{"empty tag", func(s *Spec) { s.Tags = []string{"ok", ""} }, []string{"Tags[1]: the name is empty"}},
		{"capital", func(s *Spec) { s.Tags = []string{"Hello"} }, []string{`Tags[0]: "Hello" is not a valid image name: only the part after the colon`}},
		{"space", func(s *Spec) { s.Tags = []string{"a b"} }, []string{`Tags[0]: "a b" is not a valid image name`}},
		{"empty version", func(s *Spec) { s.Tags = []string{"hello:"} }, []string{`Tags[0]: "hello:"`}},
		{"version with dash first", func(s *Spec) { s.Tags = []string{"hello:-1"} }, []string{`Tags[0]: "hello:-1"`}},
		{"leading dot", func(s *Spec) { s.Tags = []string{".hello"} }, []string{`Tags[0]: ".hello"`}},
		{"two dots", func(s *Spec) { s.Tags = []string{"he..llo"} }, []string{`Tags[0]: "he..llo"`}},
		{"digest", func(s *Spec) { s.Tags = []string{"hello@sha256:" + strings.Repeat("0", 64)} }, []string{`Tags[0]: "hello@sha256:`}},
		{"twice", func(s *Spec) { s.Tags = []string{"hello", "hello:latest"} }, []string{`Tags[1]: "hello:latest" names the image a second time`}},
		{"no platform", func(s *Spec) { s.Platform = Platform{} }, []string{`Platform: "/" is no platform`}},
		{"relative path", func(s *Spec) { s.Path = "bin/h" }, []string{`Path: "bin/h" is not absolute; write "/bin/h"`}},
		{"root", func(s *Spec) { s.Path = "/" }, []string{`Path: "/" is the root folder`}},
		{"unclean path", func(s *Spec) { s.Path = "/a/../h/" }, []string{`Path: "/a/../h/" is not in its shortest form; write "/h"`}},
		{"hidden path", func(s *Spec) { s.Path = "/dev/h" }, []string{`Path: "/dev/h" would be hidden`}},
		{"whiteout", func(s *Spec) { s.Path = "/a/.wh.h" }, []string{`Path: "/a/.wh.h" deletes`}},
		{"zero in path", func(s *Spec) { s.Path = "/a\x00" }, []string{`Path: "/a\x00" contains a zero byte`}},
		{"long path", func(s *Spec) { s.Path = "/" + strings.Repeat("n", 256) }, []string{`Path: a name of 256 bytes`}},
		{"above files of the engine", func(s *Spec) { s.Path = "/etc" }, []string{`Path: "/etc" has to be a folder: container engines put something of their own at /etc/hostname`}},
		{"above marks of the engine", func(s *Spec) { s.Path = "/run" }, []string{`Path: "/run" has to be a folder`}},
		{"file above files of the engine", func(s *Spec) { s.Files = []File{{Path: "/etc", Mode: 0o644}} }, []string{`Files[0]: "/etc" has to be a folder`}},
		{"file of the engine", func(s *Spec) { s.Path = "/etc/hosts" }, []string{`Path: "/etc/hosts" would be hidden: container engines put`}},
		{"mark of the engine", func(s *Spec) { s.Path = "/.dockerenv" }, []string{`Path: "/.dockerenv" would be hidden`}},
		{"below a file of the engine", func(s *Spec) { s.Path = "/etc/hosts/h" }, []string{`Path: "/etc/hosts/h" would be hidden: container engines put something of their own at /etc/hosts`}},
		{"name of the engine", func(s *Spec) { s.Path = "/etc/hostname" }, []string{`Path: "/etc/hostname" would be hidden`}},
		{"addresses of the engine", func(s *Spec) { s.Path = "/etc/resolv.conf" }, []string{`Path: "/etc/resolv.conf" would be hidden`}},
		{"mounts of the engine", func(s *Spec) { s.Path = "/etc/mtab" }, []string{`Path: "/etc/mtab" would be hidden`}},
		{"mark of podman", func(s *Spec) { s.Path = "/run/.containerenv" }, []string{`Path: "/run/.containerenv" would be hidden`}},
		{"secrets", func(s *Spec) { s.Path = "/run/secrets/key" }, []string{`Path: "/run/secrets/key" would be hidden`}},
		{"first process of docker", func(s *Spec) { s.Path = "/sbin/docker-init" }, []string{`Path: "/sbin/docker-init" would be hidden`}},
		{"processes", func(s *Spec) { s.Path = "/proc/h" }, []string{`Path: "/proc/h" would be hidden: container engines mount their own /proc`}},
		{"devices of the system", func(s *Spec) { s.Path = "/sys/a/h" }, []string{`Path: "/sys/a/h" would be hidden: container engines mount their own /sys`}},
		{"file that is hidden", func(s *Spec) { s.Files = []File{{Path: "/etc/hosts", Mode: 0o644}} }, []string{`Files[0]: "/etc/hosts" would be hidden`}},
		{"long tag", func(s *Spec) { s.Tags = []string{"hello:" + strings.Repeat("a", 129)} }, []string{"Tags[0]: the tag, behind the colon, has 129 characters; 128 are the most"}},
		{"long name", func(s *Spec) { s.Tags = []string{strings.Repeat("a", 300)} }, []string{"Tags[0]: the name has 300 characters; 255 are the most"}},
		{"long name with a host", func(s *Spec) { s.Tags = []string{"localhost:5000/" + strings.Repeat("a", 241) + ":1"} }, []string{"Tags[0]: the name has 256 characters"}},
		{"user of many digits", func(s *Spec) { s.User = "70000000000" }, []string{"User: 70000000000 is too large: the numbers of users and groups go up to 2147483647"}},
		{"group too large", func(s *Spec) { s.User = "1:99999999999999999999" }, []string{"User: 99999999999999999999 is too large"}},
		{"very long path", func(s *Spec) { s.Path = strings.Repeat("/nn", 2000) }, []string{`Path: a path of 6000 bytes is too long`}},
		{"bad UTF-8", func(s *Spec) { s.Cmd = []string{"a", "\xff"} }, []string{`Cmd[1]: "\xff" is not valid UTF-8`}},
		{"zero byte", func(s *Spec) { s.Entrypoint = []string{"/h", "a\x00b"} }, []string{`Entrypoint[1]: "a\x00b" contains a zero byte`}},
		{"env without =", func(s *Spec) { s.Env = []string{"A=1", "B"} }, []string{`Env[1]: "B" has no name and value; write NAME=value`}},
		{"env without name", func(s *Spec) { s.Env = []string{"=1"} }, []string{`Env[0]: "=1" has no name`}},
		{"env twice", func(s *Spec) { s.Env = []string{"A=1", "A=2"} }, []string{"Env[1]: A is set a second time"}},
		{"label without name", func(s *Spec) { s.Labels = []Label{{"", "x"}} }, []string{"Labels[0]: the label has no name"}},
		{"label twice", func(s *Spec) { s.Labels = []Label{{"a", "x"}, {"a", "y"}} }, []string{`Labels[1]: label "a" is set a second time`}},
		{"relative folder", func(s *Spec) { s.WorkingDir = "tmp" }, []string{`WorkingDir: "tmp" is not absolute; write "/tmp"`}},
		{"user's name", func(s *Spec) { s.User = "nobody" }, []string{`User: "nobody" must be numbers`}},
		{"user without group", func(s *Spec) { s.User = "1:" }, []string{`User: "1:" must be numbers`}},
		{"user too large", func(s *Spec) { s.User = "2147483648" }, []string{`User: 2147483648 is too large`}},
		{"before 1970", func(s *Spec) { s.Created = time.Unix(-1, 0) }, []string{"Created: 1969-12-31T23:59:59Z is outside"}},
		{"far future", func(s *Spec) { s.Created = time.Unix(1<<33, 0) }, []string{"Created: 2242-03-16T12:56:32Z is outside"}},
		{"command not there", func(s *Spec) { s.Path = "/h"; s.Entrypoint = []string{"/bin/sh"} }, []string{`Entrypoint[0]: "/bin/sh" is not found in the image, which holds only /h`}},
		{"command without slash", func(s *Spec) { s.Entrypoint = []string{"h"} }, []string{`Entrypoint[0]: "h" is not found`}},
		{"cmd not there", func(s *Spec) { s.Entrypoint = []string{}; s.Cmd = []string{"h"} }, []string{`Cmd[0]: "h" is not found`}},
		{"no command", func(s *Spec) { s.Entrypoint = []string{} }, []string{"Entrypoint: there is no command"}},
		{"several", func(s *Spec) { s.Tags = []string{"A"}; s.Env = []string{"x"}; s.User = "root" },
			[]string{`Tags[0]: "A"`, `Env[0]: "x"`, `User: "root"`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			spec := helloSpec()
			tt.change(&spec)
			img, err := Build(spec, hello70)
			var errs SpecErrors
			if !errors.As(err, &errs) {
				t.Fatalf("image %v and error %v, want SpecErrors", img, err)
			}
			lines := strings.Split(err.Error(), "\n")
			if len(lines) != len(tt.want) || len(errs) != len(tt.want) {
				t.Fatalf("%d mistakes, want %d:\n%v", len(errs), len(tt.want), err)
			}
			for i, want := range tt.want {
				if !strings.HasPrefix(lines[i], want) {
					t.Errorf("mistake is\n%s\nwant\n%s...", lines[i], want)
				}
			}
			var one *SpecError
			if !errors.As(err, &one) || one != errs[0] {
				t.Errorf("errors.As finds %v, want the first mistake", one)
			}
		})
	}
}

func TestProgramSize(t *testing.T) {
	_, err := Build(helloSpec(), nil)
	var one *SpecError
	if !errors.As(err, &one) || one.Field != "Program" {
		t.Errorf("no bytes: error %v, want one for Program", err)
	}
	if err := (Spec{}).checkSize(maxContent); err != nil {
		t.Error(err)
	}
	if (Spec{}).checkSize(maxContent+1) == nil {
		t.Error("one byte too many is no error")
	}
}

func TestCommandLookup(t *testing.T) {
	for _, tt := range []struct {
		path, command, dir string
		env                []string
	}{
		{"/h", "/h", "", nil},
		{"/h", "./h", "", nil},
		{"/a/h", "./h", "/a", nil},
		{"/a/h", "../a/h", "/a", nil},
		{"/bin/h", "h", "", nil},
		{"/opt/h", "h", "", []string{"PATH=/x:/opt"}},
	} {
		spec := Spec{Path: tt.path, Platform: linux386, Entrypoint: []string{tt.command}, WorkingDir: tt.dir, Env: tt.env}
		if _, err := Build(spec, hello70); err != nil {
			t.Errorf("%s as %s: %v", tt.path, tt.command, err)
		}
	}
}

func TestCreatedFromEnv(t *testing.T) {
	for _, tt := range []struct {
		value string
		want  int64 // -1: an error
	}{
		{"", 0}, {"0", 0}, {"1700000000", 1700000000}, {"8589934591", 1<<33 - 1},
		{"8589934592", -1}, {"-1", -1}, {"1.5", -1}, {"now", -1}, {" 1", -1}, {"0x10", -1}, {"1_0", -1}, {"99999999999999999999", -1},
	} {
		got, err := CreatedFromEnv(func(key string) string {
			if key == "SOURCE_DATE_EPOCH" {
				return tt.value
			}
			return "1"
		})
		switch {
		case tt.want < 0 && err == nil:
			t.Errorf("%q: %v, want an error", tt.value, got)
		case tt.value == "" && (err != nil || !got.IsZero()):
			t.Errorf("unset: %v, %v", got, err)
		case tt.value != "" && tt.want >= 0 && (err != nil || got.Unix() != tt.want || got.Location() != time.UTC):
			t.Errorf("%q: %v, %v", tt.value, got, err)
		}
	}
}

func TestJSONText(t *testing.T) {
	var all strings.Builder
	for r := range rune(0x300) {
		all.WriteRune(r)
	}
	for _, s := range []string{all.String(), "<>&'", "\u2028\u2029", "\U0001f600", `\"`, ""} {
		var got string
		if err := json.Unmarshal([]byte(text(s)), &got); err != nil || got != s {
			t.Errorf("%q is written as %s: %v", s, text(s), err)
		}
	}
	if got, want := text("<&>\u2028"), value("\"<&>\u2028\""); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := object(member{"a", ""}, member{"b", number(1)}, member{"c", ""}, member{"d", array()}); got != `{"b":1,"d":[]}` {
		t.Errorf("object is %s", got)
	}
	if got := object(); got != "{}" {
		t.Errorf("empty object is %s", got)
	}
}

// FuzzSpec builds images from arbitrary text: what is not refused is valid.
func FuzzSpec(f *testing.F) {
	f.Add("hello:1.0", "/hello", "arg", "A=1", "a", "b", "/tmp", "1:2", int64(0), []byte("x"))
	f.Add("h", "", "<\x7f>", "", "", "", "", "", int64(1700000000), hello70)
	f.Add("r.example:5000/a/b", "/a/b/c", "\"\\\n", "PATH=/a/b", "k", "\u2028", "/", "0", int64(-5), []byte{0})
	f.Fuzz(func(t *testing.T, tag, path, arg, env, label, labelValue, dir, user string, created int64, program []byte) {
		spec := Spec{
			Tags: []string{tag}, Platform: linux386, Path: path, Cmd: []string{arg},
			WorkingDir: dir, User: user, Created: time.Unix(created, 0),
		}
		if env != "" {
			spec.Env = []string{env}
		}
		if label != "" {
			spec.Labels = []Label{{label, labelValue}}
		}
		for _, p := range Profiles {
			img, err := p.Build(spec, program)
			if err != nil {
				var errs SpecErrors
				if !errors.As(err, &errs) {
					t.Fatalf("error is not SpecErrors: %v", err)
				}
				continue
			}
			if err := validate.Image(img); err != nil {
				t.Fatal(err)
			}
			for _, b := range []blob{img.manifest, img.config} {
				if !json.Valid(b.data) {
					t.Fatalf("not JSON: %s", b.data)
				}
			}
			cf, err := img.ConfigFile()
			if err != nil {
				t.Fatal(err)
			}
			args := cf.Config.Cmd
			if got := args[len(args)-1]; got != arg {
				t.Fatalf("argument %q came back as %q", arg, got)
			}
			if label != "" && cf.Config.Labels[label] != labelValue {
				t.Fatalf("label %q came back as %q", labelValue, cf.Config.Labels[label])
			}
			if !bytes.Equal(archiveBytes(t, img), archiveBytes(t, img)) {
				t.Fatal("two archives differ")
			}
		}
	})
}
