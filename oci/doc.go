// Package oci makes container images: from a description and the bytes of one
// program it builds the exact bytes of an image's blobs, and hands them to
// publishers.
//
// An image is three blobs (OCI image specification 1.1): the layer, a gzipped
// tar file that holds the program; the config, which says how to run it; and
// the manifest, which names the other two by digest. Every byte of the three
// is decided here: the JSON by json.go, the tar file by tar.go, the compressed
// stream by package deflate. Nothing depends on time, place, map order or the
// Go toolchain, so that the same description and program always have the same
// digest.
//
// What is written beyond the needed is decided by a Profile: Portable leaves
// nothing out that any reader asks for; Small and Smallest leave out what container
// tools do not need. What nothing depends on (the program's mode, its name where
// nobody gave one, its type flag) is chosen so that the layer compresses best.
//
// Profiles build (Builder); archives, and whatever else takes an image, publish
// (Publisher). An Image is a go-containerregistry v1.Image, so that a publisher
// to a registry or a layout folder is a call of that library. This is the only
// package of tasm that knows it.
package oci
