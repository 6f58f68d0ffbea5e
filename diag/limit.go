package diag

import (
	"fmt"
	"strings"
)

// Limit returns the first max errors and the first max warnings, and one
// message more that counts what was left out; one that says Stop stays behind it. A max of
// 0 is no limit.
func Limit(messages []*Message, max int) []*Message {
	if max == 0 {
		return messages
	}
	var kept, stop []*Message
	var count [2]int // by severity
	for _, m := range messages {
		if m.Stop {
			stop = append(stop, m)
			continue
		}
		if count[m.Severity]++; count[m.Severity] <= max {
			kept = append(kept, m)
		}
	}
	for severity := range count {
		count[severity] = count[severity] - min(count[severity], max)
	}
	if more := leftOut(count); more != nil {
		kept = append(kept, more)
	}
	return append(kept, stop...)
}

// leftOut returns a message that counts those that were left out, by severity, or nil.
func leftOut(count [2]int) *Message {
	var left []string
	for severity, n := range count {
		if n > 0 {
			left = append(left, fmt.Sprintf("%d more %s", n, plural(n, Severity(severity).String())))
		}
	}
	if len(left) == 0 {
		return nil
	}
	more := &Message{Severity: Warning, Text: "... and " + strings.Join(left, " and ")}
	if count[Error] > 0 {
		more.Severity = Error
	}
	return more
}

func plural(n int, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}
