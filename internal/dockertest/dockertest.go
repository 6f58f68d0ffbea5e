// Package dockertest gives tests a container engine and a registry of their
// own: it starts dockerd and docker-registry on a temporary folder and a port
// of the loopback interface, and leaves nothing behind when it stops them.
//
// It needs root, and dockerd, docker and docker-registry in PATH (packages
// docker.io and docker-registry of Debian). A tool that is missing is an
// error; no test is skipped for it.
package dockertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	startTimeout   = 60 * time.Second
	stopTimeout    = 20 * time.Second
	commandTimeout = 2 * time.Minute
)

// Engine is a running container engine with a registry beside it.
type Engine struct {
	dir      string // everything that the two keep
	socket   string
	registry string // host:port
	daemons  []*daemon
}

// New starts an Engine that is stopped at the end of the test.
func New(t testing.TB) *Engine {
	t.Helper()
	e, err := Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Stop(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// Start starts an Engine, for tests that share one (see TestMain). The caller
// must call Stop.
func Start() (*Engine, error) {
	for _, tool := range []string{"dockerd", "docker", "docker-registry"} {
		if _, err := exec.LookPath(tool); err != nil {
			return nil, fmt.Errorf("dockertest: %w (Debian packages docker.io and docker-registry)", err)
		}
	}
	dir, err := os.MkdirTemp("", "dockertest") // short, as a socket's path may have 107 bytes
	if err != nil {
		return nil, err
	}
	e := &Engine{dir: dir, socket: "unix://" + filepath.Join(dir, "docker.sock")}
	if err := e.start(); err != nil {
		return nil, errors.Join(err, e.Stop())
	}
	return e, nil
}

func (e *Engine) start() error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	if err := e.startRegistry(ctx); err != nil {
		return err
	}
	return e.startDocker(ctx)
}

func (e *Engine) startDocker(ctx context.Context) error {
	d, err := e.startDaemon("dockerd",
		"--iptables=false", "--ip6tables=false", "--bridge=none", "--storage-driver=vfs",
		"--data-root", filepath.Join(e.dir, "data"), "--exec-root", filepath.Join(e.dir, "exec"),
		"--pidfile", filepath.Join(e.dir, "pid"), "-H", e.socket)
	if err != nil {
		return err
	}
	return d.wait(ctx, func() bool {
		_, err := e.dockerContext(ctx, "version")
		return err == nil
	})
}

var listening = regexp.MustCompile(`listening on (127\.0\.0\.1:\d+)`)

// startRegistry starts the registry on a port that the kernel chooses and
// learns the port from its log.
func (e *Engine) startRegistry(ctx context.Context) error {
	config := filepath.Join(e.dir, "registry.yml")
	text := fmt.Sprintf("version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: %s\nhttp:\n  addr: 127.0.0.1:0\n", filepath.Join(e.dir, "registry"))
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		return err
	}
	d, err := e.startDaemon("docker-registry", "serve", config)
	if err != nil {
		return err
	}
	return d.wait(ctx, func() bool {
		m := listening.FindStringSubmatch(d.log())
		if m == nil {
			return false
		}
		e.registry = m[1]
		resp, err := http.Get("http://" + e.registry + "/v2/")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
}

// Stop ends both daemons, unmounts what they mounted and deletes their folder.
func (e *Engine) Stop() error {
	var errs []error
	// Containers first: dockerd would wait 10 seconds for one that ignores SIGTERM.
	if ids, err := e.Docker("ps", "-q"); err == nil && ids != "" {
		_, err := e.Docker(append([]string{"rm", "-f"}, strings.Fields(ids)...)...)
		errs = append(errs, err)
	}
	for _, d := range slices.Backward(e.daemons) {
		errs = append(errs, d.stop())
	}
	errs = append(errs, e.unmount(), os.RemoveAll(e.dir))
	return errors.Join(errs...)
}

// unmount removes the mounts below the Engine's folder (network namespaces,
// shared memory, overlays), the latest first.
func (e *Engine) unmount() error {
	table, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return err
	}
	var errs []error
	for _, line := range slices.Backward(strings.Split(string(table), "\n")) {
		if f := strings.Fields(line); len(f) > 4 && strings.HasPrefix(f[4], e.dir+"/") {
			if err := syscall.Unmount(f[4], syscall.MNT_DETACH); err != nil && err != syscall.EINVAL {
				errs = append(errs, fmt.Errorf("unmount %s: %w", f[4], err))
			}
		}
	}
	return errors.Join(errs...)
}

// daemon is a process that runs until it is stopped.
type daemon struct {
	name    string
	cmd     *exec.Cmd
	logFile string
	exited  chan struct{} // closed when the process has ended
}

func (e *Engine) startDaemon(name string, args ...string) (*daemon, error) {
	d := &daemon{name: name, logFile: filepath.Join(e.dir, name+".log"), exited: make(chan struct{})}
	out, err := os.Create(d.logFile)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	d.cmd = exec.Command(name, args...)
	d.cmd.Stdout, d.cmd.Stderr = out, out
	d.cmd.Env = e.environment()
	// A test that is killed takes its daemons along; one that is interrupted
	// at the terminal still stops them itself.
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if err := d.cmd.Start(); err != nil {
		return nil, err
	}
	e.daemons = append(e.daemons, d)
	go func() {
		d.cmd.Wait()
		close(d.exited)
	}()
	return d, nil
}

// environment is the caller's without proxies, which must not see loopback
// traffic, and without the caller's Docker settings and logins.
func (e *Engine) environment() []string {
	env := slices.DeleteFunc(os.Environ(), func(s string) bool {
		key, _, _ := strings.Cut(strings.ToUpper(s), "=")
		return strings.HasSuffix(key, "_PROXY") || strings.HasPrefix(key, "DOCKER_") || strings.HasPrefix(key, "REGISTRY_")
	})
	return append(env, "DOCKER_CONFIG="+filepath.Join(e.dir, "config"))
}

func (d *daemon) log() string {
	b, _ := os.ReadFile(d.logFile)
	return string(b)
}

// wait waits until ready says true.
func (d *daemon) wait(ctx context.Context, ready func() bool) error {
	for !ready() {
		select {
		case <-d.exited:
			return fmt.Errorf("%s ended: %s\n%s", d.name, d.cmd.ProcessState, d.log())
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready after %s:\n%s", d.name, startTimeout, d.log())
		case <-time.After(50 * time.Millisecond):
		}
	}
	return nil
}

func (d *daemon) stop() error {
	d.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-d.exited:
		return nil
	case <-time.After(stopTimeout):
	}
	d.cmd.Process.Kill()
	<-d.exited
	return fmt.Errorf("%s did not end within %s and was killed:\n%s", d.name, stopTimeout, d.log())
}

