package diag

import (
	"fmt"
	"strings"
)

// Limit returns the first max errors and the first max warnings, and one
// message more that counts what was left out. A max of 0 is no limit.
func Limit(messages []*Message, max int) []*Message {
	if max == 0 {
		return messages
	}
	var kept []*Message
	var count [2]int // by severity
	for _, m := range messages {
		if count[m.Severity]++; count[m.Severity] <= max {
			kept = append(kept, m)
		}
	}
	var left []string
	for severity, n := range count {
		if n -= max; n > 0 {
			left = append(left, fmt.Sprintf("%d more %s", n, plural(n, Severity(severity).String())))
		}
	}
	if len(left) > 0 {
		more := &Message{Severity: Warning, Text: "... and " + strings.Join(left, " and ")}
		if count[Error] > max {
			more.Severity = Error
		}
		kept = append(kept, more)
	}
	return kept
}

func plural(n int, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}
