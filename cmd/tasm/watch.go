package main

import (
	"fmt"
	"maps"
	"os"
	"sync"
	"time"

	"github.com/spf13/pflag"
)

// readNames are the files that were read, with what they looked like then.
var readNames struct {
	sync.Mutex
	seen map[string]stamp // nil while nobody watches
}

// stamp tells whether a file has changed.
type stamp struct {
	time time.Time
	size int64
}

func stampOf(name string) stamp {
	info, err := os.Stat(name)
	if err != nil {
		return stamp{}
	}
	return stamp{info.ModTime(), info.Size()}
}

// noteRead is called before a file is read.
func noteRead(name string) {
	readNames.Lock()
	defer readNames.Unlock()
	if _, known := readNames.seen[name]; readNames.seen != nil && !known {
		readNames.seen[name] = stampOf(name)
	}
}

// watchFlag is the option of commands that can be done again when a file changes.
const watchFlag = "watch"

func registerWatch(set *pflag.FlagSet) {
	set.Bool(watchFlag, false, "do it again each time when a file that was read changes, until interrupted")
}

// watch carries a command out, and again whenever a file changes that it has read.
func watch(name string, args []string, sys *system) error {
	for {
		readNames.Lock()
		readNames.seen = map[string]stamp{}
		readNames.Unlock()
		c := findCommand(name) // as it is before options are read
		flags := c.flags()
		flags.SetInterspersed(!c.passesArgs)
		if err := flags.Parse(args); err != nil {
			return explain(err, c.options())
		}
		status := finish(name, c.run(sys, flags.Args()), sys)
		readNames.Lock()
		files := maps.Clone(readNames.seen)
		readNames.Unlock()
		if status == exitUsage || len(files) == 0 {
			return exitStatus(status)
		}
		fmt.Fprintf(sys.stderr, "tasm: done, status %d; waiting for a change of %s\n", status, plural(int64(len(files)), "file"))
		await(files)
	}
}

// await returns when a file is no longer what it was. Polling needs nothing of the
// system and works on file systems of other machines.
func await(files map[string]stamp) {
	for range time.Tick(200 * time.Millisecond) {
		for name, was := range files {
			// One that is just being replaced may be missing for a moment.
			if now := stampOf(name); now != was && now != (stamp{}) {
				return
			}
		}
	}
}
