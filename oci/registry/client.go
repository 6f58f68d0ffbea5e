package registry

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// Client speaks to registries. The zero value is ready for use; a Client must
// not be changed after its first request. It may be used by one goroutine at a
// time.
type Client struct {
	// Keychain has the credentials; nil is Docker's configuration and its
	// credential helpers.
	Keychain authn.Keychain

	// Insecure allows plain http, and TLS with certificates that can't be
	// verified, to every host and not to this machine only.
	Insecure bool

	// Progress, if not nil, is told how much of a blob has been sent or
	// received, of size bytes in all. It is called often.
	Progress func(blob string, done, size int64)

	// UserAgent is sent with each request.
	UserAgent string

	// Limits bounds the waiting; the zero value is the default.
	Limits Limits

	// Transport makes the connections; nil is net/http's with its proxies.
	Transport http.RoundTripper

	lock     sync.Mutex
	sessions map[string]*session
}

// Limits bounds the time that a registry can take.
type Limits struct {
	Attempts int           // of a request, when its failure may be temporary; 4
	Pause    time.Duration // before the second attempt, then twice as long each time; 500 ms
	MaxPause time.Duration // the longest that a registry may ask to wait for; 20 s
	Answer   time.Duration // until an answer begins; 30 s
	Grace    time.Duration // for a body of any size; 30 s
	Speed    int64         // bytes in a second that a body must come with beyond Grace; 4096
}

func (l Limits) withDefaults() Limits {
	set := func(v *time.Duration, d time.Duration) {
		if *v == 0 {
			*v = d
		}
	}
	set(&l.Pause, 500*time.Millisecond)
	set(&l.MaxPause, 20*time.Second)
	set(&l.Answer, 30*time.Second)
	set(&l.Grace, 30*time.Second)
	if l.Attempts == 0 {
		l.Attempts = 4
	}
	if l.Speed == 0 {
		l.Speed = 4096
	}
	return l
}

// bodyTime returns how long a body of size bytes may take.
func (l Limits) bodyTime(size int64) time.Duration {
	return l.Grace + time.Duration(size/l.Speed)*time.Second
}

// session is what a Client knows of one registry and one set of scopes.
type session struct {
	client *Client
	limits Limits
	reg    name.Registry
	base   http.RoundTripper // without credentials
	http   http.Client       // with them, once they were asked for
	scheme string            // "" until the first answer
	scopes []string
	login  bool // credentials are in use
}

// session returns the session for a repository and others that it mounts from.
// actions is pull or push,pull.
func (c *Client) session(repo name.Repository, actions string, others ...name.Repository) *session {
	scopes := []string{repo.Scope(actions)}
	for _, o := range others {
		scopes = append(scopes, o.Scope(transport.PullScope))
	}
	key := repo.RegistryStr() + " " + strings.Join(scopes, " ")
	c.lock.Lock()
	defer c.lock.Unlock()
	if s := c.sessions[key]; s != nil {
		return s
	}
	s := &session{client: c, limits: c.Limits.withDefaults(), reg: repo.Registry, scopes: scopes}
	s.base = &guard{inner: c.connections(), insecure: c.Insecure, agent: c.UserAgent}
	s.http = http.Client{Transport: s.base, CheckRedirect: checkRedirect}
	if !c.mayUsePlain(s.reg.RegistryStr()) {
		s.scheme = "https"
	}
	if c.sessions == nil {
		c.sessions = map[string]*session{}
	}
	c.sessions[key] = s
	return s
}

// connections returns the transport that all sessions share.
func (c *Client) connections() http.RoundTripper {
	if c.Transport == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.ResponseHeaderTimeout = c.Limits.withDefaults().Answer
		if c.Insecure {
			t.TLSClientConfig = &tls.Config{InsecureSkipVerify: true}
		}
		c.Transport = t
	}
	return c.Transport
}

// mayUsePlain reports whether plain http may go to a host.
func (c *Client) mayUsePlain(host string) bool { return c.Insecure || isLoopback(host) }

