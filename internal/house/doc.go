// Package house holds tests for the rules that all packages keep: which may
// import which, that each says its job, that tables and code agree.
package house
