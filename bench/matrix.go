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

// forms are what the tools get: the columns of the matrix.
var forms = []struct{ name, options string }{
	{"portable", ""},
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
	{"tasm push, docker-registry", "docker-registry --version", "$TASM push $A $I", "@sha256:"},
	{"docker load, run", "dockerd --version", "docker load -q -i $A; docker run --rm --network none hello; docker rmi -f hello", greeting},
	{"docker pull, run as another user", "dockerd --version", "docker pull -q $I; docker run --rm --network none --user 1000 --cap-drop ALL $I; docker rmi -f $I", greeting},
	{"podman load, create", "podman --version", podman + "load -q -i $A; " + podman + "create --network none hello", ""},
	{"podman pull, create", "podman --version", podman + "pull -q --tls-verify=false $I; " + podman + "create --network none $I", ""},
	{"buildah from", "buildah --version", "c=$(" + buildah + "from --tls-verify=false $I); cat $(" + buildah + "mount $c)/*", greeting},
	{"skopeo copy, of the archive", "skopeo --version", "skopeo copy -q docker-archive:$A dir:s1; skopeo copy -q oci-archive:$A dir:s2; ls s2", "manifest.json"},
	{"skopeo copy, from the registry", "skopeo --version", "skopeo copy -q --src-tls-verify=false docker://$I dir:s3; ls s3", "manifest.json"},
	{"umoci unpack, runc run", "runc --version", bundle + "runc --root $PWD/r run -b u matrix", greeting},
	{"ctr import, run", "containerd --version", containerd + "ctr -a $PWD/c.sock image import --snapshotter native $A; ctr -a $PWD/c.sock run --rm --snapshotter native docker.io/library/hello:latest matrix", greeting},
	{"ctr pull", "containerd --version", containerd + "ctr -a $PWD/c.sock image pull --plain-http --snapshotter native $I:latest", "done"},
	{"GNU tar", "tar --version", "tar tvf $T", "7"},
	{"bsdtar", "bsdtar --version", "bsdtar -tvf $T", "7"},
	{"busybox tar", "busybox", "busybox tar tvf $T", "7"},
	{"tarfile of Python", "python3 --version", python, "7"},
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
			fmt.Printf(" %s |", t.take(dir, tasm, engine, i))
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
func prepare(work, tasm string, i int) error {
	if _, err := os.Stat(work); err == nil {
		return nil
	}
	if err := os.MkdirAll(work, 0o755); err != nil {
		return err
	}
	for _, output := range []string{"image.tar", "layout/"} {
		args := append([]string{"build", "samples/hello.tasm", "-o", work + "/" + output}, strings.Fields(forms[i].options)...)
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
func (t *taker) take(dir, tasm string, engine *dockertest.Engine, i int) string {
	work := filepath.Join(dir, "matrix", fmt.Sprint(i))
	if err := prepare(work, tasm, i); err != nil {
		return verdict("", "", err)
	}
	own, err := os.MkdirTemp(dir, "take")
	if err != nil {
		return verdict("", "", err)
	}
	cmd := exec.Command("timeout", "-k", "5", "120", "sh", "-euc", t.line)
	cmd.Dir = own
	cmd.Env = append(os.Environ(), "DOCKER_HOST="+engine.Host(), "TASM="+tasm, "A="+work+"/image.tar", "L="+work+"/layout",
		"T="+work+"/layer.tar", fmt.Sprintf("I=%s/matrix/hello%d", engine.Registry(), i))
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