// isLoopback reports whether a host, with or without a port, is this machine.
func isLoopback(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// guard refuses plain http to other machines, wherever the address comes from: a
// reference, a redirect, the place for an upload, a token server.
type guard struct {
	inner    http.RoundTripper
	insecure bool
	agent    string
}

func (g *guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" && !g.insecure && !isLoopback(r.URL.Host) {
		return nil, &plainError{r.URL.Host}
	}
	if g.agent != "" {
		r = r.Clone(r.Context())
		r.Header.Set("User-Agent", g.agent)
	}
	return g.inner.RoundTrip(r)
}

// plainError says that plain http was refused.
type plainError struct{ host string }

func (e *plainError) Error() string {
	return fmt.Sprintf("the registry leads to '%s' by plain http, which anybody on the way can read and change; --insecure allows it", e.host)
}

const maxRedirects = 5

// checkRedirect drops what no other host may see. Package http does so for other
// names; another port is another server too.
func checkRedirect(r *http.Request, via []*http.Request) error {
	if len(via) >= maxRedirects {
		return fmt.Errorf("the registry redirects more than %d times", maxRedirects)
	}
	if r.URL.Host != via[0].URL.Host {
		r.Header.Del("Authorization")
		r.Header.Del("Cookie")
	}
	return nil
}

// request is a request that can be made several times.
type request struct {
	method string
	path   string   // after /v2/, with its query
	url    *url.URL // instead of path: where an upload goes
	header map[string]string
	body   func() (io.ReadCloser, error) // nil: none
	size   int64                         // of the body
	accept []int                         // statuses that are no error
}

