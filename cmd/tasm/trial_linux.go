package main

import (
	"os/exec"
	"syscall"
	"unsafe"
)

// ownGroup puts a process that is about to start into a group of its own.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// killGroup kills the processes of a group.
func killGroup(id int) error { return syscall.Kill(-id, syscall.SIGKILL) }

// awaitEnd waits until a child has ended. It leaves it to be waited for, so that
// nobody else can have its number yet.
func awaitEnd(pid int) {
	const (
		byPID   = 1         // include/uapi/linux/wait.h P_PID
		exited  = 4         // WEXITED
		leaveIt = 0x1000000 // WNOWAIT
	)
	var info [128]byte // siginfo_t
	for {
		_, _, e := syscall.Syscall6(syscall.SYS_WAITID, byPID, uintptr(pid), uintptr(unsafe.Pointer(&info)), exited|leaveIt, 0, 0)
		if e != syscall.EINTR {
			return
		}
	}
}
