// Command wire counts the requests and bytes with which tools push and pull one
// image of tasm's, through a proxy before a real registry, and says whether the
// image keeps its digest. It prints the table of docs/images.md.
//
// It needs root, for the container engine, and dockerd, docker-registry, podman,
// skopeo and crane in PATH.
package main

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"

	"tasm/internal/dockertest"
)

var source = flag.String("source", "samples/hello.tasm", "`file` whose image is sent")

func main() {
	flag.Parse()
	if err := wire(); err != nil {
		fmt.Fprintln(os.Stderr, "wire:", err)
		os.Exit(1)
	}
}

// meter is a proxy before a registry that counts.
type meter struct {
	host     string
	requests atomic.Int64
	bytes    atomic.Int64 // in both directions, headers included
	manifest atomic.Value // digest of the last manifest that was stored
}

// start starts the proxy.
func start(registry string) (*meter, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	m := &meter{host: l.Addr().String()}
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: registry})
	proxy.ModifyResponse = func(r *http.Response) error {
		if d := r.Header.Get("Docker-Content-Digest"); r.Request.Method == http.MethodPut && strings.Contains(r.Request.URL.Path, "/manifests/") {
			m.manifest.Store(d)
		}
		return nil
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.requests.Add(1)
		proxy.ServeHTTP(w, r)
	})
	go http.Serve(countingListener{l, m}, handler)
	return m, nil
}

type countingListener struct {
	net.Listener
	m *meter
}

func (l countingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return countingConn{c, l.m}, err
}

type countingConn struct {
	net.Conn
	m *meter
}

func (c countingConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.m.bytes.Add(int64(n))
	return n, err
}

func (c countingConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.m.bytes.Add(int64(n))
	return n, err
}

// count returns what a step costs.
func (m *meter) count(step func() error) (requests, bytes int64, err error) {
	m.requests.Store(0)
	m.bytes.Store(0)
	err = step()
	return m.requests.Load(), m.bytes.Load(), err
}

// tool is a way to push and pull. In its lines HOST/NAME is the image.
type tool struct {
	name                string
	before, push, clean string // clean removes what a pull would find here
	pull                string
	own                 bool // its lines get a /var/lib/containers of their own: what it knows of blobs from before would count
}

var tools = []tool{
	{name: "tasm", push: "tasm push image.tar HOST/NAME", clean: "rm -rf back.tar", pull: "tasm pull HOST/NAME -o back.tar"},
	{name: "crane, layout folder", push: "crane push layout HOST/NAME", clean: "rm -rf back.tar", pull: "crane pull HOST/NAME back.tar"},
	{name: "crane, archive", push: "crane push image.tar HOST/NAME", clean: "rm -rf back.tar", pull: "crane pull HOST/NAME back.tar"},
	{name: "skopeo", own: true, push: "skopeo copy --insecure-policy --dest-tls-verify=false oci:layout docker://HOST/NAME", clean: "rm -rf back", pull: "skopeo copy --insecure-policy --src-tls-verify=false docker://HOST/NAME dir:back"},
	{name: "docker", before: "docker load -i image.tar; docker tag wire HOST/NAME", push: "docker push HOST/NAME", clean: "docker rmi -f HOST/NAME wire", pull: "docker pull HOST/NAME"},
	{name: "podman", own: true, before: "podman load -i image.tar; podman tag wire HOST/NAME", push: "podman push --tls-verify=false HOST/NAME", clean: "podman rmi -a -f", pull: "podman pull --tls-verify=false HOST/NAME"},
}

// wrap wraps a line so that it finds a folder of the tool's own in place of
// /var/lib/containers.
func (t *tool) wrap(line string) string {
	if !t.own {
		return line
	}
	dir := "containers-" + t.name
	return "mkdir -p " + dir + "; unshare -m sh -euc 'mount --bind " + dir + " /var/lib/containers; " + line + "'"
}

func wire() (err error) {
	work, err := os.MkdirTemp("", "wire")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if out, err := exec.Command("go", "build", "-o", filepath.Join(work, "tasm"), "./cmd/tasm").CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	file, err := filepath.Abs(*source)
	if err != nil {
		return err
	}
	engine, err := dockertest.Start()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, engine.Stop()) }()
	m, err := start(engine.Registry())
	if err != nil {
		return err
	}
	sh := func(line, name string) error {
		line = strings.NewReplacer("HOST", m.host, "NAME", name).Replace(line)
		cmd := exec.Command("sh", "-euc", line)
		cmd.Dir = work
		cmd.Env = append(os.Environ(), "PATH="+work+":"+os.Getenv("PATH"), "DOCKER_HOST="+engine.Host())
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", line, err, out)
		}
		return nil
	}
	if err := sh("tasm build --tag wire -o image.tar '"+file+"'; tasm push image.tar HOST/first; tasm pull HOST/first -o layout/", ""); err != nil {
		return err
	}
	built, _ := m.manifest.Load().(string)
	fmt.Println("| tool | first push | second push | pull | digest kept |\n|---|--:|--:|--:|---|")
	for i, t := range tools {
		if err := row(m, t, fmt.Sprintf("wire%d", i), built, sh); err != nil {
			return err
		}
	}
	return nil
}

// row measures one tool and prints its line.
func row(m *meter, t tool, name, built string, sh func(line, name string) error) error {
	if t.before != "" {
		if err := sh(t.wrap(t.before), name); err != nil {
			return err
		}
	}
	fmt.Printf("| %s |", t.name)
	kept := ""
	for i, line := range []string{t.push, t.push, t.pull} {
		if i == 2 {
			if err := sh(t.wrap(t.clean), name); err != nil {
				return err
			}
		}
		requests, bytes, err := m.count(func() error { return sh(t.wrap(line), name) })
		if err != nil {
			return err
		}
		if i == 0 {
			kept = map[bool]string{true: "yes", false: "no"}[m.manifest.Load() == built]
		}
		fmt.Printf(" %d requests, %d B |", requests, bytes)
	}
	fmt.Printf(" %s |\n", kept)
	return nil
}
