package lsp

import (
	"fmt"
	"path"
	"slices"
)

// watch asks the client to watch the files that documents include, when these have
// become others. A file that is missing is watched too. (Specification of the
// protocol, "DidChangeWatchedFiles Notification".)
func (s *Server) watch() {
	var names []string
	for _, d := range s.documents {
		for file := range d.asked {
			names = append(names, path.Base(file))
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if !s.watches || slices.Equal(names, s.watched) {
		return
	}
	type registration struct {
		ID      string `json:"id"`
		Method  string `json:"method"`
		Options any    `json:"registerOptions,omitempty"`
	}
	const method = "workspace/didChangeWatchedFiles"
	id := func(n int) string { return fmt.Sprintf("included-%d", n) }
	before := len(s.watched)
	s.watched = names
	// Requests may overtake each other: each registration has a name of its own.
	if before > 0 {
		s.client.Request("client/unregisterCapability", map[string]any{
			"unregisterations": []registration{{ID: id(s.watchers), Method: method}}, // spelled so in the specification
		})
	}
	if len(names) == 0 {
		return
	}
	s.watchers++
	type watcher struct {
		Pattern string `json:"globPattern"`
	}
	var watchers []watcher
	for _, name := range names {
		watchers = append(watchers, watcher{"**/" + name})
	}
	s.client.Request("client/registerCapability", map[string]any{
		"registrations": []registration{{id(s.watchers), method, map[string]any{"watchers": watchers}}},
	})
}

type filesChangedParams struct {
	Changes []struct {
		URI string `json:"uri"`
	} `json:"changes"`
}

// filesChanged analyses the documents anew that include a file of the name of one
// that has changed.
func (s *Server) filesChanged(p *filesChangedParams) any {
	changed := map[string]bool{}
	for _, c := range p.Changes {
		changed[path.Base(pathOf(c.URI))] = true
	}
	for _, d := range s.documents {
		for file := range d.asked {
			if changed[path.Base(file)] {
				s.analyse(d)
				break
			}
		}
	}
	s.watch()
	return nil
}
