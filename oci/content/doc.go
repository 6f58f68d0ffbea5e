// Package content reads images that exist already: from a registry, an OCI
// image layout, a docker archive. What it reads was made by somebody else, and
// nothing in it is trusted: a manifest and a config have at most MaxJSON bytes,
// every blob must have the size and the digest that its descriptor says, and a
// reader of a blob fails at its end where it has not.
//
// An Image and an Index hold their JSON and open layers when these are read, so
// that a base image of any size costs no memory.
package content
