package vm

// Limits of a run, and of the Linux in it.
const (
	DefaultOutput  = 64 << 20 // bytes to both streams, unless Options.MaxOutput says otherwise
	DefaultMemory  = 64 << 20 // bytes that a program touches or reads, unless Options.MaxMemory says otherwise
	maxTransfer    = 16 << 20 // bytes that one system call transfers
	maxVectors     = 1024     // buffers of one call, as in the kernel (include/uapi/linux/uio.h UIO_MAXIOV)
	maxDescriptors = 1024     // file descriptors, as RLIMIT_NOFILE has them
	maxPath        = 4096     // bytes of a path, as in the kernel (include/uapi/linux/limits.h PATH_MAX)
	maxSleep       = 1 << 32  // seconds of a sleep that is taken to have passed
	maxEdit        = 256      // bytes of memory that one change from outside is recorded with
	maxEntry       = 1 << 10  // bytes of what is recorded of one step
)
