// Package rootfs tells what files an image has: it applies the layers one over
// the other, as engines do (OCI image specification, layer.md), in memory and
// without writing anything.
//
// Layers come from anywhere. Paths that lead out of the image are an error, as
// they are in engines; links are followed inside only; what a layer unpacks to,
// how many files it has and how long their names are is bounded; and each layer
// is compared with both of its digests.
package rootfs
