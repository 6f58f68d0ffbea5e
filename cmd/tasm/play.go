package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"tasm/site"
)

// player is the verb that serves the playground.
type player struct{ port uint16 }

func playCommand() *command {
	p := &player{}
	c := &command{
		summary: "serve the playground, a page in the browser",
		about: []string{
			"Serves a page on this machine only: an editor, the map of the file with all owners of each byte, the search for the smallest file, steps in both directions, and the lessons. The page computes all of it by itself; what is written there leaves the browser only by the links that it shares.",
			"The page is part of a tasm that was built with 'make tasm'. 'make site' makes it as files for any web server.",
		},
		examples: []example{{"tasm play", "print the address of the page and serve it until it is interrupted"}},
		run:      p.run,
	}
	c.group("Options").Uint16Var(&p.port, "port", 0, "listen on port `N`; 0 is any that is free")
	return c
}

func (p *player) run(sys *system, args []string) error {
	if len(args) > 0 {
		return usagef("play takes no arguments")
	}
	if site.Files == nil {
		return errors.New("the playground is not in this tasm; build one that has it with: make tasm")
	}
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", p.port))
	if err != nil {
		return fmt.Errorf("can't serve: %s", err)
	}
	fmt.Fprintf(sys.stdout, "http://%s/\n", listener.Addr())
	return serve(transfers, listener, http.FileServerFS(site.Files))
}

// serve answers until ctx ends.
func serve(ctx context.Context, listener net.Listener, files http.Handler) error {
	server := &http.Server{Handler: local(files), ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// local refuses requests under another name than this machine's, with which a page
// from elsewhere would come (DNS rebinding).
func local(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if host, _, err := net.SplitHostPort(r.Host); err != nil || host != "127.0.0.1" && host != "localhost" {
			http.Error(w, "this server is for 127.0.0.1 only", http.StatusForbidden)
			return
		}
		if r.URL.Path == "/offline.js" {
			http.NotFound(w, r) // the page is on this machine, and each time under another port
			return
		}
		w.Header().Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}
