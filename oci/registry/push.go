package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"tasm/oci/content"
)

// Push sends an image or index to repositories, under tags or its digest, and
// returns its digest. What a repository has already is not sent.
func (c *Client) Push(ctx context.Context, a content.Artifact, refs ...Reference) (v1.Hash, error) {
	digest, err := a.Digest()
	if err != nil {
		return v1.Hash{}, err
	}
	pushes := map[name.Repository]*push{}
	for _, ref := range refs {
		if d, ok := ref.(name.Digest); ok && d.DigestStr() != digest.String() {
			return v1.Hash{}, fmt.Errorf("can't push to %s: the image has the digest %s", Name(ref), digest)
		}
		p := pushes[ref.Context()]
		if p == nil {
			p = &push{session: c.session(ref.Context(), "push,pull", origins(a, ref.Context())...), repo: ref.Context(), done: map[v1.Hash]bool{}}
			pushes[ref.Context()] = p
		}
		if err := p.artifact(ctx, a, ref.Identifier(), digest, 0); err != nil {
			return v1.Hash{}, fmt.Errorf("can't push to %s: %w", Name(ref), err)
		}
	}
	return digest, nil
}

// push is the push of an image to one repository.
type push struct {
	*session
	repo name.Repository
	done map[v1.Hash]bool // blobs and manifests that are there
}

// artifact sends an image or index with all that it names.
func (p *push) artifact(ctx context.Context, a content.Artifact, id string, digest v1.Hash, depth int) error {
	there, err := p.hasManifest(ctx, id, digest)
	if err != nil || there {
		return err
	}
	if !p.done[digest] {
		switch a := a.(type) {
		case v1.Image:
			err = p.blobs(ctx, a)
		case v1.ImageIndex:
			err = p.children(ctx, a, depth)
		}
		if err != nil {
			return err
		}
	}
	p.done[digest] = true
	return p.manifest(ctx, a, id)
}

// hasManifest asks whether a tag or digest leads to a manifest already.
func (p *push) hasManifest(ctx context.Context, id string, want v1.Hash) (bool, error) {
	resp, err := p.do(ctx, &request{
		method: http.MethodHead, path: p.repo.RepositoryStr() + "/manifests/" + id,
		header: map[string]string{"Accept": acceptManifests},
		// Some registries answer 403 or 401 for a repository that does not
		// exist yet; the upload shows what is wrong.
		accept: []int{http.StatusOK, http.StatusNotFound, http.StatusForbidden, http.StatusMethodNotAllowed, http.StatusNotAcceptable},
	})
	if err != nil {
		return false, err
	}
	drain(resp)
	return resp.StatusCode == http.StatusOK && resp.Header.Get("Docker-Content-Digest") == want.String(), nil
}

const maxDepth = 4

