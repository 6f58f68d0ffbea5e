package vm

import (
	"fmt"
	"strconv"
	"strings"
)

// ParseForce reads an answer of the kernel as users write it: CALL=ERROR for every
// call, CALL@N=ERROR for the Nth, and short:BYTES instead of an error for a transfer of
// no more than that. "write@2=EINTR", "read=short:3".
func ParseForce(text string) (Force, error) {
	call, answer, ok := strings.Cut(text, "=")
	if !ok || answer == "" {
		return Force{}, fmt.Errorf("'%s' has no answer behind =", text)
	}
	name, nth, counted := strings.Cut(call, "@")
	f := Force{Call: name}
	if counted {
		n, err := strconv.Atoi(nth)
		if err != nil || n < 1 {
			return Force{}, fmt.Errorf("'%s' is no number of a call: they count from 1", nth)
		}
		f.Nth = n
	}
	if bytes, short := strings.CutPrefix(answer, "short:"); short {
		n, err := strconv.ParseInt(bytes, 10, 32)
		if err != nil || n < 0 {
			return Force{}, fmt.Errorf("'%s' is no count of bytes", bytes)
		}
		f.Short = n
	} else {
		f.Error = answer
	}
	return f, CheckForce(f)
}
