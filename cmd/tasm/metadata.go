package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"tasm/diag"
	"tasm/oci"
)

// metadataOptions are the options of verbs that make images: what an image says of
// itself, which files it has besides the program, and how much it leaves out.
type metadataOptions struct {
	values    map[string][]string // by the name of the oci.Setting
	adds      []string
	imageSize string

	layers oci.Layers // of the images that the command makes
	set    *pflag.FlagSet
}

// register adds the options to a command.
func (o *metadataOptions) register(set *pflag.FlagSet) {
	o.set, o.values = set, map[string][]string{}
	for _, s := range oci.Settings {
		usage := s.Usage
		if s.Shape == oci.Each {
			usage += "; may be repeated"
		}
		set.Var(&settingOption{s, o.values}, s.Name, usage)
	}
	set.Var(list{&o.adds, "SRC:DST[:MODE[:UID[:GID]]]"}, "add", "add a file, or a folder with what it holds, as DST; without SRC an empty folder, as in :/tmp:1777. DST/ is a folder for a file. MODE is of DST itself, the owner of all; may be repeated")
	set.Var(newChoice(&o.imageSize, oci.Portable.Name, profileNames()...), "image-size", "how much an image leaves out: portable is the smallest that every tool takes; "+profileSummaries())
}

// given returns the name of one of the options that was given, "" if none was.
func (o *metadataOptions) given() (name string) {
	o.set.VisitAll(func(f *pflag.Flag) {
		if name == "" && f.Changed {
			name = f.Name
		}
	})
	return name
}

// profile returns what the image leaves out.
func (o *metadataOptions) profile() oci.Profile {
	i := slices.IndexFunc(oci.Profiles, func(p oci.Profile) bool { return p.Name == o.imageSize })
	return oci.Profiles[max(i, 0)]
}

// settingOption is the value of an option that is one of oci.Settings.
type settingOption struct {
	setting oci.Setting
	values  map[string][]string
}

func (s *settingOption) String() string { return "" }
func (s *settingOption) Type() string   { return s.setting.Value }

// Set takes a word or a JSON list of words where the setting has several.
func (s *settingOption) Set(text string) error {
	name := s.setting.Name
	words := []string{text}
	if s.setting.Shape == oci.Words && strings.HasPrefix(text, "[") {
		words = nil
		if err := json.Unmarshal([]byte(text), &words); err != nil {
			return fmt.Errorf("a list of words is written as in [\"/hello\",\"-v\"]: %v", err)
		}
	}
	if s.setting.Named && !strings.Contains(text, "=") {
		return fmt.Errorf("it has a name and a value; write %s", s.setting.Value)
	}
	if s.setting.Shape == oci.One {
		s.values[name] = nil
	}
	s.values[name] = append(s.values[name], words...)
	if s.values[name] == nil {
		s.values[name] = []string{}
	}
	return nil
}

var _ pflag.Value = (*settingOption)(nil)

// said is a value of a setting, and where it stands in a source.
type said struct {
	value string
	at    diag.Range // zero for an option
}

// override joins what a source and what the command line say of a setting. Names
// of the image, and what is said once, come from the command line alone; what adds
// up gets more, and a variable of the same name another value.
func override(s *oci.Setting, source []said, options []string) []said {
	if options == nil {
		return source
	}
	if s.Shape != oci.Each || s.Field == "Tags" {
		source = nil
	}
	out := slices.DeleteFunc(slices.Clone(source), func(old said) bool {
		return slices.ContainsFunc(options, func(v string) bool { return s.NameOf(v) == s.NameOf(old.value) })
	})
	for _, v := range options {
		out = append(out, said{value: v})
	}
	return out
}
