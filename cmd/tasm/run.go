package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/pflag"

	"tasm/diag"
)

// Exit statuses.
const (
	exitOK    = 0
	exitError = 1 // in the source, or in what surrounds the program
	exitUsage = 2 // the command line is wrong
)

// system is what a run sees of the world besides the file system. Standard
// output carries only the product; words for people go to standard error.
type system struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	cacheDir       string // where layouts are kept between builds, "" for nowhere
}

// usageError is a mistake in the command line.
type usageError struct{ text string }

func (e usageError) Error() string { return e.text }

func usagef(format string, args ...any) error { return usageError{fmt.Sprintf(format, args...)} }

// errReported ends a run whose mistakes have been told already.
var errReported = errors.New("reported")

// run does what args ask for and returns the exit status.
func run(args []string, sys *system) int {
	name, err := dispatch(args, sys)
	return finish(name, err, sys)
}

// finish tells of the error with which a command has ended, and returns the exit status.
func finish(name string, err error, sys *system) int {
	var status exitStatus
	switch usage := (usageError{}); {
	case err == nil:
		return exitOK
	case errors.As(err, &status):
		return int(status)
	case errors.Is(err, errReported):
		return exitError
	case errors.As(err, &usage):
		fmt.Fprintf(sys.stderr, "tasm: %v\n", err)
		fmt.Fprintf(sys.stderr, "Run '%s' to see how it is used.\n", strings.TrimSpace("tasm help "+name))
		return exitUsage
	default:
		fmt.Fprintf(sys.stderr, "tasm: %v\n", err)
		return exitError
	}
}

// dispatch finds the verb and runs it. It returns the verb's name for hints.
func dispatch(args []string, sys *system) (name string, err error) {
	if len(args) == 0 {
		return "", usagef("say what to do, for example: tasm build hello.tasm")
	}
	switch args[0] {
	case "-h", "--help":
		args = append([]string{"help"}, args[1:]...)
	case "--version":
		args = append([]string{"version"}, args[1:]...)
	}
	c := findCommand(args[0])
	if c == nil {
		return "", unknownCommand(args[0])
	}
	if c.raw {
		return c.name, c.run(sys, args[1:])
	}
	flags := c.flags()
	flags.SetInterspersed(!c.passesArgs)
	flags.BoolP("help", "h", false, "show this help")
	switch err := flags.Parse(args[1:]); {
	case errors.Is(err, pflag.ErrHelp):
		return c.name, c.writeHelp(sys.stdout)
	case err != nil:
		return c.name, explain(err, c.options())
	}
	if asked, _ := flags.GetBool("help"); asked {
		return c.name, c.writeHelp(sys.stdout)
	}
	if again, _ := flags.GetBool(watchFlag); again {
		return c.name, watch(c.name, args[1:], sys)
	}
	return c.name, c.run(sys, flags.Args())
}

// explain makes a message of pflag's complaint about the command line.
func explain(err error, options []option) error {
	var unknown *pflag.NotExistError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown):
		given, names := unknown.GetSpecifiedName(), []string{}
		for _, o := range options {
			names = append(names, o.long)
		}
		if unknown.GetSpecifiedShortnames() != "" {
			return usagef("there is no option -%s", given)
		}
		if near := diag.Nearest(given, names); near != "" {
			return usagef("there is no option --%s; did you mean --%s?", given, near)
		}
		return usagef("there is no option --%s", given)
	case errors.As(err, &invalid):
		return usagef("--%s %s: %v", invalid.GetFlag().Name, invalid.GetValue(), invalid.Unwrap())
	}
	return usageError{err.Error()}
}
