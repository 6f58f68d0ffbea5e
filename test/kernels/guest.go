package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"

	"tasm/internal/samples"
)

// nobody runs the samples: root may do more than what programs can rely on.
const nobody = 65534

// guest is the first process of an emulated machine. It does what plan.json
// says, prints a report and turns the machine off.
func guest() {
	r := &report{}
	if err := r.work(); err != nil {
		r.Failures = append(r.Failures, err.Error())
	}
	text, err := json.Marshal(r)
	fmt.Printf("\n%s%s\n", reportMark, text)
	if err != nil {
		fmt.Println(err)
	}
	syscall.Sync()
	syscall.Reboot(syscall.LINUX_REBOOT_CMD_RESTART)
}

func (r *report) work() error {
	if err := errors.Join(
		syscall.Mount("dev", "/dev", "devtmpfs", 0, ""),
		syscall.Mount("proc", "/proc", "proc", 0, ""),
	); err != nil {
		return err
	}
	version, err := os.ReadFile("/proc/version")
	if err != nil {
		return err
	}
	r.Kernel = strings.Fields(string(version))[2]
	if packaged := regexp.MustCompile(`Debian (\d\S*)`).FindAllSubmatch(version, -1); packaged != nil {
		r.Kernel += " (" + string(packaged[len(packaged)-1][1]) + ")"
	}
	text, err := os.ReadFile("/plan.json")
	if err != nil {
		return err
	}
	var todo plan
	if err := json.Unmarshal(text, &todo); err != nil {
		return err
	}
	r.compare(todo.Loader, "^Test(AcceptedBy|MutantsOn)Kernel$", 2)
	r.compare("linux", "^TestAcceptedByKernel$", 1)
	for _, p := range todo.Programs {
		r.start(p)
	}
	return nil
}

// compared matches what a test of layout/elf says of itself.
var compared = regexp.MustCompile(`(\d+) files compared, (\d+) disagreements`)

// compare runs tests of layout/elf for a loader.
func (r *report) compare(loader, tests string, number int) {
	var said bytes.Buffer
	cmd := exec.Command("/elf.test", "-test.v", "-test.run", tests, "-test.timeout", "1h", "-loader", loader)
	cmd.Stdout = io.MultiWriter(os.Stdout, &said)
	cmd.Stderr = cmd.Stdout
	err := cmd.Run()
	found := compared.FindAllStringSubmatch(said.String(), -1)
	for _, f := range found {
		files, _ := strconv.Atoi(f[1])
		wrong, _ := strconv.Atoi(f[2])
		r.Compared += files
		r.Disagreements += wrong
	}
	if err != nil || len(found) != number {
		r.Failures = append(r.Failures, fmt.Sprintf("%s, held against loader %s: %v\n%s", tests, loader, err, said.String()))
	}
}

// start runs a sample in all ways.
func (r *report) start(p program) {
	r.Programs++
	cases, err := samples.Parse(p.Tests)
	if err != nil {
		r.Failures = append(r.Failures, fmt.Sprintf("%s: %v", p.Name, err))
	}
	for _, c := range samples.Runs(cases, p.Target) {
		cmd := exec.Command(p.Path, c.Args...)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		if err := samples.Check(c, cmd); err != nil {
			r.Failures = append(r.Failures, fmt.Sprintf("%s: %v", p.Name, err))
		}
	}
}