// children sends what an index lists.
func (p *push) children(ctx context.Context, x v1.ImageIndex, depth int) error {
	if depth == maxDepth {
		return fmt.Errorf("indexes stand in indexes more than %d deep", maxDepth)
	}
	list, err := x.IndexManifest()
	if err != nil {
		return err
	}
	for i, d := range list.Manifests {
		if slices.ContainsFunc(list.Manifests[:i], func(o v1.Descriptor) bool { return o.Digest == d.Digest }) {
			continue
		}
		var child content.Artifact
		if d.MediaType.IsIndex() {
			child, err = x.ImageIndex(d.Digest)
		} else {
			child, err = x.Image(d.Digest)
		}
		if err != nil {
			return err
		}
		if err := p.artifact(ctx, child, d.Digest.String(), d.Digest, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// blobs sends the layers and the config of an image.
func (p *push) blobs(ctx context.Context, img v1.Image) error {
	layers, err := img.Layers()
	if err != nil {
		return err
	}
	config, err := partial.ConfigLayer(img)
	if err != nil {
		return err
	}
	for _, l := range append(slices.Clip(layers), config) {
		digest, err := l.Digest()
		if err != nil {
			return err
		}
		if p.done[digest] {
			continue
		}
		if err := p.blob(ctx, l, digest); err != nil {
			return err
		}
		p.done[digest] = true
	}
	return nil
}

// blob sends a blob that the registry does not have. A transfer that was cut is
// begun anew, with an upload of its own.
func (p *push) blob(ctx context.Context, l v1.Layer, digest v1.Hash) error {
	size, err := l.Size()
	if err != nil {
		return err
	}
	pause := p.limits.Pause
	for attempt := 1; ; attempt++ {
		location, err := p.announce(ctx, l, digest)
		if err != nil || location == nil {
			return err
		}
		var done int64
		resp, err := p.once(ctx, &request{
			method: http.MethodPut, url: location, size: size, accept: []int{http.StatusCreated, http.StatusNoContent},
			header: map[string]string{"Content-Type": "application/octet-stream"},
			body: func() (io.ReadCloser, error) {
				done = 0
				r, err := l.Compressed()
				if err != nil {
					return nil, err
				}
				return &counted{&local{r}, &done, p.tell(digest, size)}, nil
			},
		})
		if err == nil {
			drain(resp)
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		wait, again := p.temporary(err, pause)
		if !again || attempt == p.limits.Attempts {
			return p.explain(err)
		}
		if err := sleep(ctx, wait); err != nil {
			return err
		}
		pause *= 2
	}
}

// local marks the errors of a reader as those of this side.
type local struct{ io.ReadCloser }

func (l *local) Read(p []byte) (int, error) {
	n, err := l.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		err = &localError{err}
	}
	return n, err
}

func (s *session) tell(blob v1.Hash, size int64) func(int64) {
	if s.client.Progress == nil {
		return nil
	}
	return func(done int64) { s.client.Progress(blob.String(), done, size) }
}

// announce asks the registry for a blob: to mount it where it is, in this
// repository or in the one that its image came from, else to open an upload. It
// returns where to upload to, nil where there is no need.
func (p *push) announce(ctx context.Context, l v1.Layer, digest v1.Hash) (*url.URL, error) {
	from := p.repo
	if origin, ok := originOf(l); ok && origin.RegistryStr() == p.repo.RegistryStr() {
		from = origin
	}
	open := &request{
		method: http.MethodPost, path: p.repo.RepositoryStr() + "/blobs/uploads/",
		body:   func() (io.ReadCloser, error) { return http.NoBody, nil },
		accept: []int{http.StatusCreated, http.StatusAccepted},
	}
	mount := *open
	mount.path += "?" + url.Values{"mount": {digest.String()}, "from": {from.RepositoryStr()}}.Encode()
	resp, err := p.do(ctx, &mount)
	if mountRefused(err) {
		resp, err = p.do(ctx, open)
	}
	if err != nil {
		return nil, err
	}
	drain(resp)
	if resp.StatusCode == http.StatusCreated {
		return nil, nil
	}
	if size, err := l.Size(); err != nil || size >= askAgain {
		if there, err := p.hasBlob(ctx, digest); err != nil || there {
			return nil, err
		}
	}
	location, err := resp.Request.URL.Parse(resp.Header.Get("Location"))
	if err != nil || resp.Header.Get("Location") == "" {
		return nil, fmt.Errorf("%s does not say where to upload to", p.repo.RegistryStr())
	}
	query := location.Query()
	query.Set("digest", digest.String())
	location.RawQuery = query.Encode()
	return location, nil
}

// mountRefused reports whether an error may be about the mounting only: of a
// repository that does not exist yet, or may not be read. The specification wants
// an upload to be opened then.
func mountRefused(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Status >= 400 && e.Status < 500 && e.Status != http.StatusUnauthorized && e.Status != http.StatusTooManyRequests
}

// askAgain is the size in bytes from which on a blob that can't be mounted is
// asked for once more: a registry that mounts nothing may have it all the same,
// and the request costs less than the blob.
const askAgain = 16 << 10

func (p *push) hasBlob(ctx context.Context, digest v1.Hash) (bool, error) {
	resp, err := p.do(ctx, &request{
		method: http.MethodHead, path: p.repo.RepositoryStr() + "/blobs/" + digest.String(),
		accept: []int{http.StatusOK, http.StatusNotFound},
	})
	if err != nil {
		return false, err
	}
	drain(resp)
	return resp.StatusCode == http.StatusOK, nil
}

// manifest sends a manifest or index, last, when all that it names is there.
func (p *push) manifest(ctx context.Context, a content.Artifact, id string) error {
	raw, err := a.RawManifest()
	if err != nil {
		return err
	}
	mediaType, err := a.MediaType()
	if err != nil {
		return err
	}
	resp, err := p.do(ctx, &request{
		method: http.MethodPut, path: p.repo.RepositoryStr() + "/manifests/" + id, size: int64(len(raw)),
		header: map[string]string{"Content-Type": string(mediaType)},
		body:   func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(raw)), nil },
		accept: []int{http.StatusOK, http.StatusCreated, http.StatusAccepted},
	})
	if err != nil {
		return err
	}
	drain(resp)
	want, err := a.Digest()
	if got := resp.Header.Get("Docker-Content-Digest"); err == nil && got != "" && got != want.String() {
		return fmt.Errorf("%s has stored another manifest than it was sent: %s, not %s", p.repo.RegistryStr(), printable(got), want)
	}
	return err
}

// acceptManifests are the types of manifests that are asked for.
var acceptManifests = string(types.OCIManifestSchema1) + "," + string(types.OCIImageIndex) + "," +
	string(types.DockerManifestSchema2) + "," + string(types.DockerManifestList)

// origins are the repositories that an artifact's layers may be mounted from,
// besides the one that it goes to.
func origins(a content.Artifact, to name.Repository) []name.Repository {
	images, err := content.Images(a)
	if err != nil {
		return nil // it will be said when they are sent
	}
	var out []name.Repository
	for _, img := range images {
		layers, err := img.Layers()
		if err != nil {
			continue
		}
		for _, l := range layers {
			if o, ok := originOf(l); ok && o.RegistryStr() == to.RegistryStr() && o != to && !slices.Contains(out, o) {
				out = append(out, o)
			}
		}
	}
	return out
}

// originOf returns the repository that a layer lies in.
func originOf(l v1.Layer) (name.Repository, bool) {
	s, ok := content.SourceOf(l).(*repository)
	if !ok {
		return name.Repository{}, false
	}
	return s.repo, true
}
