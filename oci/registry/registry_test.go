package registry_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	ggcr "github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"tasm/oci"
	"tasm/oci/content"
	"tasm/oci/registry"
)

// quick are limits with which a test that waits for them ends soon.
var quick = registry.Limits{Attempts: 3, Pause: time.Millisecond, MaxPause: 50 * time.Millisecond, Answer: 300 * time.Millisecond, Grace: 300 * time.Millisecond, Speed: 1 << 20}

// proxy stands before a registry, counts, and does harm.
type proxy struct {
	*httptest.Server
	lock     sync.Mutex
	requests []string // method and path of each
	sent     int64    // bytes of bodies towards the registry
	received int64    // bytes of bodies from it
	logins   []string // Authorization headers

	// fault sees each request first, with its number among those with the
	// same method and kind; true is that it has answered.
	fault func(w http.ResponseWriter, r *http.Request, n int) bool
	seen  map[string]int
}

// newProxy starts a registry of go-containerregistry's with a proxy before it.
func newProxy(t *testing.T) *proxy {
	t.Helper()
	return proxyTo(t, ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0))))
}

func proxyTo(t *testing.T, inner http.Handler) *proxy {
	p := &proxy{seen: map[string]int{}}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.lock.Lock()
		p.requests = append(p.requests, r.Method+" "+r.URL.Path)
		p.logins = append(p.logins, r.Header.Get("Authorization"))
		kind := r.Method + " " + kindOf(r.URL.Path)
		p.seen[kind]++
		n, fault := p.seen[kind], p.fault
		p.lock.Unlock()
		if fault != nil && fault(w, r, n) {
			return
		}
		r.Body = &counter{r.Body, &p.lock, &p.sent}
		inner.ServeHTTP(&meter{w, p}, r)
	}))
	t.Cleanup(func() { p.CloseClientConnections(); p.Close() })
	return p
}

type counter struct {
	io.ReadCloser
	lock *sync.Mutex
	n    *int64
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.ReadCloser.Read(b)
	c.lock.Lock()
	*c.n += int64(n)
	c.lock.Unlock()
	return n, err
}

type meter struct {
	http.ResponseWriter
	p *proxy
}

func (m *meter) Write(b []byte) (int, error) {
	m.p.lock.Lock()
	m.p.received += int64(len(b))
	m.p.lock.Unlock()
	return m.ResponseWriter.Write(b)
}

func kindOf(path string) string {
	for _, kind := range []string{"uploads", "blobs", "manifests", "token"} {
		if strings.Contains(path, "/"+kind) {
			return kind
		}
	}
	return "v2"
}

// reset forgets what was counted.
func (p *proxy) reset() { p.requests, p.sent, p.received, p.seen = nil, 0, 0, map[string]int{} }

func (p *proxy) host() string { return strings.TrimPrefix(p.URL, "http://") }

