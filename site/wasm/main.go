//go:build js

// Command wasm is the engine of the playground in a worker of a page. The page's
// messages come to the function tasmHandle, and go to the function tasmPost. "stop"
// ends a search early.
package main

import (
	"syscall/js"
	"time"

	"tasm/site/engine"
)

func main() {
	post := func(message []byte) { js.Global().Call("tasmPost", string(message)) }
	messages := make(chan string, 1000)
	e := engine.New(post)
	e.Yield = func() { time.Sleep(time.Millisecond) } // the event loop runs while all sleep
	js.Global().Set("tasmHandle", js.FuncOf(func(_ js.Value, args []js.Value) any {
		if m := args[0].String(); m == "stop" {
			e.Interrupt()
		} else {
			messages <- m
		}
		return nil
	}))
	post([]byte(`{"event":"ready"}`))
	for m := range messages {
		post(e.Handle([]byte(m)))
	}
}
