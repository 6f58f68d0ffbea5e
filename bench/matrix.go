package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/validate"

	"tasm/internal/dockertest"
	"tasm/oci/content"
)

// matrixSource is the program of the images.
var matrixSource = "samples/hello.tasm"

// forms are what the tools get: the columns of the matrix.
var forms = []struct{ name, options string }{
	{"portable", ""},
	{"padded", "--image-size padded"},
	{"truncated", "--image-size truncated"},
	{"small", "--image-size small"},
	{"smallest", "--image-size smallest"},
	{"for amd64", "--platform linux/amd64"},
	{"index", "--platform linux/386,linux/amd64"},
}

// taker is a tool, and what it does with an image: a line for the shell, in which
// $A is the archive, $L the layout folder, $T the tar file of the layer and $I the
// name in the registry.
type taker struct {
	name, version, line string
	says                string // what the line must print
	// alone: it needs no other program that runs all the time, so that it can be part
	// of the tests; refuses are the columns that it does not take, by their names.
	alone   bool
	refuses string
}

const (
	greeting = "Hi IDBS Engineering! RE"
	podman   = "podman --root $PWD/p --runroot $PWD/pr --storage-driver vfs "
	buildah  = "buildah --root $PWD/b --runroot $PWD/br --storage-driver vfs "
	// A bundle whose container has no terminal.
	bundle = `umoci unpack --image $L:latest u; sed -i 's/"terminal": true/"terminal": false/' u/config.json; `
	// A daemon of its own, which ends with the line.
	containerd = `containerd --root $PWD/c --state $PWD/cs --address $PWD/c.sock >c.log 2>&1 & pid=$!; trap 'kill $pid; wait $pid || :' EXIT
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do ctr -a $PWD/c.sock version >/dev/null 2>&1 && break; sleep .5; done; `
	python = `python3 -c "import sys, tarfile; print(tarfile.open(sys.argv[1]).getmembers()[0].size)" $T`
)

var takers = []taker{
	{name: "tasm push, docker-registry", version: "docker-registry --version", line: "$TASM push $A $I", says: "@sha256:"},
	{name: "docker load, run", version: "dockerd --version", line: "docker load -q -i $A; docker run --rm --network none hello; docker rmi -f hello", says: greeting},
	{name: "docker pull, run as another user", version: "dockerd --version", line: "docker pull -q $I; docker run --rm --network none --user 1000 --cap-drop ALL $I; docker rmi -f $I", says: greeting},
	{name: "podman load, create", version: "podman --version", line: podman + "load -q -i $A; " + podman + "create --network none hello", says: ""},
	{name: "podman pull, create", version: "podman --version", line: podman + "pull -q --tls-verify=false $I; " + podman + "create --network none $I", says: ""},
	{name: "buildah from", version: "buildah --version", line: "c=$(" + buildah + "from --tls-verify=false $I); cat $(" + buildah + "mount $c)/*", says: greeting},
	{name: "skopeo copy, of the archive", version: "skopeo --version", line: "skopeo copy -q docker-archive:$A dir:s1; skopeo copy -q oci-archive:$A dir:s2; ls s2", says: "manifest.json", alone: true},
	{name: "skopeo copy, from the registry", version: "skopeo --version", line: "skopeo copy -q --src-tls-verify=false docker://$I dir:s3; ls s3", says: "manifest.json"},
	{name: "umoci unpack", version: "umoci --version", line: "umoci unpack --image $L:latest u; cat u/rootfs/*", says: greeting, alone: true, refuses: "index"},
	{name: "umoci unpack, runc run", version: "runc --version", line: bundle + "runc --root $PWD/r run -b u matrix", says: greeting},
	{name: "ctr import, run", version: "containerd --version", line: containerd + "ctr -a $PWD/c.sock image import --snapshotter native $A; ctr -a $PWD/c.sock run --rm --snapshotter native docker.io/library/hello:latest matrix", says: greeting},
	{name: "ctr pull", version: "containerd --version", line: containerd + "ctr -a $PWD/c.sock image pull --plain-http --snapshotter native $I:latest", says: "done"},
	{name: "GNU tar", version: "tar --version", line: "tar tvf $T", says: "7", alone: true, refuses: "truncated smallest"},
	{name: "bsdtar", version: "bsdtar --version", line: "bsdtar -tvf $T", says: "7", alone: true, refuses: "truncated smallest"},
	{name: "busybox tar", version: "busybox", line: "busybox tar tvf $T", says: "7", alone: true, refuses: "truncated small smallest"},
	{name: "tarfile of Python", version: "python3 --version", line: python, says: "7", alone: true, refuses: "truncated smallest"},
}