func (p *proxy) ref(t *testing.T, s string) name.Reference {
	t.Helper()
	ref, err := name.ParseReference(p.host() + "/" + s)
	must(t, err)
	return ref
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// small is an image of tasm's own, with a program that nobody runs.
func small(t *testing.T) *oci.Image { return smallFor(t, "386") }

func smallFor(t *testing.T, arch string) *oci.Image {
	t.Helper()
	img, err := oci.Build(oci.Spec{Tags: []string{"small"}, Platform: oci.Platform{OS: "linux", Architecture: arch}}, []byte("not really a program"))
	must(t, err)
	return img
}

// large is an image with layers of some size.
func large(t *testing.T) v1.Image {
	t.Helper()
	img, err := random.Image(300<<10, 2)
	must(t, err)
	return img
}

var ctx = context.Background()

// TestPushAndPull takes images to a registry and back, and counts requests and
// bytes.
func TestPushAndPull(t *testing.T) {
	p := newProxy(t)
	c := &registry.Client{Limits: quick}
	img := small(t)
	want, err := img.Digest()
	must(t, err)
	ref := p.ref(t, "team/small:1")

	got, err := c.Push(ctx, img, ref)
	must(t, err)
	if got != want {
		t.Errorf("pushed %s, want %s", got, want)
	}
	if n := len(p.requests); n != 6 {
		t.Errorf("the first push takes %d requests, want 6: %q", n, p.requests)
	}
	if wire := int64(img.Sizes().Wire()); p.sent != wire {
		t.Errorf("the first push sends %d bytes, want %d, those of the blobs", p.sent, wire)
	}

	p.reset()
	_, err = c.Push(ctx, img, ref)
	must(t, err)
	if len(p.requests) != 1 || p.sent != 0 {
		t.Errorf("a push of what is there takes %q and %d bytes", p.requests, p.sent)
	}

	p.reset()
	a, err := (&registry.Client{Limits: quick}).Pull(ctx, ref)
	must(t, err)
	back, ok := a.(v1.Image)
	if !ok {
		t.Fatalf("pulled a %T", a)
	}
	must(t, validate.Image(back))
	if got, err := back.Digest(); err != nil || got != want {
		t.Errorf("pulled %s (%v), want %s", got, err, want)
	}
	if n := len(p.requests); n != 4 { // validate reads the layer twice
		t.Errorf("the pull takes %d requests: %q", n, p.requests)
	}
	if _, err := c.Pull(ctx, p.ref(t, "team/small@"+want.String())); err != nil {
		t.Errorf("by digest: %v", err)
	}
}

// TestIndex pushes and pulls an index of two images that share a layer.
func TestIndex(t *testing.T) {
	p := newProxy(t)
	c := &registry.Client{Limits: quick}
	var idx v1.ImageIndex = empty.Index
	for _, arch := range []string{"386", "amd64"} {
		idx = mutate.AppendManifests(idx, mutate.IndexAddendum{Add: smallFor(t, arch), Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: arch}}})
	}
	want, err := idx.Digest()
	must(t, err)
	ref := p.ref(t, "several")
	_, err = c.Push(ctx, idx, ref)
	must(t, err)
	a, err := c.Pull(ctx, ref)
	must(t, err)
	back, ok := a.(v1.ImageIndex)
	if got, err := a.Digest(); !ok || err != nil || got != want {
		t.Fatalf("pulled a %T with digest %s (%v), want %s", a, got, err, want)
	}
	must(t, validate.Index(back))
	images, err := content.Images(a)
	must(t, err)
	if len(images) != 2 {
		t.Errorf("%d images in the index, want 2", len(images))
	}
}

// TestFaults lets a registry fail in one way each, and looks at what is said.
func TestFaults(t *testing.T) {
	status := func(code int, header ...string) func(http.ResponseWriter, *http.Request, int) bool {
		return func(w http.ResponseWriter, r *http.Request, n int) bool {
			for i := 0; i < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(code)
			fmt.Fprint(w, `{"errors":[{"code":"SOME_CODE","message":"told \u001b[31mred\nline"}]}`)
			return true
		}
	}
	only := func(method, kind string, f func(http.ResponseWriter, *http.Request, int) bool) func(http.ResponseWriter, *http.Request, int) bool {
		return func(w http.ResponseWriter, r *http.Request, n int) bool {
			return r.Method == method && kindOf(r.URL.Path) == kind && f(w, r, n)
		}
	}
	first := func(times int, f func(http.ResponseWriter, *http.Request, int) bool) func(http.ResponseWriter, *http.Request, int) bool {
		return func(w http.ResponseWriter, r *http.Request, n int) bool { return n <= times && f(w, r, n) }
	}
	cut := func(w http.ResponseWriter, r *http.Request, n int) bool {
		io.CopyN(io.Discard, r.Body, 10)
		panic(http.ErrAbortHandler)
	}
	hang := func(w http.ResponseWriter, r *http.Request, n int) bool {
		select {
		case <-r.Context().Done():
		case <-time.After(5 * time.Second):
		}
		return true
	}
	for _, tt := range []struct {
		name  string
		fault func(http.ResponseWriter, *http.Request, int) bool
		says  string // "": the push succeeds
	}{
		{"401", status(401), "401 Unauthorized: it wants a login; run: docker login HOST"},
		{"401 with a challenge", status(401, "WWW-Authenticate", `Basic realm="x"`), "401 Unauthorized: it wants a login"},
		{"401 with a bad challenge", status(401, "WWW-Authenticate", `Bearer realm="gopher://x"`), "the login at HOST failed"},
		{"401 with a realm elsewhere", status(401, "WWW-Authenticate", `Bearer realm="http://registry.invalid/token"`), "plain http"},
		{"200 where something is to begin", only("POST", "uploads", status(200)), "200 OK: no registry answers that here; check the address"},
		{"403", status(403), "403 Forbidden: the login for it may not do that"},
		{"404", only("POST", "uploads", status(404)), "404 Not Found: it has no such repository"},
		{"405", only("POST", "uploads", status(405)), "405 Method Not Allowed: it does not take uploads"},
		{"413", only("PUT", "uploads", status(413)), "413 Request Entity Too Large: the image is too large for it"},
		{"429", status(429), "429 Too Many Requests: it takes no more requests for now"},
		{"429 for an hour", status(429, "Retry-After", "3600"), "try again in 1h0m0s"},
		{"500", status(500), "500 Internal Server Error: the fault is on its side"},
		{"the registry's own words", only("POST", "uploads", status(500)), "(it says: SOME_CODE: told [31mred line)"},
		{"500 twice", only("POST", "uploads", first(2, status(500))), ""},
		{"429 once", only("PUT", "manifests", first(1, status(429))), ""},
		{"no mounting", func(w http.ResponseWriter, r *http.Request, n int) bool {
			return r.URL.Query().Has("mount") && status(404)(w, r, n)
		}, ""},
		{"no HEAD", func(w http.ResponseWriter, r *http.Request, n int) bool {
			return r.Method == http.MethodHead && kindOf(r.URL.Path) == "manifests" && status(405)(w, r, n)
		}, ""},
		{"cut always", only("PUT", "uploads", cut), "the connection was cut"},
		{"cut once", only("PUT", "uploads", first(1, cut)), ""},
		{"upload refused", only("PUT", "uploads", status(400)), "400 Bad Request (it says: SOME_CODE"},
		{"manifest refused", only("PUT", "manifests", status(400)), "400 Bad Request (it says: SOME_CODE"},
		{"no place for an upload", only("POST", "uploads", status(202)), "does not say where to upload to"},
		{"place for an upload elsewhere, plain", only("POST", "uploads", status(202, "Location", "http://elsewhere.invalid/x?secret=1")), "leads to 'elsewhere.invalid' by plain http"},
		{"another manifest", only("PUT", "manifests", status(201, "Docker-Content-Digest", "sha256:00")), "has stored another manifest than it was sent"},
		{"never answers", only("POST", "uploads", hang), "too slow"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newProxy(t)
			p.fault = tt.fault
			started := time.Now()
			_, err := (&registry.Client{Limits: quick, Keychain: noKeychain{}}).Push(ctx, large(t), p.ref(t, "a/b"))
			check(t, err, strings.ReplaceAll(tt.says, "HOST", p.host()))
			if d := time.Since(started); d > 10*time.Second {
				t.Errorf("took %s", d)
			}
		})
	}
}

