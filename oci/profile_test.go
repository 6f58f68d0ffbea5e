package oci_test

import (
	"testing"

	"tasm/oci"
)

// TestFewestBytes holds what the profiles make of the 70 bytes of hello.
func TestFewestBytes(t *testing.T) {
	hello := program(t, programs[1].hex, programs[1].text)
	spec := oci.Spec{Tags: []string{"hello"}, Platform: oci.Platform{OS: "linux", Architecture: "386"}, IgnoresArguments: true, MayPad: true}
	for profile, want := range map[*oci.Profile]int{&oci.Portable: 696, &oci.Padded: 693, &oci.Truncated: 676, &oci.Small: 628, &oci.Smallest: 619} {
		img, err := profile.Build(spec, hello)
		must(t, err)
		if got := img.Sizes().Wire(); got != want {
			t.Errorf("%s: %d bytes on the wire, want %d", profile.Name, got, want)
		}
	}
	// Nothing follows a program whose author does not allow it.
	spec.MayPad = false
	padded, err := oci.Small.Build(spec, append(hello, 0))
	must(t, err)
	img, err := oci.Small.Build(spec, hello)
	must(t, err)
	a, err := padded.Digest()
	must(t, err)
	if b, err := img.Digest(); err != nil || a == b {
		t.Errorf("a program and one with a zero behind it make one image (%v)", err)
	}
}
