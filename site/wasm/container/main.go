//go:build js

// Command container is package site/container in a worker of a page, spoken to as the
// engine is.
package main

import (
	"syscall/js"

	"tasm/site/container"
)

func main() {
	post := func(message string) { js.Global().Call("tasmPost", message) }
	js.Global().Set("tasmHandle", js.FuncOf(func(_ js.Value, args []js.Value) any {
		post(string(container.Handle([]byte(args[0].String()))))
		return nil
	}))
	post(`{"event":"ready"}`)
	select {}
}
