package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/fstest"
)

// TestServe asks the server of tasm play under its own name and under another.
func TestServe(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() {
		ended <- serve(ctx, listener, http.FileServerFS(fstest.MapFS{"index.html": {Data: []byte("the page")}, "offline.js": {}}))
	}()
	get := func(path, host string) (int, string) {
		t.Helper()
		r, err := http.NewRequest("GET", "http://"+listener.Addr().String()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if host != "" {
			r.Host = host
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, _ := io.ReadAll(answer.Body)
		return answer.StatusCode, string(body)
	}
	if status, body := get("/", ""); status != 200 || body != "the page" {
		t.Errorf("%d %q", status, body)
	}
	if status, _ := get("/", "evil.example:80"); status != http.StatusForbidden {
		t.Errorf("another host gets %d", status)
	}
	if status, _ := get("/offline.js", ""); status != http.StatusNotFound {
		t.Errorf("the worker for times without a network gets %d", status)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
