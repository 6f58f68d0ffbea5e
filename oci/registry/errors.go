package registry

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// Error is the failure of a request that a registry has answered.
type Error struct {
	Host   string
	Status int
	Told   string // what the registry says of it, in printable characters
	after  time.Duration
	method string
	path   string
}

// meanings say what an answer means, and what to do.
var meanings = map[int]string{
	http.StatusUnauthorized:          "it wants a login; run: docker login %s",
	http.StatusForbidden:             "the login for it may not do that; check the name, or log in as somebody who may: docker login %s",
	http.StatusNotFound:              "it has no such image",
	http.StatusRequestEntityTooLarge: "the image is too large for it, or for a proxy before it",
	http.StatusTooManyRequests:       "it takes no more requests for now; wait, or log in: docker login %s",
	http.StatusMethodNotAllowed:      "it does not take uploads",
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s answers %d %s", e.Host, e.Status, http.StatusText(e.Status))
	meaning := meanings[e.Status]
	switch {
	case e.Status == http.StatusNotFound && e.method != http.MethodGet && e.method != http.MethodHead:
		meaning = "it has no such repository, and does not make one"
	case e.Status < 400 && meaning == "":
		meaning = "no registry answers that here; check the address"
	case e.Status >= 500:
		meaning = "the fault is on its side; try again later"
	}
	if meaning != "" {
		b.WriteString(": " + strings.ReplaceAll(meaning, "%s", e.Host))
	}
	if e.Told != "" {
		fmt.Fprintf(&b, " (it says: %s)", e.Told)
	}
	return b.String()
}

const (
	maxErrorBody = 64 << 10
	maxTold      = 300
)

// statusError makes an error of an answer.
func statusError(resp *http.Response) error {
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	e := &Error{Host: resp.Request.URL.Host, Status: resp.StatusCode, method: resp.Request.Method, path: resp.Request.URL.Path}
	var told struct {
		Errors []struct{ Code, Message string }
	}
	if json.Unmarshal(body, &told) == nil {
		var texts []string
		for _, t := range told.Errors {
			texts = append(texts, strings.Trim(t.Code+": "+t.Message, ": "))
		}
		e.Told = printable(strings.Join(texts, "; "))
	} else if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/plain") {
		e.Told = printable(string(body))
	}
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && seconds >= 0 {
		e.after = time.Duration(min(seconds, 1<<20)) * time.Second
	} else if at, err := http.ParseTime(resp.Header.Get("Retry-After")); err == nil {
		e.after = max(0, time.Until(at))
	}
	return e
}

// printable makes one line of a text from elsewhere, for a terminal.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	s = strings.TrimSpace(s)
	if runes := []rune(s); len(runes) > maxTold {
		s = string(runes[:maxTold]) + "..."
	}
	return s
}

// localError is a failure on this side, in which no attempt more helps.
type localError struct{ error }

func (e *localError) Unwrap() error { return e.error }

// loginError is the failure of a login.
type loginError struct {
	cause     error
	anonymous bool
}

func (e *loginError) Error() string { return e.cause.Error() }
func (e *loginError) Unwrap() error { return e.cause }

// temporary reports whether a failed request may succeed when it is made again,
// and after which pause.
func (s *session) temporary(err error, pause time.Duration) (time.Duration, bool) {
	var local *localError
	var answer *Error
	var inner *transport.Error
	var plain *plainError
	switch {
	case errors.As(err, &local), errors.As(err, &plain), err == errSlow, isCertificate(err):
		return 0, false
	case errors.As(err, &answer):
		if answer.after > s.limits.MaxPause {
			return 0, false
		}
		return max(pause, answer.after), isTemporary(answer.Status)
	case errors.As(err, &inner):
		return pause, isTemporary(inner.StatusCode)
	}
	var dns *net.DNSError
	var login *loginError
	if errors.As(err, &dns) && dns.IsNotFound || errors.As(err, &login) && !errors.As(err, new(net.Error)) {
		return 0, false
	}
	return pause, true // the connection failed
}

func isTemporary(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

func isCertificate(err error) bool {
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	var host x509.HostnameError
	return errors.As(err, &unknown) || errors.As(err, &invalid) || errors.As(err, &host)
}

// explain says what a failure means. Nothing of the address that failed but its
// host is told: what follows may be a secret.
func (s *session) explain(err error) error {
	host := s.reg.RegistryStr()
	var at *url.Error
	if errors.As(err, &at) {
		if u, parseErr := url.Parse(at.URL); parseErr == nil && u.Host != "" {
			host = u.Host
		}
	}
	var answer *Error
	var inner *transport.Error
	var login *loginError
	var local *localError
	var plain *plainError
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case errors.As(err, &answer):
		if answer.after > s.limits.MaxPause {
			answer.Told = strings.TrimPrefix(fmt.Sprintf("%s; try again in %s", answer.Told, answer.after.Round(time.Second)), "; ")
		}
		return answer
	case errors.As(err, &local):
		return local.error
	case errors.As(err, &plain):
		return plain
	case errors.As(err, &inner):
		return fmt.Errorf("the login at %s failed: %w", host, answerOf(inner))
	case errors.As(err, &login):
		return fmt.Errorf("the login at %s failed: %s", host, printable(withoutAddress(login.cause).Error()))
	case err == errSlow, errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Errorf("%s: %w", host, errSlow)
	case isCertificate(err):
		return fmt.Errorf("%s has a certificate that can't be trusted: %s", host, printable(withoutAddress(err).Error()))
	case errors.As(err, &dns):
		return fmt.Errorf("there is no host '%s', or it can't be looked up", dns.Name)
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%s is not there: connection refused", host)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, net.ErrClosed):
		return fmt.Errorf("%s: the connection was cut", host)
	}
	return fmt.Errorf("%s: %s", host, printable(withoutAddress(err).Error()))
}

// withoutAddress takes the address out of an error of package http.
func withoutAddress(err error) error {
	var at *url.Error
	for errors.As(err, &at) {
		err = at.Err
	}
	return err
}

// answerOf makes an Error of go-containerregistry's.
func answerOf(e *transport.Error) *Error {
	out := &Error{Status: e.StatusCode, method: http.MethodGet}
	if e.Request != nil {
		out.Host = e.Request.URL.Host
	}
	var texts []string
	for _, d := range e.Errors {
		texts = append(texts, strings.Trim(string(d.Code)+": "+d.Message, ": "))
	}
	out.Told = printable(strings.Join(texts, "; "))
	return out
}
