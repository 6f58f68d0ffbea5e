package main

import (
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"time"
)

// units are the units of sizes, each 1024 times the one before.
var units = []string{"B", "KiB", "MiB", "GiB", "TiB"}

// unitNamed returns the index in units of a unit, which may be shortened to
// its first letter; "" are bytes.
func unitNamed(s string) int {
	return slices.IndexFunc(units, func(u string) bool {
		return strings.EqualFold(s, u) || strings.EqualFold(s, u[:1]) || s == ""
	})
}

// byteSize is the value of an option that takes a number of bytes: 70, 512M,
// 5GiB.
type byteSize struct{ value *uint64 }

func (byteSize) Type() string { return "SIZE" }

func (b byteSize) String() string {
	if *b.value == 0 {
		return ""
	}
	return formatSize(*b.value)
}

func (b byteSize) Set(s string) error {
	digits := strings.TrimRight(s, "BbIiKkMmGgTt")
	n, err := strconv.ParseUint(digits, 10, 64)
	if err != nil {
		return usagef("give a number of bytes, such as 70, 512M or 5GiB")
	}
	unit := unitNamed(s[len(digits):])
	switch {
	case unit < 0:
		return usagef("'%s' is no unit; use K, M, G or T, which are powers of 1024", s[len(digits):])
	case n == 0:
		return usagef("give at least 1 byte")
	case bits.Len64(n)+10*unit > 63:
		return usagef("it is too large")
	}
	*b.value = n << (10 * unit)
	return nil
}

// formatSize writes n bytes in the largest unit in which they are a whole
// number.
func formatSize(n uint64) string {
	i := 0
	for n != 0 && n%1024 == 0 && i+1 < len(units) {
		n, i = n/1024, i+1
	}
	if i == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%d%s", n, units[i])
}

// about writes n bytes for people: rounded, in the largest unit below n.
func about(n uint64) string {
	i, v := 0, float64(n)
	for v >= 1024 && i+1 < len(units) {
		v, i = v/1024, i+1
	}
	if i == 0 || v == float64(int(v)) {
		return fmt.Sprintf("%.0f %s", v, units[i])
	}
	return fmt.Sprintf("%.1f %s", v, units[i])
}

// duration is the value of an option that takes a span of time; 0 is none.
type duration struct{ value *time.Duration }

func (duration) Type() string { return "DURATION" }

func (d duration) String() string {
	if *d.value == 0 {
		return ""
	}
	return d.value.String()
}

func (d duration) Set(s string) error {
	v, err := time.ParseDuration(s)
	if err != nil || v <= 0 {
		return usagef("give a time, such as 500ms, 10s or 2m")
	}
	*d.value = v
	return nil
}
