// Package debugger is a session with a running program: it goes forwards and
// backwards, stops at breakpoints and watchpoints, and tells the state of the program
// as plain data for whoever shows it. It knows neither files nor terminals, so that a
// browser can use it too.
//
// A Session stands on a Machine, which carries the instructions out and takes them
// back. What else belongs to the state, the calls of subroutines and of the system, is
// noted with the step in which it came about and taken back with it.
package debugger