// check compares an error with how it must read; "" is none.
func check(t *testing.T, err error, says string) {
	t.Helper()
	switch {
	case says == "" && err != nil:
		t.Errorf("error %q, want none", err)
	case says != "" && err == nil:
		t.Errorf("no error, want %q", says)
	case err != nil && (!slices.ContainsFunc(strings.Split(says, "|"), func(s string) bool { return strings.Contains(err.Error(), s) }) || strings.ContainsAny(err.Error(), "\x1b\n?")):
		t.Errorf("error %q, want %q", err, says)
	}
}

type noKeychain struct{}

func (noKeychain) Resolve(authn.Resource) (authn.Authenticator, error) { return authn.Anonymous, nil }

// TestPullFaults lets a registry lie, cut and be slow.
func TestPullFaults(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fault func(w http.ResponseWriter, r *http.Request, n int, blob []byte) bool
		says  string
	}{
		{"another layer", func(w http.ResponseWriter, r *http.Request, n int, blob []byte) bool {
			b := bytes.Clone(blob)
			b[0]++
			w.Write(b)
			return true
		}, "is not what its digest says: its bytes have the digest"},
		{"a longer layer", func(w http.ResponseWriter, r *http.Request, n int, blob []byte) bool {
			w.Write(append(bytes.Clone(blob), 0))
			return true
		}, "bytes, not|it is larger than"},
		{"an endless layer", func(w http.ResponseWriter, r *http.Request, n int, blob []byte) bool {
			for {
				if _, err := w.Write(make([]byte, 1<<16)); err != nil {
					return true
				}
			}
		}, "it is larger than"},
		{"a short layer", func(w http.ResponseWriter, r *http.Request, n int, blob []byte) bool {
			w.Write(blob[:len(blob)-1])
			return true
		}, "the connection was cut|bytes, not"},
		{"a short layer that says so", func(w http.ResponseWriter, r *http.Request, n int, blob []byte) bool {
			w.Header().Set("Content-Length", "10")
			w.Write(blob[:10])
			return true
		}, "it has 10 bytes, not"},
		{"cut in the middle, once", func(w http.ResponseWriter, r *http.Request, n int, blob []byte) bool {
			if n > 1 {
				return false
			}
			w.Header().Set("Content-Length", fmt.Sprint(len(blob)))
			w.Write(blob[:len(blob)/2])
			panic(http.ErrAbortHandler)
		}, ""},
		{"cut in the middle, always", func(w http.ResponseWriter, r *http.Request, n int, blob []byte) bool {
			w.Header().Set("Content-Length", fmt.Sprint(len(blob)))
			w.Write(blob[:len(blob)/2])
			panic(http.ErrAbortHandler)
		}, "the connection was cut"},
		{"slow", func(w http.ResponseWriter, r *http.Request, n int, blob []byte) bool {
			w.Header().Set("Content-Length", fmt.Sprint(len(blob)))
			for _, b := range blob {
				if _, err := w.Write([]byte{b}); err != nil {
					return true
				}
				w.(http.Flusher).Flush()
				time.Sleep(20 * time.Millisecond)
			}
			return true
		}, "too slow"},
		{"gone", func(w http.ResponseWriter, r *http.Request, n int, blob []byte) bool {
			w.WriteHeader(404)
			return true
		}, "404 Not Found: it has no such image"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newProxy(t)
			img := large(t)
			layers, err := img.Layers()
			must(t, err)
			digest, err := layers[0].Digest()
			must(t, err)
			r, err := layers[0].Compressed()
			must(t, err)
			blob, err := io.ReadAll(r)
			must(t, err)
			ref := p.ref(t, "a/b")
			_, err = (&registry.Client{Limits: quick}).Push(ctx, img, ref)
			must(t, err)
			n := 0
			p.fault = func(w http.ResponseWriter, r *http.Request, _ int) bool {
				if !strings.HasSuffix(r.URL.Path, digest.Hex) {
					return false
				}
				n++
				return tt.fault(w, r, n, blob)
			}
			a, err := (&registry.Client{Limits: quick}).Pull(ctx, ref)
			must(t, err)
			l, err := a.(v1.Image).LayerByDigest(digest)
			must(t, err)
			rc, err := l.Compressed()
			if err == nil {
				var got []byte
				got, err = io.ReadAll(rc)
				rc.Close()
				if err == nil && !bytes.Equal(got, blob) {
					t.Error("the layer differs")
				}
			}
			check(t, err, tt.says)
		})
	}
}

