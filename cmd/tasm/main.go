// Command tasm assembles nasm-like sources into small executables, flat
// binaries and container images.
//
// This package is the command line and nothing else: one file for each verb,
// and what they share to read sources, write outputs and speak to people.
package main

import (
	"io"
	"log"
	"os"
	"os/signal"
	"runtime/debug"
	"runtime/metrics"
	"syscall"
	"time"
)

func main() {
	tuneCollector()
	log.SetOutput(io.Discard) // package http notes there what an error tells anyway
	go dieOn(os.Interrupt, syscall.SIGTERM)
	os.Exit(run(os.Args[1:], &system{
		stdin:  os.Stdin,
		stdout: os.Stdout,
		stderr: os.Stderr,
		getenv: os.Getenv,

		cacheDir: cacheDir(),
	}))
}

// How far memory is spent before garbage is collected.
const (
	garbage   = 400       // percent of what is alive, and of 4 MiB at least, that may be garbage
	leastHeap = 256 << 20 // bytes in all from which on no more than half may be
)

// tuneCollector trades memory for time. Most of what a small source makes lives to the
// end, so that nothing is collected before there are 16 MiB; then it is seldom, up to an
// amount of memory that every machine has. (Collecting from 4 MiB on costs a large source a
// fifth more time, not collecting at all gains nothing: new pages cost as much.)
// Who sets GOGC or GOMEMLIMIT decides instead.
func tuneCollector() {
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetGCPercent(garbage)
		debug.SetMemoryLimit(leastHeap)
		go raiseLimit()
	}
}

// raiseLimit keeps the collector's limit at twice of what is alive.
func raiseLimit() {
	alive := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	for range time.Tick(50 * time.Millisecond) {
		metrics.Read(alive)
		debug.SetMemoryLimit(int64(max(leastHeap, 2*alive[0].Value.Uint64())))
	}
}

// dieOn ends the process by the first of signals that arrives, as it would
// have ended without our attention, but not between the creation of a
// temporary file and its end, and together with the programs that it has
// started. The first interrupt during a search ends only the search, whose best
// file is then written.
func dieOn(signals ...os.Signal) {
	received := make(chan os.Signal, 1)
	signal.Notify(received, signals...)
	s := <-received
	for s == os.Interrupt && (running.interrupt() || engineRuns.Load()) {
		s = <-received
	}
	trials.end()
	endTransfers()
	replacing.Lock()
	signal.Reset(s)
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		self.Signal(s)
	}
}

// catchPipe lets a write to a closed pipe fail, where otherwise it would end the process.
// Programs that are started get the signal as ever, which they would not if it was ignored.
func catchPipe() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }
