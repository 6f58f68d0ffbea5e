package launch

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"tasm/oci/rootfs"
)

// Finding is what stands in the way of a start.
type Finding struct {
	Fatal bool // no engine can start it; else some may
	Text  string
	Cure  string
}

// MaxProgram is the largest file that is looked into, in bytes.
const MaxProgram = 256 << 20

// Command returns the command that an image starts.
func Command(c v1.Config) []string { return slices.Concat(c.Entrypoint, c.Cmd) }

// check is the search for what stands in the way.
type check struct {
	tree     *rootfs.Tree
	config   *v1.ConfigFile
	findings []Finding
}

func (c *check) add(fatal bool, cure, format string, args ...any) {
	c.findings = append(c.findings, Finding{fatal, fmt.Sprintf(format, args...), cure})
}

// CheckRaw is Check for a config as it is stored.
func CheckRaw(tree *rootfs.Tree, config []byte) ([]Finding, error) {
	c, err := v1.ParseConfigFile(bytes.NewReader(config))
	if err != nil {
		return nil, fmt.Errorf("the config is not valid: %w", err)
	}
	return Check(tree, c), nil
}

// Check says what stands in the way of starting an image's command.
func Check(tree *rootfs.Tree, config *v1.ConfigFile) []Finding {
	c := &check{tree: tree, config: config}
	argv := Command(config.Config)
	if len(argv) == 0 {
		c.add(false, "name the program after the image: docker run IMAGE /program", "the image says no command to start")
		return c.findings
	}
	if argv[0] == "" {
		c.add(true, "give it a command", "the image's command is empty")
		return c.findings
	}
	if n := c.command(argv[0]); n != nil {
		c.program(n, 0)
	}
	return c.findings
}

// defaultPath is where engines look for commands if the image sets no PATH.
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

func (c *check) env(name, otherwise string) string {
	value := otherwise
	for _, e := range c.config.Config.Env {
		if v, ok := strings.CutPrefix(e, name+"="); ok {
			value = v
		}
	}
	return value
}

// candidates are the paths at which a command is looked for.
func (c *check) candidates(command string) []string {
	if strings.Contains(command, "/") {
		if !path.IsAbs(command) {
			command = path.Join("/", c.config.Config.WorkingDir, command)
		}
		return []string{command}
	}
	var out []string
	for dir := range strings.SplitSeq(c.env("PATH", defaultPath), ":") {
		out = append(out, path.Join("/", dir, command))
	}
	return out
}

// command finds the file of a command.
func (c *check) command(command string) *rootfs.Node {
	var found *rootfs.Node
	for _, p := range c.candidates(command) {
		n, err := c.tree.Lookup(p)
		if err != nil || n.Mode.IsDir() {
			continue
		}
		if c.mayRun(n) {
			return n
		}
		found = n
	}
	switch {
	case found != nil:
		c.add(true, fmt.Sprintf("give it execute permission: chmod +x, or COPY --chmod=755; its mode is %#o", found.Mode.Perm()), "%s can't be started: permission denied for user %s", found.Path, c.user())
		return nil
	case strings.Contains(command, "/"):
		c.add(true, "correct the command, or add the file", "%s is not in the image: no such file or directory", command)
	default:
		c.add(true, "write the whole path of it", "%s is not in the image, in none of the folders of PATH", command)
	}
	return nil
}

func (c *check) user() string {
	if u := c.config.Config.User; u != "" {
		return u
	}
	return "root"
}

// mayRun reports whether the image's user may run a file. What a user is called
// in the image's own /etc/passwd is not looked up: then any bit will do.
func (c *check) mayRun(n *rootfs.Node) bool {
	perm := n.Mode.Perm()
	user, group, _ := strings.Cut(c.config.Config.User, ":")
	uid, err := strconv.Atoi(user)
	switch {
	case user == "" || user == "root" || uid == 0 && err == nil, err != nil:
		return perm&0o111 != 0
	case uid == n.UID:
		return perm&0o100 != 0
	case group == strconv.Itoa(n.GID):
		return perm&0o010 != 0
	}
	return perm&0o001 != 0
}

// maxScripts is how many scripts may interpret each other (Linux, fs/exec.c).
const maxScripts = 4

// program looks into the file that is started.
func (c *check) program(n *rootfs.Node, depth int) {
	file, err := c.tree.ReadFile(n, MaxProgram)
	if err != nil {
		c.add(false, "", "it can't be told whether %s starts: %v", n.Path, err)
		return
	}
	p := Read(file)
	switch {
	case p.Wrong != "":
		c.add(true, p.Cure, "%s can't be started (exec format error): %s", n.Path, p.Wrong)
	case p.Format == Script:
		c.script(n, p, depth)
	default:
		c.elf(n, p)
	}
}

func (c *check) script(n *rootfs.Node, p Program, depth int) {
	if depth == maxScripts {
		c.add(true, "", "%s is interpreted by a script that is interpreted by scripts", n.Path)
		return
	}
	found, err := c.tree.Lookup(path.Join("/", p.Interpreter))
	switch {
	case err != nil:
		c.add(true, c.shellCure(p.Interpreter), "%s is a script for %s, which is not in the image: no such file or directory", n.Path, p.Interpreter)
		return
	case !found.Mode.IsRegular() || !c.mayRun(found):
		c.add(true, "", "%s is a script for %s, which can't be run", n.Path, p.Interpreter)
		return
	}
	if path.Base(p.Interpreter) == "env" {
		if command, _, _ := strings.Cut(strings.TrimPrefix(p.Argument, "-S "), " "); command != "" && !strings.HasPrefix(command, "-") && !slices.ContainsFunc(c.candidates(command), c.isThere) {
			c.add(true, c.shellCure(command), "%s is a script for %s, which is not in the image", n.Path, command)
			return
		}
	}
	c.program(found, depth+1)
}

func (c *check) shellCure(shell string) string {
	return fmt.Sprintf("use a base image that has %s (--from), or a program that needs none", path.Base(shell))
}

func (c *check) isThere(p string) bool {
	_, err := c.tree.Lookup(p)
	return err == nil
}

func (c *check) elf(n *rootfs.Node, p Program) {
	if os := c.config.OS; os != "" && os != "linux" {
		c.add(true, "use a base image for linux", "%s is a program for Linux, and the image is for %s", n.Path, os)
	}
	if arch := c.config.Architecture; p.Arch != "" && arch != "" && !Runs(arch, p.Arch) {
		c.add(true, fmt.Sprintf("build it for linux/%s, or make the image for linux/%s", arch, p.Arch), "%s can't be started (exec format error): it is for linux/%s, and the image for linux/%s", n.Path, p.Arch, arch)
		return
	}
	if p.Doubt != "" {
		c.add(false, p.Cure, "%s may not start: it is refused by %s", n.Path, p.Doubt)
	}
	if p.Interpreter == "" {
		return
	}
	linker, err := c.tree.Lookup(path.Join("/", p.Interpreter))
	if err != nil {
		c.add(true, c.staticCure(), "%s needs the dynamic linker %s, which is not in the image; engines say of it: no such file or directory", n.Path, p.Interpreter)
		return
	}
	if !linker.Mode.IsRegular() || linker.Mode.Perm()&0o111 == 0 {
		c.add(true, c.staticCure(), "%s needs the dynamic linker %s, which can't be run", n.Path, p.Interpreter)
		return
	}
	c.libraries(n, p)
}

func (c *check) staticCure() string {
	return "link it statically (gcc -static, CGO_ENABLED=0 for Go), or use a base image that has them (--from)"
}

// triplets are the names of Debian's library folders for architectures.
var triplets = map[string]string{
	"386": "i386-linux-gnu", "amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu", "arm": "arm-linux-gnueabihf",
	"riscv64": "riscv64-linux-gnu", "ppc64le": "powerpc64le-linux-gnu", "s390x": "s390x-linux-gnu",
}

// libraries looks for the libraries that a program names itself; those that
// these need in turn are not looked at.
func (c *check) libraries(n *rootfs.Node, p Program) {
	dirs := slices.Clone(p.RunPath)
	for i := range dirs {
		dirs[i] = strings.NewReplacer("$ORIGIN", path.Dir(n.Path), "${ORIGIN}", path.Dir(n.Path)).Replace(dirs[i])
	}
	dirs = append(dirs, strings.Split(c.env("LD_LIBRARY_PATH", ""), ":")...)
	for _, base := range []string{"/lib", "/usr/lib", "/usr/local/lib"} {
		dirs = append(dirs, base, base+"64", base+"32", path.Join(base, triplets[p.Arch]))
	}
	for _, name := range p.Libraries {
		if strings.Contains(name, "/") {
			if !c.isThere(path.Join("/", name)) {
				c.add(true, c.staticCure(), "%s needs %s, which is not in the image", n.Path, name)
			}
			continue
		}
		if slices.ContainsFunc(dirs, func(dir string) bool { return dir != "" && c.isThere(path.Join("/", dir, name)) }) {
			continue
		}
		if elsewhere := c.tree.Find(name); len(elsewhere) > 0 {
			c.add(false, fmt.Sprintf("set LD_LIBRARY_PATH to %s if it does not start", path.Dir(elsewhere[0].Path)), "%s needs %s, which is in the image at %s only, where it may not be found", n.Path, name, elsewhere[0].Path)
			continue
		}
		c.add(true, c.staticCure(), "%s needs the library %s, which is not in the image", n.Path, name)
	}
}

// Entry returns the file that an image's command starts.
func Entry(tree *rootfs.Tree, config *v1.ConfigFile) (*rootfs.Node, error) {
	argv := Command(config.Config)
	if len(argv) == 0 {
		return nil, errors.New("the image says no command")
	}
	c := &check{tree: tree, config: config}
	for _, p := range c.candidates(argv[0]) {
		if n, err := tree.Lookup(p); err == nil && n.Mode.IsRegular() {
			return n, nil
		}
	}
	return nil, &fs.PathError{Op: "open", Path: argv[0], Err: fs.ErrNotExist}
}
