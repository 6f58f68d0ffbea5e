package oci

// Profile says what an image contains beyond what every container tool needs,
// and what may be chosen for it because nothing depends on it. Each profile is a
// Builder.
type Profile struct {
	Name string

	// About says what is remarkable about such an image besides that; "" for nothing.
	About string

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

// Padded is Portable, but that the program may get longer to make the image smaller.
var Padded = Profile{
	Name:      "padded",
	About:     "takes up to eight zeros behind the program, which 'docker images' counts, where that makes the image smaller",
	mediaType: true, pad: true, tar: ustar,
}

// Truncated has a tar file that is cut short, which the tar programs refuse and all
// container engines and registries take.
var Truncated = Profile{
	Name:      "truncated",
	Refused:   tarPrograms,
	mediaType: true, pad: true,
}

// Who refuses what: programs for tar files, and registries and tools for manifests.
const (
	tarPrograms = "GNU tar, bsdtar, busybox tar and Python's tarfile"
	typeReaders = "registries and tools that ask a manifest for its media type (cloudflare's serverless-registry, spegel, the .NET SDK)"
)

// Small leaves out what container engines and registries do not need, but for
// the end of the tar file.
var Small = Profile{
	Name:    "small",
	Refused: "busybox tar, and " + typeReaders,
	pad:     true,
	tar:     tarFormat{fill: true, endBlock: true},
}

// Smallest leaves out all that container engines and registries do not need. The
// manifest and config are still valid; the layer is a tar file cut short, which
// the tar programs refuse and all container engines read.
var Smallest = Profile{
	Name:    "smallest",
	Refused: tarPrograms + ", and " + typeReaders,
	pad:     true,
}

// Profiles are all profiles, the default first, which is the largest.
var Profiles = []Profile{Portable, Padded, Truncated, Small, Smallest}