// TestPullStatus lets a registry refuse a manifest in all ways, and be slow with it.
func TestPullStatus(t *testing.T) {
	for _, tt := range []struct {
		code  int
		times int
		says  string
	}{
		{401, 99, "401 Unauthorized: it wants a login"},
		{403, 99, "403 Forbidden"},
		{404, 99, "404 Not Found: it has no such image"},
		{413, 99, "413 Request Entity Too Large"},
		{429, 99, "429 Too Many Requests"},
		{429, 1, ""},
		{500, 99, "500 Internal Server Error: the fault is on its side"},
		{503, 2, ""},
		{0, 99, "too slow"},
	} {
		t.Run(fmt.Sprint(tt.code, " ", tt.times), func(t *testing.T) {
			t.Parallel()
			p := newProxy(t)
			ref := p.ref(t, "a/b")
			_, err := (&registry.Client{Limits: quick}).Push(ctx, small(t), ref)
			must(t, err)
			n := 0
			p.fault = func(w http.ResponseWriter, r *http.Request, _ int) bool {
				if kindOf(r.URL.Path) != "manifests" {
					return false
				}
				if n++; n > tt.times {
					return false
				}
				if tt.code == 0 {
					select {
					case <-r.Context().Done():
					case <-time.After(5 * time.Second):
					}
					return true
				}
				w.WriteHeader(tt.code)
				return true
			}
			started := time.Now()
			_, err = (&registry.Client{Limits: quick, Keychain: noKeychain{}}).Pull(ctx, ref)
			check(t, err, tt.says)
			if d := time.Since(started); d > 30*time.Second {
				t.Errorf("took %s", d)
			}
		})
	}
}

