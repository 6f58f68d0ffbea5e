// Package stream serves a language server over a stream, as editors start it:
// JSON-RPC 2.0 with the headers of the Language Server Protocol.
package stream

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"sync"

	"github.com/sourcegraph/jsonrpc2"

	"tasm/lsp"
)

// Stream is both directions of the connection to an editor.
type Stream struct {
	io.Reader
	io.Writer
}

// Close implements io.Closer; who opened the streams closes them.
func (Stream) Close() error { return nil }

// ErrNoShutdown says that the editor went away without saying so.
var ErrNoShutdown = errors.New("the editor ended the connection without asking the server to shut down")

// Serve answers until the editor says exit or closes the stream. setUp completes
// the server before the first message.
func Serve(ctx context.Context, in io.Reader, out io.Writer, setUp func(*lsp.Server)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c := &client{ctx: ctx, ready: make(chan struct{})}
	server := lsp.NewServer(c)
	setUp(server)
	exit := sync.OnceFunc(cancel)
	c.conn = jsonrpc2.NewConn(ctx, jsonrpc2.NewBufferedStream(Stream{in, out}, jsonrpc2.VSCodeObjectCodec{}),
		jsonrpc2.HandlerWithError(func(_ context.Context, _ *jsonrpc2.Conn, r *jsonrpc2.Request) (any, error) {
			<-c.ready
			if r.Method == "exit" {
				exit()
				return nil, nil
			}
			var params json.RawMessage
			if r.Params != nil {
				params = *r.Params
			}
			result, err := server.Handle(r.Method, params)
			if err != nil {
				return nil, rpcError(err)
			}
			return result, nil
		}))
	close(c.ready)
	select {
	case <-c.conn.DisconnectNotify():
	case <-ctx.Done():
	}
	if !server.Ended() {
		return ErrNoShutdown
	}
	return nil
}

// rpcError gives an error its number.
func rpcError(err error) error {
	code := int64(jsonrpc2.CodeInternalError)
	switch {
	case errors.Is(err, lsp.ErrMethod):
		code = jsonrpc2.CodeMethodNotFound
	case errors.Is(err, lsp.ErrParams):
		code = jsonrpc2.CodeInvalidParams
	}
	return &jsonrpc2.Error{Code: code, Message: err.Error()}
}

// client is the editor behind a connection.
type client struct {
	ctx   context.Context
	ready chan struct{} // closed when conn is set
	conn  *jsonrpc2.Conn
}

func (c *client) Notify(method string, params any) { c.conn.Notify(c.ctx, method, params) }

func (c *client) Request(method string, params any) {
	go c.conn.Call(c.ctx, method, params, nil)
}
