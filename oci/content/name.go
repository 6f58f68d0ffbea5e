package content

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// The parts of an image's name, [host[:port]/]repository[:tag] (distribution's reference
// grammar; OCI distribution specification 1.1, "Pulling manifests"), which package name
// of go-containerregistry looks at less closely.
var (
	hostPattern       = pattern(`^(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9a-fA-F:]+\])$`)
	repositoryPattern = pattern(`^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$`)
	tagPattern        = pattern(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`)
)

// The most bytes of a tag, of a name with its host but without the tag, and the highest
// port.
const longestTag, longestName, highestPort = 128, 255, 1<<16 - 1

// pattern is a regular expression that is compiled when it is needed: all of them
// together would take longer than an image does.
func pattern(text string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })
}

// WrongName says what is wrong with the name of an image, without a digest; "" if
// nothing is.
func WrongName(s string) string {
	repository, tag := s, "latest"
	if i := strings.LastIndexByte(s, ':'); i > strings.LastIndexByte(s, '/') {
		repository, tag = s[:i], s[i+1:]
	}
	whole := repository
	host, rest, ok := strings.Cut(repository, "/")
	if ok = ok && (host == "localhost" || strings.ContainsAny(host, ".:")); ok {
		repository = rest
	}
	switch {
	case s == "":
		return "the name is empty; write one, such as hello or hello:1.0"
	case len(tag) > longestTag:
		return fmt.Sprintf("the tag, behind the colon, has %d characters; %d are the most", len(tag), longestTag)
	case len(whole) > longestName:
		return fmt.Sprintf("the name has %d characters; %d are the most", len(whole), longestName)
	case strings.ToLower(repository) != repository:
		return fmt.Sprintf("%q is not a valid image name: only the part after the colon may have capital letters", s)
	case !repositoryPattern().MatchString(repository) || !tagPattern().MatchString(tag):
		return fmt.Sprintf("%q is not a valid image name: write [host/]name[:tag], the name in lower-case letters, digits and single . _ - between them", s)
	case ok:
		return wrongHost(s, host)
	}
	return ""
}

// wrongHost says what is wrong with the host in a name.
func wrongHost(s, host string) string {
	port := ""
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		host, port = host[:i], host[i+1:]
		if n, err := strconv.ParseUint(port, 10, 64); err != nil || n < 1 || n > highestPort {
			return fmt.Sprintf("%q is not a valid image name: a port is a number from 1 to %d, and not '%s'", s, highestPort, port)
		}
	}
	if !hostPattern().MatchString(host) {
		return fmt.Sprintf("%q is not a valid image name: '%s' is no host: letters, digits and - between dots, or an address such as [::1]", s, host)
	}
	return ""
}