// matrix prints which tools take which images.
func matrix(dir, tasm string, engine *dockertest.Engine) error {
	fmt.Print("| tool | version |")
	for _, img := range forms {
		fmt.Printf(" %s |", img.name)
	}
	fmt.Print("\n|---|---|" + strings.Repeat("---|", len(forms)) + "\n")
	for _, t := range takers {
		fmt.Printf("| %s | %s |", t.name, versionOf(t.version))
		for i := range forms {
			fmt.Printf(" %s |", t.take(dir, tasm, i, "DOCKER_HOST="+engine.Host(), fmt.Sprintf("I=%s/matrix/hello%d", engine.Registry(), i)))
		}
		fmt.Println()
	}
	fmt.Printf("| validate of go-containerregistry | %s |", moduleVersion("github.com/google/go-containerregistry"))
	for i := range forms {
		fmt.Printf(" %s |", verdict("", "", validated(filepath.Join(dir, "matrix", fmt.Sprint(i), "layout"))))
	}
	fmt.Println()
	return nil
}

// prepare builds the image of a column, once.
func prepare(work, tasm, source string, i int) error {
	if _, err := os.Stat(work); err == nil {
		return nil
	}
	if err := os.MkdirAll(work, 0o755); err != nil {
		return err
	}
	for _, output := range []string{"image.tar", "layout/"} {
		args := append([]string{"build", source, "-o", work + "/" + output}, strings.Fields(forms[i].options)...)
		if said, err := exec.Command(tasm, args...).CombinedOutput(); err != nil {
			return fmt.Errorf("%w\n%s", err, said)
		}
	}
	file, err := content.OpenFile(filepath.Join(work, "layout"))
	if err != nil {
		return err
	}
	defer file.Close()
	children, err := content.Images(file.Entries[0].Artifact)
	if err != nil {
		return err
	}
	layers, err := children[0].Layers()
	if err != nil {
		return err
	}
	r, err := layers[0].Uncompressed()
	if err != nil {
		return err
	}
	defer r.Close()
	layer, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(work, "layer.tar"), layer, 0o644)
}

// take lets the tool do its work with the image of a column, in a folder of its own.
func (t *taker) take(dir, tasm string, i int, env ...string) string {
	work := filepath.Join(dir, "matrix", fmt.Sprint(i))
	if err := prepare(work, tasm, matrixSource, i); err != nil {
		return verdict("", "", err)
	}
	own, err := os.MkdirTemp(dir, "take")
	if err != nil {
		return verdict("", "", err)
	}
	cmd := exec.Command("timeout", "-k", "5", "120", "sh", "-euc", t.line)
	cmd.Dir = own
	cmd.Env = append(os.Environ(), "TASM="+tasm, "A="+work+"/image.tar", "L="+work+"/layout", "T="+work+"/layer.tar")
	cmd.Env = append(cmd.Env, env...)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	if err == nil && !strings.Contains(stdout.String(), t.says) {
		err = errors.New("it prints something else")
	}
	return verdict(stdout.String(), stderr.String(), err)
}

var warning = regexp.MustCompile(`(?i)warn|does not match`)

// verdict is what a cell of the matrix says.
func verdict(stdout, stderr string, err error) string {
	lines := strings.Split(strings.TrimSpace(stderr), "\n")
	last := strings.NewReplacer("|", "/", "\t", " ").Replace(lines[len(lines)-1])
	switch {
	case err != nil && last != "":
		return "no: " + last[max(0, len(last)-100):]
	case err != nil:
		return "no: " + err.Error()
	case warning.MatchString(stderr):
		return "with a warning"
	}
	return "yes"
}

// validated checks an image as "crane validate" does.
func validated(layout string) error {
	file, err := content.OpenFile(layout)
	if err != nil {
		return err
	}
	defer file.Close()
	children, err := content.Images(file.Entries[0].Artifact)
	if err != nil {
		return err
	}
	for _, c := range children {
		err = errors.Join(err, validate.Image(c.Image))
	}
	return err
}

var number = regexp.MustCompile(`[0-9]+\.[0-9]+(?:\.[0-9]+)?`)

// versionOf returns the first version number that a command prints.
func versionOf(line string) string {
	words := strings.Fields(line)
	said, _ := exec.Command(words[0], words[1:]...).CombinedOutput()
	return number.FindString(string(said))
}

func moduleVersion(module string) string {
	said, err := exec.Command("go", "list", "-m", "-f", "{{.Version}}", module).Output()
	if err != nil {
		return err.Error()
	}
	return strings.TrimPrefix(strings.TrimSpace(string(said)), "v")
}
