package oci

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What a config and manifest say of an image besides its command: the checks, and
// the JSON that is written. Members of maps are sorted, so that the order in a
// source makes no other digest.

// portPattern is a port, or several, as a Dockerfile's EXPOSE has them.
var portPattern = pattern(`^([0-9]+)(?:-([0-9]+))?(?:/(tcp|udp|sctp))?$`)

// ports checks Ports and writes them as a config has them, one by one: 80/tcp.
func (c *checker) ports(ports []string) []string {
	var out []string
	for i, p := range ports {
		m := portPattern().FindStringSubmatch(p)
		if m == nil {
			c.failf("Ports", i, "%q is no port: write a number from 1 to 65535, and udp or sctp behind a slash, as in 53/udp", p)
			continue
		}
		first, errFirst := strconv.ParseUint(m[1], 10, 16)
		last, errLast := first, error(nil)
		if m[2] != "" {
			last, errLast = strconv.ParseUint(m[2], 10, 16)
		}
		if errFirst != nil || errLast != nil || first == 0 || last < first {
			c.failf("Ports", i, "%q is no port: ports go from 1 to 65535", p)
			continue
		}
		protocol := m[3]
		if protocol == "" {
			protocol = "tcp"
		}
		for n := first; n <= last; n++ {
			out = append(out, fmt.Sprintf("%d/%s", n, protocol))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (c *checker) volumes(volumes []string) []string {
	for i, v := range volumes {
		switch {
		case !c.text("Volumes", i, v):
		case !path.IsAbs(v):
			c.failf("Volumes", i, "%q is not absolute; write %q", v, path.Join("/", v))
		case path.Clean(v) == "/":
			c.failf("Volumes", i, "%q is the root folder, which can't be a volume", v)
		}
	}
	out := slices.Sorted(slices.Values(volumes))
	return slices.Compact(out)
}

// Signals have numbers from 1 to 64; those from 34 on are named after the ends of
// their range.
var signalPattern = pattern(`^SIG(?:HUP|INT|QUIT|ILL|TRAP|ABRT|IOT|BUS|FPE|KILL|USR1|SEGV|USR2|PIPE|ALRM|TERM|STKFLT|CHLD|CLD|CONT|STOP|TSTP|TTIN|TTOU|URG|XCPU|XFSZ|VTALRM|PROF|WINCH|IO|POLL|PWR|SYS|RTMIN(?:\+(?:[1-9]|1[0-5]))?|RTMAX(?:-(?:[1-9]|1[0-4]))?)$`)

func (c *checker) stopSignal(s string) {
	if s == "" || signalPattern().MatchString(s) {
		return
	}
	if n, err := strconv.Atoi(s); err == nil && 1 <= n && n <= 64 {
		return
	}
	hint := "write a name such as SIGINT, or a number from 1 to 64"
	if upper := "SIG" + strings.TrimPrefix(strings.ToUpper(s), "SIG"); signalPattern().MatchString(upper) {
		hint = fmt.Sprintf("write %q", upper)
	}
	c.failf("StopSignal", -1, "%q is no signal: %s", s, hint)
}

// healthcheck checks that the command is there: nothing else could run it.
func (c *checker) healthcheck(r *resolved) {
	h := r.Healthcheck
	if h == nil || len(h.Test) < 2 {
		if h != nil && !slices.Equal(h.Test, []string{"NONE"}) {
			c.failf("Healthcheck", -1, "the health check has no command")
		}
		return
	}
	for _, word := range h.Test {
		if !c.text("Healthcheck", -1, word) {
			return
		}
	}
	if !c.found(r, h.Test[1]) {
		c.missing(r, "Healthcheck", -1, h.Test[1:])
	}
}

// missing tells of a command that is not in the image, and of what its author may
// have meant.
func (c *checker) missing(r *resolved, field string, index int, argv []string) {
	why := fmt.Sprintf("%q is not found in the image, which holds only %s", argv[0], r.Path)
	switch {
	case c.holds != nil:
		why = fmt.Sprintf("%q is not found in the image, neither in its base nor as %s", argv[0], r.Path)
	case len(r.Files) > 0:
		why = fmt.Sprintf("%q is not found in the image", argv[0])
	}
	if words := strings.Fields(argv[0]); len(argv) == 1 && len(words) > 1 {
		why += "; a line of words needs a shell to divide it (Docker's shell form), and an image of one program has none: write each word alone, " + quoted(words)
	}
	c.failf(field, index, "%s", why)
}

func quoted(words []string) string {
	var out []string
	for _, w := range words {
		out = append(out, strconv.Quote(w))
	}
	return strings.Join(out, ", ")
}

// emptySet writes a Go map[string]struct{}, as configs have ports and volumes.
func emptySet(names []string) value {
	if len(names) == 0 {
		return ""
	}
	var members []member
	for _, n := range names {
		members = append(members, member{n, "{}"})
	}
	return object(members...)
}

// json writes the health check as Docker's config has it, times in nanoseconds.
func (h *Healthcheck) json() value {
	if h == nil {
		return ""
	}
	duration := func(d time.Duration) value {
		if d == 0 {
			return ""
		}
		return value(strconv.FormatInt(int64(d), 10))
	}
	retries := value("")
	if h.Retries > 0 {
		retries = number(h.Retries)
	}
	return object(
		member{"Test", texts(h.Test)},
		member{"Interval", duration(h.Interval)},
		member{"Timeout", duration(h.Timeout)},
		member{"StartPeriod", duration(h.StartPeriod)},
		member{"StartInterval", duration(h.StartInterval)},
		member{"Retries", retries},
	)
}

// historyJSON writes the entry of a layer.
func (s *resolved) historyJSON() value {
	if s.History == "" {
		return ""
	}
	var created value
	if s.dated {
		created = text(s.Created.Format(time.RFC3339))
	}
	return object(member{"created", created}, member{"created_by", text(s.History)})
}
