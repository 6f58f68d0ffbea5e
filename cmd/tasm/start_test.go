package main

import (
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"testing"
)

// TestStart holds that no package makes its tables before they are asked for: each
// start of tasm would pay for them (GODEBUG=inittrace, package runtime).
func TestStart(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(self, "-test.run=^$")
	command.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	said, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	found := regexp.MustCompile(`(?m)^init (tasm/\S+) .* (\d+) bytes, \d+ allocs$`).FindAllSubmatch(said, -1)
	if len(found) < 5 {
		t.Fatalf("%d packages in\n%s", len(found), said)
	}
	for _, f := range found {
		if bytes, _ := strconv.Atoi(string(f[2])); bytes > 1<<18 {
			t.Errorf("package %s allocates %d bytes before main", f[1], bytes)
		}
	}
}
