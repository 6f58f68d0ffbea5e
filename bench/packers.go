package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"tasm/internal/dockertest"
)

// packers times the way from a finished executable to an archive, to a folder and
// to a registry, beside the tools that also do nothing but that. buildah, umoci
// and crane must be in PATH. What the processors work for docker's daemon is not known.
func packers(dir, tasm string, engine *dockertest.Engine) error {
	work := filepath.Join(dir, "packers")
	if err := os.MkdirAll(filepath.Join(work, "context"), 0o755); err != nil {
		return err
	}
	program := filepath.Join(work, "context", "hello")
	if err := command("", tasm, "build", "--layout", "plain", "samples/hello.tasm", "-o", program).run(); err != nil {
		return err
	}
	dockerfile := "FROM scratch\nCOPY hello /hello\nENTRYPOINT [\"/hello\"]\n"
	if err := os.WriteFile(filepath.Join(work, "context", "Dockerfile"), []byte(dockerfile), 0o644); err != nil {
		return err
	}
	line := func(name, text string) *contestant {
		text = strings.NewReplacer("HOST", engine.Registry(), "TASM", tasm).Replace(text)
		c := &contestant{name: name}
		c.run = func() error {
			cmd := exec.Command("sh", "-euc", text)
			cmd.Dir = work
			cmd.Env = append(os.Environ(), "DOCKER_HOST="+engine.Host(), "DOCKER_BUILDKIT=0")
			if said, err := cmd.CombinedOutput(); err != nil {
				return fmt.Errorf("%s: %w\n%s", text, err, said)
			}
			c.work = append(c.work, cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime())
			return nil
		}
		return c
	}
	const (
		buildah = "buildah --root b --runroot br --storage-driver vfs "
		umoci   = "rm -rf u; umoci init --layout u; umoci new --image u:t; umoci insert --image u:t context/hello /hello; umoci config --image u:t --config.entrypoint /hello"
		layer   = "tar cf layer.tar -C context hello; "
	)
	if err := race("From an executable to an archive or folder",
		line("tasm image, archive", "TASM image context/hello -o a.tar"),
		line("tasm image, folder", "TASM image context/hello -o folder/"),
		line("crane append, archive", layer+"crane append --oci-empty-base -f layer.tar -t x -o c.tar"),
		line("umoci, folder", umoci),
		line("buildah, local storage", buildah+"bud -q -t x context"),
		line("docker build, local storage", "docker build -q --no-cache --network none -t packers context"),
	); err != nil {
		return err
	}
	return race("From an executable to a registry",
		line("tasm image and push", "TASM image context/hello -o p.tar; TASM push p.tar HOST/tasm"),
		line("crane append and mutate", layer+"crane append --oci-empty-base -f layer.tar -t HOST/crane; crane mutate --entrypoint /hello HOST/crane -t HOST/crane"),
		line("buildah and push", buildah+"bud -q -t x context; "+buildah+"push -q --tls-verify=false x HOST/buildah"),
		line("docker build and push", "docker build -q --no-cache --network none -t HOST/docker context; docker push -q HOST/docker"),
	)
}
