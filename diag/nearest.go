package diag

import "strings"

// maxNear is the longest name that Nearest looks at, in bytes.
const maxNear = 64

// Nearest returns the candidate that name is most likely a slip of: the first
// of those that the fewest single-character changes (insertion, deletion,
// replacement, swap of neighbours) turn it into. It returns "" where none is
// near enough: about one change in three characters. Case does not count.
func Nearest(name string, candidates []string) string {
	if len(name) > maxNear {
		return ""
	}
	lower := strings.ToLower(name)
	best, limit := "", max(1, (len(name)+1)/3)+1
	for _, c := range candidates {
		if c == name || len(c)-len(name) >= limit || len(name)-len(c) >= limit {
			continue
		}
		if d := distance(lower, strings.ToLower(c), limit); d < limit && d < max(len(name), len(c)) {
			best, limit = c, d
		}
	}
	return best
}

// distance returns the number of changes from a to b (optimal string
// alignment), or limit if it is at least that. Lengths differ by less than limit.
func distance(a, b string, limit int) int {
	var rows [3][maxNear*2 + 1]int
	for j := range len(b) + 1 {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		row, above, above2 := &rows[i%3], &rows[(i+2)%3], &rows[(i+1)%3]
		row[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d := min(above[j]+1, row[j-1]+1, above[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, above2[j-2]+1)
			}
			row[j] = d
			least = min(least, d)
		}
		if least >= limit {
			return limit
		}
	}
	return rows[len(a)%3][len(b)]
}
