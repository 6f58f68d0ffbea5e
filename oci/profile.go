package oci

// Profile says what an image contains beyond what every container tool needs.
// Each profile is a Builder.
type Profile struct {
	Name string

	// Manifest: with its own media type at the top. The specification says
	// that it SHOULD be there; some registries and tools refuse it otherwise.
	mediaType bool

	// Config: the program as Entrypoint, so that arguments of "docker run"
	// are the program's. Otherwise program and arguments are Cmd, which
	// "docker run" replaces as a whole; 7 bytes shorter.
	entrypoint bool

	// Config: created also when it is 1970-01-01, the default.
	created bool

	// Layer: the tar file, the program's mode, and its path if the Spec has
	// none. An empty path is derived from the tag.
	tar  tarFormat
	mode int64
	path string
}

// Safe is the default: an image that every tool accepts, those for plain tar
// files too.
var Safe = Profile{
	Name:       "safe",
	mediaType:  true,
	entrypoint: true,
	created:    true,
	tar:        ustar,
	mode:       0o755,
}

// Smallest leaves out what container engines and registries do not need. The
// manifest and config are still valid; the layer is a tar file cut short,
// which the tar programs refuse and all container engines read.
var Smallest = Profile{
	Name: "smallest",
	tar:  truncatedV7,
	mode: 0o111,
	path: "/1",
}

// Profiles are all profiles, the default first.
var Profiles = []Profile{Safe, Smallest}
