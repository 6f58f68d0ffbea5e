package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/pflag"

	"tasm"
	"tasm/diag"
	"tasm/layout"
	"tasm/layout/elf"
)

// searchOptions are the options of all verbs that lay out executables: which
// layout, for which loaders, and how long to look for a smaller file.
type searchOptions struct {
	layout, loader string
	maxCharge      uint64 // bytes
	assume         []string
	effort         int
	timeLimit      time.Duration
	maxSize        uint64 // bytes; 0 is any
	anywhere       bool
	noCache        bool
	told           bool // the summary of the build is shown

	set *pflag.FlagSet
}

// layoutSet reports whether the user chose a layout.
func (o *searchOptions) layoutSet() bool { return o.set.Changed("layout") }

// showDefault has the help of a verb that takes another layout than most where the user
// chose none say which.
func (o *searchOptions) showDefault(layout string) { o.set.Lookup("layout").DefValue = layout }

// loaderSet reports whether the user, or the ladder, chose a loader.
func (o *searchOptions) loaderSet() bool { return o.set == nil || o.set.Changed("loader") }

// loaderName returns the loader that was asked for, "" if none was.
func (o *searchOptions) loaderName() string {
	switch {
	case o.anywhere:
		return elf.Portable.Name
	case o.loaderSet():
		return o.loader
	}
	return ""
}

// register adds all of the options to a command.
func (o *searchOptions) register(set *pflag.FlagSet) {
	o.set = set
	set.Var(newChoice(&o.layout, defaultLayout, layoutNames()...), "layout", "how an executable is laid out: "+layoutSummaries())
	set.Var(newLoaderOption(&o.loader), "loader", "what has to run the file: "+loaderSummaries())
	set.BoolVar(&o.anywhere, "anywhere", false, "the same as --loader portable: what starts wherever there are container engines. A source that says 'image anywhere' asks for it by itself")
	o.registerLimits(set)
	set.Var(byteSize{&o.maxSize}, "max-size", "fail when the program is larger than `SIZE`, and write nothing")
}

// registerLimits adds those options that do not choose a layout or loader.
func (o *searchOptions) registerLimits(set *pflag.FlagSet) {
	o.registerBounds(set)
	set.BoolVar(&o.noCache, "no-cache", false, "search anew, where otherwise the file of a build of the same program is taken from the user's cache folder, and keep nothing there")
}

// registerProof adds the options of searches that are always made anew.
func (o *searchOptions) registerProof(set *pflag.FlagSet) {
	o.set = set
	set.Var(newLoaderOption(&o.loader), "loader", "what has to run the file: "+loaderSummaries())
	o.registerBounds(set)
}

// registerBounds adds the options that bound a search and what it makes.
func (o *searchOptions) registerBounds(set *pflag.FlagSet) {
	o.maxCharge = elf.DefaultCharge
	set.Var(byteSize{&o.maxCharge}, "max-charge", "how much memory the system may commit for the file beyond what the file holds; a host with less than that does not start it. A lower bound than the default is one for the addresses that the file occupies too")
	set.Var(nameList{&o.assume, assumptionNames()}, "assume", "take for granted what a smaller file may need, and no kernel promises; may be repeated, or a list with commas: "+assumptionSummaries())
	set.IntVar(&o.effort, "effort", 0, fmt.Sprintf("search longer by `N`: each unit more doubles the steps, each less halves them; it goes from %d to %d. The same effort gives the same file everywhere", minEffort, maxEffort))
	set.Var(duration{&o.timeLimit}, "time-limit", "end the search after `DURATION`, such as 10s, with the best file so far; to compare it may take a second more. That makes the result depend on the speed of the machine")
}

// plainLayout is the layout that needs no search, defaultLayout that of
// executables unless the user chooses one.
const plainLayout, defaultLayout = "plain", "golf"

// The range of --effort: from a thousandth to a million times the default.
const minEffort, maxEffort = -10, 20

func layoutNames() []string {
	var names []string
	for _, s := range layout.Strategies {
		names = append(names, s.Name)
	}
	return names
}

func layoutSummaries() string {
	var all []string
	for _, s := range layout.Strategies {
		all = append(all, s.Name+" is "+s.Summary)
	}
	return strings.Join(all, "; ")
}

// loaderOption is the value of --loader. Its words are too many for a usage
// line.
type loaderOption struct{ *choice }

func (loaderOption) Type() string { return "LOADER" }

func newLoaderOption(value *string) loaderOption {
	var words []string
	for _, l := range slices.Concat(elf.Profiles, elf.Loaders) {
		words = append(words, l.Name)
	}
	return loaderOption{newChoice(value, elf.Profiles[0].Name, words...)}
}

func loaderSummaries() string {
	var profiles, single []string
	for _, l := range elf.Profiles {
		profiles = append(profiles, l.Name+" is "+l.Summary)
	}
	for _, l := range elf.Loaders {
		single = append(single, l.Name)
	}
	return strings.Join(profiles, "; ") + "; or a single one: " + strings.Join(single, ", ")
}

func assumptionNames() []string {
	var names []string
	for _, a := range layout.Assumptions {
		names = append(names, a.Name)
	}
	return names
}

func assumptionSummaries() string {
	var all []string
	for _, a := range layout.Assumptions {
		all = append(all, a.Name+" ("+a.Summary+")")
	}
	return strings.Join(all, ", ")
}

