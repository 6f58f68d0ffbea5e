// Package registry sends images to registries and fetches them (OCI
// distribution specification 1.1).
//
// go-containerregistry does the authentication; the requests are made here, as
// few as the protocol allows. A push asks first for the manifest, which is all
// where nothing has changed. A blob is announced with a request that mounts it
// from the repository itself, or from that of its base image: the registry
// answers 201 where it has the blob, and else opens an upload, so that no
// request is spent on the question. A first push of an image with one layer
// takes 6 requests where no login is asked for, a second one takes 1.
//
// A registry can be slow, wrong or hostile. All waiting is bounded: an answer
// must begin within a time, and a body must come with a least speed. What is
// temporary is tried again. A blob that was cut off is continued where it ended.
// Answers are read to a limit only, and compared with their digests. Plain http
// goes to this machine only, unless Client.Insecure. Credentials go nowhere but
// to the registry and the token server that it names, and addresses in errors
// have no query, as registries put secrets there.
package registry
