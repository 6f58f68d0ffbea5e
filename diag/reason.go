package diag

import (
	"errors"
	"io/fs"
	"os"
)

// Reason returns what is wrong in an error of the operating system, without
// the operation and the path that the message names in its own words.
func Reason(err error) string {
	var path *fs.PathError
	var link *os.LinkError
	var call *os.SyscallError
	switch {
	case errors.As(err, &path):
		err = path.Err
	case errors.As(err, &link):
		err = link.Err
	case errors.As(err, &call):
		err = call.Err
	}
	return err.Error()
}
