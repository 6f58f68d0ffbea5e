package vm

import (
	"maps"
	"path"
	"time"
)

// Calls returns how often each system call was made, by name, the one at which the run
// ended included.
func (v *VM) Calls() map[string]int {
	calls := maps.Clone(v.kernel.calls)
	if v.stop != nil && v.stop.Call != nil && v.stop.Call.Syscall != nil {
		calls[v.stop.Call.Syscall.Name]++
	}
	return calls
}

// File returns what a file holds now; the program's folder at its start is the root.
func (v *VM) File(name string) (data []byte, ok bool) {
	if f := v.kernel.files[path.Join("/", name)]; f != nil {
		return *f, true
	}
	return nil, false
}

// Elapsed returns the virtual time since the start.
func (v *VM) Elapsed() time.Duration { return time.Duration(v.kernel.now) }

// Deliver sends a signal to a program whose run has ended with Waiting. The run has
// another end then, unless the program ignores the signal.
func (v *VM) Deliver(signal int) {
	if v.stop == nil || v.stop.Kind != Waiting {
		return
	}
	c := &call{VM: v, kernel: v.kernel.clone()}
	c.signal(signal)
	if c.stop != nil {
		c.stop.Call = v.stop.Call
		v.end(c.stop)
	}
}
