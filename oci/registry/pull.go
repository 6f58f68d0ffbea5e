package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"tasm/oci/content"
)

// Pull fetches the manifest that a reference leads to, and the config of an
// image. Layers, and the images of an index, are fetched when they are read;
// that ends with ctx.
func (c *Client) Pull(ctx context.Context, ref name.Reference) (content.Artifact, error) {
	s := c.session(ref.Context(), "pull")
	d, raw, err := s.manifest(ctx, ref)
	if err != nil {
		return nil, fmt.Errorf("can't pull %s: %w", Name(ref), err)
	}
	a, err := content.New(&repository{ctx, s, ref.Context()}, d, raw)
	if err != nil {
		return nil, fmt.Errorf("can't pull %s: %w", Name(ref), err)
	}
	return a, nil
}

// manifest fetches a manifest or index and compares it with the digest that is
// asked for.
func (s *session) manifest(ctx context.Context, ref name.Reference) (v1.Descriptor, []byte, error) {
	resp, raw, err := s.small(ctx, &request{
		method: http.MethodGet, path: ref.Context().RepositoryStr() + "/manifests/" + ref.Identifier(),
		header: map[string]string{"Accept": acceptManifests}, accept: []int{http.StatusOK},
	})
	if err != nil {
		return v1.Descriptor{}, nil, err
	}
	got := content.DigestOf(raw)
	if d, ok := ref.(name.Digest); ok && d.DigestStr() != got.String() {
		return v1.Descriptor{}, nil, fmt.Errorf("the registry gives another manifest than %s", d.DigestStr())
	}
	if told := resp.Header.Get("Docker-Content-Digest"); told != "" && told != got.String() {
		return v1.Descriptor{}, nil, fmt.Errorf("the manifest is not what the registry says: %s is told, %s is sent", printable(told), got)
	}
	return v1.Descriptor{
		MediaType: types.MediaType(printable(resp.Header.Get("Content-Type"))), Digest: got, Size: int64(len(raw)),
	}, raw, nil
}

// small makes a request whose answer has at most content.MaxJSON bytes, and
// again where that is cut.
func (s *session) small(ctx context.Context, r *request) (*http.Response, []byte, error) {
	for attempt := 1; ; attempt++ {
		resp, err := s.do(ctx, r)
		if err != nil {
			return nil, nil, err
		}
		raw, err := io.ReadAll(io.LimitReader(resp.Body, content.MaxJSON+1))
		resp.Body.Close()
		switch {
		case err == nil && len(raw) > content.MaxJSON:
			return nil, nil, fmt.Errorf("the answer of %s is larger than %d bytes, the most that a manifest may have", s.reg, content.MaxJSON)
		case err == nil:
			return resp, raw, nil
		case ctx.Err() != nil:
			return nil, nil, ctx.Err()
		case attempt == s.limits.Attempts || errors.Is(err, errSlow):
			return nil, nil, s.explain(err)
		}
		if err := sleep(ctx, s.limits.Pause*time.Duration(attempt)); err != nil {
			return nil, nil, err
		}
	}
}

// repository reads blobs of a repository (content.Source).
type repository struct {
	ctx     context.Context
	session *session
	repo    name.Repository
}

// Open begins to fetch a blob, or a manifest that an index lists. Where the
// connection is cut, it goes on with another.
func (r *repository) Open(d v1.Descriptor) (io.ReadCloser, error) {
	b := &download{repository: r, blob: d}
	if err := b.open(); err != nil {
		return nil, err
	}
	return &counted{b, new(int64), r.session.tell(d.Digest, d.Size)}, nil
}

// download is a blob that is being fetched.
type download struct {
	*repository
	blob v1.Descriptor
	body io.ReadCloser
	done int64
	cuts int
}

// open asks for the blob, from where the last answer ended.
func (d *download) open() error {
	kind := "/blobs/"
	header := map[string]string{"Accept-Encoding": "identity"}
	if t := d.blob.MediaType; t.IsImage() || t.IsIndex() {
		kind, header["Accept"] = "/manifests/", acceptManifests
	}
	r := &request{
		method: http.MethodGet, path: d.repo.RepositoryStr() + kind + d.blob.Digest.String(),
		header: header, accept: []int{http.StatusOK},
	}
	if d.done > 0 {
		header["Range"] = fmt.Sprintf("bytes=%d-%d", d.done, d.blob.Size-1)
		r.accept = append(r.accept, http.StatusPartialContent)
	}
	resp, err := d.session.do(d.ctx, r)
	if err != nil {
		return err
	}
	d.body = resp.Body
	if n := resp.ContentLength; d.done == 0 && n >= 0 && n != d.blob.Size {
		resp.Body.Close()
		return &content.MismatchError{Want: d.blob.Digest, Got: fmt.Sprintf("it has %d bytes, not %d", n, d.blob.Size)}
	}
	if d.done > 0 && resp.StatusCode == http.StatusOK { // it begins at the beginning again
		_, err = io.CopyN(io.Discard, d.body, d.done)
	}
	return err
}

func (d *download) Read(p []byte) (int, error) {
	n, err := d.body.Read(p)
	d.done += int64(n)
	if err == nil || err == io.EOF && d.done >= d.blob.Size {
		return n, err
	}
	if d.ctx.Err() != nil {
		return n, d.ctx.Err()
	}
	if d.cuts++; d.cuts >= d.session.limits.Attempts || errors.Is(err, errSlow) {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return n, d.session.explain(err)
	}
	d.body.Close()
	if err := sleep(d.ctx, d.session.limits.Pause*time.Duration(d.cuts)); err != nil {
		return n, err
	}
	return n, d.open()
}

func (d *download) Close() error { return d.body.Close() }
