//go:build !linux

package main

import "os/exec"

// Programs are tried on Linux only (see try).

func ownGroup(*exec.Cmd) {}

func killGroup(int) error { return nil }

func awaitEnd(int) {}
