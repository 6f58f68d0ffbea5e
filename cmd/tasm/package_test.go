package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tasm/internal/dockertest"
)

// compile makes a program of a line of C with gcc.
func compile(t *testing.T, path, body string, options ...string) {
	t.Helper()
	source := filepath.Join(t.TempDir(), "a.c")
	writeText(t, source, "#include <stdio.h>\nint main(int argc, char **argv) { "+body+" }\n")
	if out, err := exec.Command("gcc", append(options, "-o", path, source)...).CombinedOutput(); err != nil {
		t.Fatalf("gcc: %v\n%s", err, out)
	}
}

// TestPackage makes images of programs that exist, and runs them: alone, on a
// base from an archive and on one from a registry.
func TestPackage(t *testing.T) {
	engine := dockertest.New(t)
	t.Setenv("DOCKER_HOST", engine.Host())
	dir := t.TempDir()
	static, script, base := filepath.Join(dir, "static"), filepath.Join(dir, "hello.sh"), filepath.Join(dir, "base.tar")
	compile(t, static, `printf("%s %s", argv[0], argv[1]); return 3;`, "-static")
	writeText(t, script, "#!/bin/sh\n")
	run := func(file, stdout string, status int) {
		t.Helper()
		if r := runTasm("", "run", "--in", "docker", file); r.status != status || r.stdout != stdout {
			t.Errorf("tasm run %s: %+v, want %q and %d", file, r, stdout, status)
		}
	}
	alone := filepath.Join(dir, "alone.tar")
	mustRun(t, "image", static, "-o", alone, "--path", "/opt/p", "--", "--arg")
	run(alone, "/opt/p --arg", 3)

	mustRun(t, "image", static, "-o", base, "--path", "/bin/sh", "--tag", "base:1", "--env", "A=1", "--label", "l=2", "--user", "1000", "--workdir", "/")
	onArchive := filepath.Join(dir, "script.tar")
	mustRun(t, "image", script, "-o", onArchive, "--from", base)
	run(onArchive, "/bin/sh /hello", 3)

	// From a registry: the base's layers are mounted and not sent.
	pushed := strings.TrimSpace(mustRun(t, "push", base, engine.Registry()+"/team/base"))
	ref := strings.TrimSpace(mustRun(t, "push", "--from", pushed, samplesDir+"/exit42.tasm", engine.Registry()+"/other/exit42"))
	if _, err := engine.Pull(ref); err != nil {
		t.Fatal(err)
	}
	if r, err := engine.Run(ref); err != nil || r.ExitStatus != 42 {
		t.Errorf("docker run: %+v (%v)", r, err)
	}
	if got, err := engine.Docker("image", "inspect", "--format", "{{.Config.Env}} {{.Config.Labels}} {{.Config.User}} {{.Config.Entrypoint}} {{.Architecture}}", ref); err != nil || got != "[A=1] map[l:2] 1000 [/exit42] amd64" {
		t.Errorf("the image has %s (%v)", got, err)
	}
	built := filepath.Join(dir, "built.tar")
	mustRun(t, "build", "--from", pushed, samplesDir+"/exit42.tasm", "-o", built)
	run(built, "", 42)
	layout := filepath.Join(dir, "layout") + "/"
	mustRun(t, "image", static, "--from", built, "-o", layout, "--path", "/again")
	run(layout, "/again (null)", 3)
}

// TestPackageMistakes makes images that could not start: nothing is written.
func TestPackageMistakes(t *testing.T) {
	dir := t.TempDir()
	dynamic, text, script, bad := filepath.Join(dir, "dynamic"), filepath.Join(dir, "text"), filepath.Join(dir, "script"), filepath.Join(dir, "bad.tar")
	compile(t, dynamic, "return 0;")
	writeText(t, text, "echo\n")
	writeText(t, script, "#!/bin/sh\n")
	writeText(t, bad, "no archive")
	output := filepath.Join(dir, "image.tar")
	for _, c := range []struct{ args, says string }{
		{dynamic, "needs the dynamic linker /lib64/ld-linux-x86-64.so.2, which is not in the image"},
		{script, "is a script for /bin/sh, which is not in the image"},
		{text, "does not say which program reads it"},
		{dynamic + " --from " + bad, "base image: can't read an image from '" + bad},
		{dynamic + " --tag UPPER", "is not a valid image name"},
		{dynamic + " --env X", "write NAME=VALUE"},
		{dir + "/none", "no such file"},
	} {
		r := runTasm("", append([]string{"image", "-o", output}, strings.Fields(c.args)...)...)
		if r.status == exitOK || !strings.Contains(r.stderr, c.says) {
			t.Errorf("tasm image %s: %+v", c.args, r)
		}
		if _, err := os.Stat(output); err == nil {
			t.Fatalf("tasm image %s: an image was written", c.args)
		}
	}
}
