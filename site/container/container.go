// Package container makes the container image of a program that was built in the
// playground. It stands apart from package engine because a page fetches it only when
// somebody asks for an image.
package container

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"tasm/lang"
	"tasm/oci"
)

// Request is what an image is made of.
type Request struct {
	Bytes    string    `json:"bytes"` // the program, in base64
	Name     string    `json:"name"`  // of the image, where the source gives it none
	OS       string    `json:"os"`
	Arch     string    `json:"arch"`
	Settings []Setting `json:"settings"` // the IMAGE statements of the source
	// IgnoresArguments is as in oci.Spec.
	IgnoresArguments bool `json:"ignoresArguments"`
}

// Setting is an IMAGE statement.
type Setting struct {
	Name   string   `json:"name"`
	Values []string `json:"values"`
}

// Handle answers a message of the page: params is a Request, the result the archive in
// base64.
func Handle(message []byte) []byte {
	var asked struct {
		ID     int     `json:"id"`
		Params Request `json:"params"`
	}
	err := json.Unmarshal(message, &asked)
	var archive []byte
	if err == nil {
		archive, err = asked.Params.Archive()
	}
	answer := map[string]any{"id": asked.ID, "result": base64.StdEncoding.EncodeToString(archive)}
	if err != nil {
		answer = map[string]any{"id": asked.ID, "error": err.Error()}
	}
	b, err := json.Marshal(answer)
	if err != nil {
		panic(err) // texts and a number can always be marshalled
	}
	return b
}

// Archive makes the archive that 'tasm build -o image.tar' writes of the same source.
func (r *Request) Archive() ([]byte, error) {
	program, err := base64.StdEncoding.DecodeString(r.Bytes)
	if err != nil {
		return nil, err
	}
	spec := oci.Spec{Platform: oci.Platform{OS: r.OS, Architecture: r.Arch}, IgnoresArguments: r.IgnoresArguments, MayPad: true}
	values := map[string][]string{}
	for _, s := range r.Settings {
		if s.Name == lang.ImageAdd {
			return nil, errors.New("'image add' takes files, of which a page has none: build this image with tasm build")
		}
		if _, ok := oci.SettingFor(s.Name); !ok {
			return nil, fmt.Errorf("an image has no '%s'", s.Name)
		}
		values[s.Name] = append(values[s.Name], s.Values...)
	}
	for i := range oci.Settings {
		setting := &oci.Settings[i]
		if given, ok := values[setting.Name]; ok {
			if err := setting.Apply(&spec, given); err != nil {
				return nil, fmt.Errorf("image %s: %w", setting.Name, err)
			}
		}
	}
	if len(spec.Tags) == 0 {
		spec.Tags = []string{r.Name}
	}
	image, err := oci.Build(spec, program)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := image.WriteArchive(&out); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
