package programs

import (
	"os"
	"syscall"
)

// Store writes an executable that can be started at once. A process that is just being
// made holds all files of its parent open, and what is open for writing can't be started
// (ETXTBSY); so none is made meanwhile.
func Store(path string, file []byte) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	return os.WriteFile(path, file, 0o755)
}