// TestManifestFaults lets a registry give bad manifests.
func TestManifestFaults(t *testing.T) {
	img := small(t)
	raw, err := img.RawManifest()
	must(t, err)
	digest, err := img.Digest()
	must(t, err)
	edit := func(old, new string) []byte { return bytes.ReplaceAll(raw, []byte(old), []byte(new)) }
	for _, tt := range []struct {
		name string
		raw  []byte
		ref  string
		says string
	}{
		{"another one than the digest", edit("image", "imagf"), "@" + digest.String(), "gives another manifest than"},
		{"empty", nil, ":1", "the manifest is not valid"},
		{"no JSON", []byte("<html>"), ":1", "the manifest is not valid"},
		{"huge", bytes.Repeat([]byte(" "), content.MaxJSON+1), ":1", "is larger than 4194304 bytes"},
		{"version 1", []byte(`{"schemaVersion":1}`), ":1", "schema version 1"},
		{"an artifact", edit("application/vnd.oci.image.config.v1+json", "application/x"), ":1", "it is no image"},
		{"a path for a digest", edit("sha256:", "../../"), ":1", "the manifest is not valid"},
		{"negative size", edit(`"size":`, `"size":-`), ":1", "has a size of -"},
		{"huge config", edit(`"size":`, `"size":9999`), ":1", "a manifest or config has at most"},
		{"endless nesting", bytes.Repeat([]byte(`{"a":`), 800000), ":1", "the manifest is not valid"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newProxy(t)
			_, err := (&registry.Client{Limits: quick}).Push(ctx, img, p.ref(t, "a"))
			must(t, err)
			p.fault = func(w http.ResponseWriter, r *http.Request, n int) bool {
				if kindOf(r.URL.Path) != "manifests" {
					return false
				}
				w.Write(tt.raw)
				return true
			}
			_, err = (&registry.Client{Limits: quick}).Pull(ctx, p.ref(t, "a"+tt.ref))
			check(t, err, tt.says)
		})
	}
}

// TestDown asks a registry that is not there.
func TestDown(t *testing.T) {
	p := newProxy(t)
	ref := p.ref(t, "a")
	p.Close()
	_, err := (&registry.Client{Limits: quick}).Push(ctx, small(t), ref)
	check(t, err, "is not there: connection refused")
	nowhere, err := name.ParseReference("registry.invalid/a")
	must(t, err)
	_, err = (&registry.Client{Limits: quick}).Pull(ctx, nowhere)
	check(t, err, "there is no host 'registry.invalid'")
}

