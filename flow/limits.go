package flow

// Limits of taking a program apart.
const (
	maxUnits  = 1 << 16 // instructions of a program: a longer one has nothing to gain from its headers
	maxObject = 1 << 24 // bytes of an object whose contents are looked at
)