// do makes a request until it succeeds, or fails for good. The caller closes the
// answer's body, which ends where it comes too slowly.
func (s *session) do(ctx context.Context, r *request) (*http.Response, error) {
	pause := s.limits.Pause
	for attempt := 1; ; attempt++ {
		resp, err := s.once(ctx, r)
		if err == nil {
			return resp, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		wait, again := s.temporary(err, pause)
		if !again || attempt == s.limits.Attempts {
			return nil, s.explain(err)
		}
		if err := sleep(ctx, wait); err != nil {
			return nil, err
		}
		pause *= 2
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// once makes a request, and again with credentials where these are asked for.
func (s *session) once(ctx context.Context, r *request) (*http.Response, error) {
	resp, err := s.send(ctx, r)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode == http.StatusUnauthorized && !s.login {
		drain(resp)
		if err := s.authenticate(ctx, resp); err != nil {
			return nil, err
		}
		if resp, err = s.send(ctx, r); err != nil {
			return nil, err
		}
	}
	for _, status := range r.accept {
		if resp.StatusCode == status {
			return resp, nil
		}
	}
	defer drain(resp)
	return nil, statusError(resp)
}

// drain reads what little is left of an answer, so that its connection serves
// for the next request.
func drain(resp *http.Response) {
	io.CopyN(io.Discard, resp.Body, 64<<10)
	resp.Body.Close()
}

// send makes one request. The first one finds out how the host speaks: this
// machine is asked by plain http first, which costs less, and others, where that
// is allowed, by TLS first.
func (s *session) send(ctx context.Context, r *request) (*http.Response, error) {
	if r.url != nil || s.scheme != "" {
		return s.sendAs(ctx, r, s.scheme)
	}
	order := []string{"https", "http"}
	if isLoopback(s.reg.RegistryStr()) {
		order = []string{"http", "https"}
	}
	resp, err := s.sendAs(ctx, r, order[0])
	if !speaksOther(resp, err) {
		if err == nil {
			s.scheme = order[0]
		}
		return resp, err
	}
	other, otherErr := s.sendAs(ctx, r, order[1])
	if otherErr != nil && !isCertificate(otherErr) && err == nil {
		s.scheme = order[0]
		return resp, nil // it means what it says
	}
	if resp != nil {
		drain(resp)
	}
	if otherErr == nil {
		s.scheme = order[1]
	}
	return other, otherErr
}

// speaksOther reports whether an answer looks like one of a host that speaks TLS
// to plain http, or the other way round.
func speaksOther(resp *http.Response, err error) bool {
	if err == nil {
		return resp.StatusCode == http.StatusBadRequest && resp.Request.URL.Scheme == "http"
	}
	var notTLS tls.RecordHeaderError
	return errors.As(err, &notTLS) || strings.Contains(err.Error(), "server gave HTTP response to HTTPS client") ||
		strings.Contains(err.Error(), "malformed HTTP response")
}

func (s *session) sendAs(ctx context.Context, r *request, scheme string) (*http.Response, error) {
	target := ""
	if r.url != nil {
		target = r.url.String()
	} else {
		target = scheme + "://" + s.reg.RegistryStr() + "/v2/" + r.path
	}
	ctx, end := context.WithCancelCause(ctx)
	cancel := func() { end(nil) }
	req, err := http.NewRequestWithContext(ctx, r.method, target, nil)
	if err != nil {
		cancel()
		return nil, err
	}
	for k, v := range r.header {
		req.Header.Set(k, v)
	}
	if r.body != nil {
		if req.Body, err = r.body(); err != nil {
			cancel()
			return nil, &localError{err}
		}
		req.ContentLength = r.size
		req.GetBody = r.body
		if r.size == 0 {
			req.Body = http.NoBody
		}
	}
	late := time.AfterFunc(s.limits.Answer+s.limits.bodyTime(r.size), func() { end(errSlow) })
	resp, err := s.http.Do(req)
	late.Stop()
	if err != nil {
		cancel()
		if context.Cause(ctx) == errSlow {
			err = errSlow
		}
		return nil, err
	}
	resp.Body = s.timed(resp.Body, resp.ContentLength, cancel)
	return resp, nil
}

// timed ends the reading of a body that comes too slowly.
func (s *session) timed(body io.ReadCloser, size int64, cancel func()) io.ReadCloser {
	b := &timedBody{ReadCloser: body, cancel: cancel}
	b.timer = time.AfterFunc(s.limits.bodyTime(max(0, size)), func() {
		b.late.Store(true)
		cancel()
	})
	return b
}

// authenticate gets credentials for the challenge in an answer.
func (s *session) authenticate(ctx context.Context, challenge *http.Response) error {
	keychain := s.client.Keychain
	if keychain == nil {
		keychain = authn.DefaultKeychain
	}
	auth, err := authn.Resolve(ctx, keychain, s.reg)
	if err != nil {
		return &localError{fmt.Errorf("the login for %s can't be read: %w", s.reg, err)}
	}
	// The handshake begins with a request for /v2/; the challenge is known
	// already, and that request is answered with it.
	options := []name.Option{}
	if s.scheme == "http" {
		options = append(options, name.Insecure)
	}
	reg, err := name.NewRegistry(s.reg.RegistryStr(), options...)
	if err != nil {
		return err
	}
	first := &replay{inner: s.base, scheme: s.scheme, host: reg.RegistryStr(), header: challenge.Header}
	ctx, cancel := context.WithTimeoutCause(ctx, s.limits.Answer+s.limits.Grace, errSlow)
	defer cancel()
	t, err := transport.NewWithContext(ctx, reg, auth, first, s.scopes)
	if err != nil {
		if context.Cause(ctx) == errSlow {
			return errSlow
		}
		return &loginError{err, auth == authn.Anonymous}
	}
	s.http.Transport, s.login = t, true
	return nil
}

// replay answers the first request of the handshake with a challenge that was
// given before.
type replay struct {
	inner        http.RoundTripper
	scheme, host string
	header       http.Header
}

func (p *replay) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path != "/v2/" || r.URL.Host != p.host {
		return p.inner.RoundTrip(r)
	}
	if r.URL.Scheme != p.scheme {
		return nil, fmt.Errorf("the registry speaks %s", p.scheme)
	}
	return &http.Response{
		Status: "401 Unauthorized", StatusCode: http.StatusUnauthorized, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: p.header.Clone(), Body: http.NoBody, Request: r,
	}, nil
}