// clientError is how the docker client reports its own and the engine's errors.
var clientError = regexp.MustCompile(`(?m)^docker: `)

// Result is what a container's process left.
type Result struct {
	Stdout, Stderr string
	ExitStatus     int
}

// command runs the docker client. An exit status other than 0 is no error here.
func (e *Engine) command(ctx context.Context, stdin io.Reader, args ...string) (Result, error) {
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "docker", append([]string{"-H", e.socket}, args...)...)
	cmd.Env = append(e.environment(), "DOCKER_BUILDKIT=0")
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &stdout, &stderr
	err := cmd.Run()
	r := Result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
	var exit *exec.ExitError
	if errors.As(err, &exit) && ctx.Err() == nil {
		err = nil
	}
	return r, err
}

// Docker runs the docker client with any arguments and returns what it prints.
// An exit status other than 0 is an error.
func (e *Engine) Docker(args ...string) (string, error) {
	return e.dockerContext(context.Background(), args...)
}

func (e *Engine) dockerContext(ctx context.Context, args ...string) (string, error) {
	r, err := e.command(ctx, nil, args...)
	if err == nil && r.ExitStatus != 0 {
		err = errors.New(strings.TrimSpace(r.Stderr))
	}
	if err != nil {
		return "", fmt.Errorf("docker %s: %w", strings.Join(args, " "), err)
	}
	return strings.TrimSpace(r.Stdout), nil
}

// Registry returns the registry's host:port, with which the name of an image
// to push begins.
func (e *Engine) Registry() string { return e.registry }

// Host returns the address of the engine, for DOCKER_HOST.
func (e *Engine) Host() string { return e.socket }

// Load reads an archive file into the engine, as "docker load -i".
func (e *Engine) Load(archive string) error {
	_, err := e.Docker("load", "-i", archive)
	return err
}

// Run runs an image without network and removes the container. That the engine
// cannot start the program is an error.
func (e *Engine) Run(image string, args ...string) (Result, error) {
	return e.RunWith(nil, nil, image, args...)
}

// RunWith is Run with options for "docker run", such as "--user=1", and with
// standard input. Either may be nil.
func (e *Engine) RunWith(options []string, stdin io.Reader, image string, args ...string) (Result, error) {
	line := []string{"run", "--rm", "--network", "none"}
	if stdin != nil {
		line = append(line, "-i")
	}
	line = slices.Concat(line, options, []string{image}, args)
	r, err := e.command(context.Background(), stdin, line...)
	// 125 to 127 are the engine's own failures, but a program may use them too.
	if err == nil && r.ExitStatus >= 125 && r.ExitStatus <= 127 && clientError.MatchString(r.Stderr) {
		err = fmt.Errorf("docker run %s: %s", image, strings.TrimSpace(r.Stderr))
	}
	return r, err
}

// ImageSize returns the size that "docker images" shows, such as "70B". An
// image that the engine does not have is an error.
func (e *Engine) ImageSize(ref string) (string, error) {
	size, err := e.Docker("images", "--format", "{{.Size}}", ref)
	if err == nil && size == "" {
		err = fmt.Errorf("docker images: no image %s", ref)
	}
	return size, err
}

// Tag gives an image another name.
func (e *Engine) Tag(ref, newRef string) error {
	_, err := e.Docker("tag", ref, newRef)
	return err
}

// Push pushes an image to the registry in its name.
func (e *Engine) Push(ref string) error {
	_, err := e.Docker("push", ref)
	return err
}

// Pull pulls an image and returns the digest of its manifest, sha256:...
func (e *Engine) Pull(ref string) (string, error) {
	out, err := e.Docker("pull", ref)
	if err != nil {
		return "", err
	}
	m := regexp.MustCompile(`(?m)^Digest: (\S+)$`).FindStringSubmatch(out)
	if m == nil {
		return "", fmt.Errorf("docker pull %s printed no digest:\n%s", ref, out)
	}
	return m[1], nil
}

// Remove removes an image's name, and the image if it has no other.
func (e *Engine) Remove(ref string) error {
	_, err := e.Docker("rmi", ref)
	return err
}

// ID returns an image's ID, the digest of its config.
func (e *Engine) ID(ref string) (string, error) {
	return e.Docker("image", "inspect", "--format", "{{.Id}}", ref)
}

// BuildImage builds the Dockerfile in a folder with the engine's own builder,
// without cache and network.
func (e *Engine) BuildImage(dir, tag string) error {
	_, err := e.Docker("build", "--no-cache", "--network", "none", "-t", tag, dir)
	return err
}
