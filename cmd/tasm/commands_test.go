package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"tasm/internal/dockertest"
)

// shown are the command lines of tasm in a page, without comments; && makes two of one.
func shown(page string) (lines []string) {
	for _, m := range regexp.MustCompile(`(?m)^    (tasm .*)$`).FindAllStringSubmatch(page, -1) {
		line, _, _ := strings.Cut(m[1], " #")
		lines = append(lines, strings.Split(line, " && ")...)
	}
	return lines
}

// TestShownCommands runs the command lines on images that README.md and docs/images.md
// show, as they are written there but for the registry, which is one on this machine.
func TestShownCommands(t *testing.T) {
	engine := dockertest.New(t)
	t.Setenv("DOCKER_HOST", engine.Host())
	_, shipping, _ := strings.Cut(readText(t, "../../README.md"), "\n## Shipping\n")
	shipping, _, ok := strings.Cut(shipping, "\n## ")
	lines := append(shown(shipping), shown(readText(t, "../../docs/images.md"))...)
	if !ok || len(lines) < 15 {
		t.Fatalf("%d command lines: %q", len(lines), lines)
	}
	samples, err := filepath.Abs(samplesDir)
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	for _, dir := range []string{"data", "etc"} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		writeText(t, dir+"/file", dir)
	}
	writeText(t, "ca.pem", "a certificate")
	if err := os.Symlink(samples, "samples"); err != nil {
		t.Fatal(err)
	}
	writeText(t, "hello.tasm", readText(t, "samples/hello.tasm"))
	compile(t, "program", "return 0;", "-static")
	compile(t, "server", "return 0;", "-static")
	host := strings.NewReplacer("registry.example/", engine.Registry()+"/", "localhost:5000/", engine.Registry()+"/")
	cache := t.TempDir()
	tasm := func(line string) {
		t.Helper()
		var stdout, stderr bytes.Buffer
		args := strings.Fields(host.Replace(line))[1:]
		if status := run(args, &system{stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr, getenv: func(string) string { return "" }, cacheDir: cache}); status != exitOK || stderr.Len() > 0 {
			t.Errorf("%s: status %d\n%s", line, status, &stderr)
		}
		if strings.HasPrefix(line, "tasm run") && !strings.Contains(stdout.String(), "Hi IDBS") {
			t.Errorf("%s printed %q", line, &stdout)
		}
	}
	for _, base := range []string{"debian", "team/base"} {
		tasm("tasm image program -o base.tar --path /bin/true")
		tasm("tasm push base.tar registry.example/" + base)
	}
	tasm("tasm build hello.tasm -o image.tar") // which some lines take
	for _, line := range lines {
		tasm(line)
	}
}