// check finds options that make no sense.
func (o *searchOptions) check() error {
	if o.anywhere && o.loaderSet() && o.loader != elf.Portable.Name {
		return usagef("--anywhere is --loader portable, and --loader %s is another", o.loader)
	}
	if o.effort < minEffort || o.effort > maxEffort {
		return usagef("--effort is %d: it goes from %d to %d", o.effort, minEffort, maxEffort)
	}
	return nil
}

// checkSize fails for a program that is larger than --max-size.
func (o *searchOptions) checkSize(name string, size int) error {
	if limit := o.maxSize; limit > 0 && uint64(size) > limit {
		return fmt.Errorf("'%s' becomes %d bytes, %d more than --max-size %d", name, size, uint64(size)-limit, limit)
	}
	return nil
}

// run lays an executable out. It puts mistakes into messages, and reports
// whether the search was ended early.
func (o *searchOptions) run(sys *system, r *tasm.Result, messages *diag.Bag) (*layout.File, bool) {
	s := o.begin(sys)
	r.Cache = o.cache(sys)
	file, said := r.LayOut(o.layout, s.Options)
	early := s.end()
	messages.Append(said)
	return file, early
}

// build makes a program of a source, laid out as the options say, and reports
// whether the search was ended early.
func (o *searchOptions) build(sys *system, src tasm.Source, opts tasm.Options) (*tasm.Result, *diag.Bag, bool) {
	s := o.begin(sys)
	if opts.Format != tasm.Executable { // there is no search to end
		running.start(nil)
	}
	opts.Layout, opts.Search, opts.Cache = o.layout, s.Options, o.cache(sys)
	r, messages := tasm.Build(s.Context, src, opts)
	return r, messages, s.end()
}

// search is one run of a layout, which the user can watch and end.
type search struct {
	layout.Options
	cancel context.CancelFunc
	line   *progressLine
}

// limits are what the result of a search depends on.
func (o *searchOptions) limits() layout.Options {
	return layout.Options{Loader: o.loaderName(), MaxCharge: o.maxCharge, Assume: o.assume, Effort: o.effort}
}

// begin makes the options of a search; its end method has to be called.
func (o *searchOptions) begin(sys *system) *search {
	s := &search{Options: o.limits()}
	if o.timeLimit > 0 {
		s.Context, s.cancel = context.WithTimeout(context.Background(), o.timeLimit)
	} else {
		s.Context, s.cancel = context.WithCancel(context.Background())
	}
	if o.layout != plainLayout { // which has nothing to answer with before it is done
		running.start(s.cancel)
	}
	if isTerminal(sys.stderr) && sys.getenv("TERM") != "dumb" {
		s.line = &progressLine{w: sys.stderr, now: time.Now}
		s.Progress = s.line.show
	}
	return s
}

// end reports whether the search was ended early.
func (s *search) end() (early bool) {
	early = s.Context.Err() != nil
	running.start(nil)
	s.cancel()
	if s.line != nil {
		s.line.erase()
	}
	return early
}

// running is the search that an interrupt ends.
var running interruptible

// interruptible is work that can be ended early once.
type interruptible struct {
	lock   sync.Mutex
	cancel context.CancelFunc
}

func (i *interruptible) start(cancel context.CancelFunc) {
	i.lock.Lock()
	defer i.lock.Unlock()
	i.cancel = cancel
}

// interrupt ends the work. It reports false when there is none, or when it was
// told to end before.
func (i *interruptible) interrupt() bool {
	i.lock.Lock()
	defer i.lock.Unlock()
	if i.cancel == nil {
		return false
	}
	i.cancel()
	i.cancel = nil
	return true
}

// progressLine shows on a terminal how far a search has come, in one line that
// is written again and again.
type progressLine struct {
	w     io.Writer
	now   func() time.Time
	last  time.Time
	shown bool
}

const (
	progressPause = 100 * time.Millisecond // at least, between two states
	progressWidth = 79                     // columns at most: a line that wraps can't be erased
	eraseLine     = "\r\x1b[K"
)

func (l *progressLine) show(p layout.Progress) {
	now := l.now()
	if now.Sub(l.last) < progressPause {
		return
	}
	l.last, l.shown = now, true
	var parts []string
	if p.Best > 0 {
		parts = append(parts, fmt.Sprintf("best %d B", p.Best))
	}
	if p.Bound > 0 {
		parts = append(parts, fmt.Sprintf("bound %d B", p.Bound))
	}
	if p.Doing != "" {
		parts = append(parts, p.Doing)
	}
	text := []rune(strings.Join(parts, " · "))
	fmt.Fprint(l.w, eraseLine, string(text[:min(len(text), progressWidth)]))
}

func (l *progressLine) erase() {
	if l.shown {
		fmt.Fprint(l.w, eraseLine)
	}
}

// nameList is the value of an option that takes names of a list, with commas
// between them, and adds to those given before.
type nameList struct {
	values *[]string
	words  []string
}

func (n nameList) String() string    { return strings.Join(*n.values, ",") }
func (n nameList) Type() string      { return "NAME[,NAME...]" }
func (n nameList) choices() []string { return n.words }

func (n nameList) Set(s string) error {
	for name := range strings.SplitSeq(s, ",") {
		var value string
		if err := newChoice(&value, "", n.words...).Set(name); err != nil {
			return err
		}
		if !slices.Contains(*n.values, name) {
			*n.values = append(*n.values, name)
		}
	}
	return nil
}