// TestPlain never speaks plain http to another machine than this, private
// networks included.
func TestPlain(t *testing.T) {
	for _, insecure := range []bool{false, true} {
		var asked []string
		c := &registry.Client{Limits: quick, Insecure: insecure, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			asked = append(asked, r.URL.Scheme)
			if r.URL.Scheme == "https" {
				return nil, &url.Error{Op: "Get", URL: "x", Err: fmt.Errorf("http: server gave HTTP response to HTTPS client")}
			}
			return &http.Response{StatusCode: 404, Body: http.NoBody, Request: r}, nil
		})}
		ref, err := name.ParseReference("10.1.2.3:5000/a")
		must(t, err)
		_, err = c.Pull(ctx, ref)
		if err == nil || strings.Contains(strings.Join(asked, " "), "http ") || insecure != strings.HasSuffix(strings.Join(asked, " "), "http") {
			t.Errorf("insecure %v: asked by %q: %v", insecure, asked, err)
		}
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestTLS speaks TLS to this machine too, and trusts no unknown certificate.
func TestTLS(t *testing.T) {
	server := httptest.NewTLSServer(ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	ref, err := name.ParseReference(strings.TrimPrefix(server.URL, "https://") + "/a")
	must(t, err)
	_, err = (&registry.Client{Limits: quick}).Push(ctx, small(t), ref)
	check(t, err, "has a certificate that can't be trusted")
	_, err = (&registry.Client{Limits: quick, Insecure: true}).Push(ctx, small(t), ref)
	must(t, err)
	_, err = (&registry.Client{Limits: quick, Transport: server.Client().Transport}).Pull(ctx, ref)
	must(t, err)
}

const (
	user     = "somebody"
	password = "hunter2-do-not-print"
	token    = "token-do-not-print"
)

type keychain struct{}

func (keychain) Resolve(authn.Resource) (authn.Authenticator, error) {
	return &authn.Basic{Username: user, Password: password}, nil
}

// guarded wants a login before it lets a request through: Basic, or a token.
func guarded(p *proxy, bearer bool) func(http.ResponseWriter, *http.Request, int) bool {
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
	return func(w http.ResponseWriter, r *http.Request, n int) bool {
		if r.URL.Path == "/token" {
			if r.Header.Get("Authorization") != basic {
				w.WriteHeader(401)
				return true
			}
			json.NewEncoder(w).Encode(map[string]string{"token": token})
			return true
		}
		want, challenge := basic, `Basic realm="r"`
		if bearer {
			want, challenge = "Bearer "+token, fmt.Sprintf(`Bearer realm="%s/token",service="s"`, p.URL)
		}
		if r.Header.Get("Authorization") == want {
			return false
		}
		w.Header().Set("WWW-Authenticate", challenge)
		w.WriteHeader(401)
		return true
	}
}

// TestLogin pushes with both kinds of logins: one request is refused before.
func TestLogin(t *testing.T) {
	for _, tt := range []struct {
		bearer   bool
		requests int
	}{{false, 7}, {true, 8}} {
		p := newProxy(t)
		p.fault = guarded(p, tt.bearer)
		c := &registry.Client{Limits: quick, Keychain: keychain{}}
		_, err := c.Push(ctx, small(t), p.ref(t, "a"))
		must(t, err)
		if len(p.requests) != tt.requests {
			t.Errorf("bearer %v: %d requests, want %d: %q", tt.bearer, len(p.requests), tt.requests, p.requests)
		}
		_, err = (&registry.Client{Limits: quick, Keychain: noKeychain{}}).Push(ctx, small(t), p.ref(t, "a"))
		if err == nil || strings.Contains(err.Error(), token) {
			t.Errorf("without a login: %v", err)
		}
	}
}

// TestRedirect lets a registry lead to another server for a blob and for an
// upload: no credentials follow.
func TestRedirect(t *testing.T) {
	for _, bearer := range []bool{false, true} {
		p, elsewhere := newProxy(t), newProxy(t)
		img := small(t)
		c := &registry.Client{Limits: quick, Keychain: keychain{}}
		for _, server := range []*proxy{p, elsewhere} {
			_, err := c.Push(ctx, img, server.ref(t, "a"))
			must(t, err)
		}
		elsewhere.logins = nil
		locked := guarded(p, bearer)
		p.fault = func(w http.ResponseWriter, r *http.Request, n int) bool {
			if locked(w, r, n) {
				return true
			}
			if kindOf(r.URL.Path) == "blobs" {
				http.Redirect(w, r, elsewhere.URL+r.URL.Path+"?signature=do-not-print", http.StatusTemporaryRedirect)
				return true
			}
			return false
		}
		a, err := (&registry.Client{Limits: quick, Keychain: keychain{}}).Pull(ctx, p.ref(t, "a"))
		must(t, err)
		must(t, validate.Image(a.(v1.Image)))
		if len(elsewhere.logins) == 0 || strings.Join(elsewhere.logins, "") != "" {
			t.Errorf("bearer %v: the other server was given %q", bearer, elsewhere.logins)
		}
		elsewhere.Close()
		_, err = (&registry.Client{Limits: quick, Keychain: keychain{}}).Pull(ctx, p.ref(t, "a"))
		if err == nil || strings.Contains(err.Error(), "do-not-print") || !strings.Contains(err.Error(), elsewhere.host()) {
			t.Errorf("bearer %v: error %v", bearer, err)
		}
	}
}

// TestUploadElsewhere lets a registry take uploads at another server: no
// credentials follow there either.
func TestUploadElsewhere(t *testing.T) {
	for _, bearer := range []bool{false, true} {
		p := newProxy(t)
		elsewhere := proxyTo(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			w.WriteHeader(http.StatusCreated)
		}))
		locked := guarded(p, bearer)
		p.fault = func(w http.ResponseWriter, r *http.Request, n int) bool {
			if locked(w, r, n) {
				return true
			}
			if kindOf(r.URL.Path) == "uploads" {
				w.Header().Set("Location", elsewhere.URL+"/upload?secret=1")
				w.WriteHeader(http.StatusAccepted)
				return true
			}
			return false
		}
		_, err := (&registry.Client{Limits: quick, Keychain: keychain{}}).Push(ctx, small(t), p.ref(t, "a"))
		if len(elsewhere.logins) != 2 || strings.Join(elsewhere.logins, "") != "" {
			t.Errorf("bearer %v: the other server was given %q (%v)", bearer, elsewhere.logins, err)
		}
	}
}

// TestCancel ends a push that waits.
func TestCancel(t *testing.T) {
	p := newProxy(t)
	p.fault = func(w http.ResponseWriter, r *http.Request, n int) bool { <-r.Context().Done(); return true }
	ctx, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	_, err := (&registry.Client{}).Push(ctx, small(t), p.ref(t, "a"))
	if err == nil || ctx.Err() == nil {
		t.Errorf("error %v", err)
	}
}
