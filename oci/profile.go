package oci

// Profile says what an image contains beyond what every container tool needs,
// and what may be chosen for it because nothing depends on it. Each profile is a
// Builder.
type Profile struct {
	Name string

	// Refused says which tools do not take such an image; "" if all do.
	Refused string

	// Manifest: with its own media type at the top. The specification says
	// that it SHOULD be there; some registries and tools refuse it otherwise.
	mediaType bool

	// Program: zeros may follow it where that makes the image smaller, if the Spec
	// lets them.
	pad bool

	tar tarFormat
}

// programMode is the mode of a program in an image in which it is not chosen.
const programMode = 0o755

// freeModes are the modes that a program can have where its author asks for
// none, the preferred ones first: everybody may run it in all of them.
var freeModes = []int64{0o111, 0o555, 0o755}

// freeNames are the names, of one letter each, that a program can have where its
// author gives neither a path nor a command.
const freeNames = "0123456789abcdefghijklmnopqrstuvwxyz"

// Portable is the default: an image that every tool accepts, those for plain tar
// files too.
var Portable = Profile{Name: "portable", mediaType: true, tar: ustar}

// Small leaves out what container engines and registries do not need, but for
// the end of the tar file.
var Small = Profile{
	Name:    "small",
	Refused: "busybox tar, and registries and tools that ask a manifest for its media type (cloudflare's serverless-registry, spegel, the .NET SDK)",
	pad:     true,
	tar:     tarFormat{fill: true, endBlock: true},
}

// Smallest leaves out all that container engines and registries do not need. The
// manifest and config are still valid; the layer is a tar file cut short, which
// the tar programs refuse and all container engines read.
var Smallest = Profile{
	Name:    "smallest",
	Refused: "GNU tar, bsdtar, busybox tar and Python's tarfile, and registries and tools that ask a manifest for its media type (cloudflare's serverless-registry, spegel, the .NET SDK)",
	pad:     true,
}

// Profiles are all profiles, the default first.
var Profiles = []Profile{Portable, Small, Smallest}
