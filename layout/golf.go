package layout

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"tasm/diag"
	"tasm/flow"
	"tasm/layout/elf"
	"tasm/layout/equiv"
	"tasm/layout/place"
	"tasm/layout/rewrite"
	"tasm/layout/synth"
	"tasm/program"
)

// Golf makes the smallest executable that behaves as the program does: the same
// system calls in the same order, with the same arguments and the same bytes in
// memory that they read, for everything that the program can be told from
// outside. It tries several ways, and takes the smallest result that a
// comparison with the program as written confirms.
func Golf(p *program.Program, opts Options) (*File, *diag.Bag) {
	plain, loader, messages := start(p, opts)
	if loader == nil {
		return nil, messages
	}
	ctx := opts.context()
	opts.Context = ctx
	g := &golfer{told: len(plain.Bytes), moved: map[*File]bool{}, apart: map[*File]bool{}, program: p, opts: opts, loader: loader, plain: plain}
	var cancel context.CancelFunc
	g.comparing, cancel = context.WithCancel(context.WithoutCancel(ctx))
	defer context.AfterFunc(ctx, func() { time.AfterFunc(grace, cancel) })()
	defer func() { // end the comparisons that are not needed any more
		cancel()
		g.comparisons.Wait()
	}()
	graph := graphOf(p, plain)
	space := boundOf(plain, graph, loader)
	g.loader, g.space = space.loader, space
	if space.reason != "" {
		g.report.Reasons = append(g.report.Reasons, space.reason)
	}
	if !space.asIs {
		g.placeBlocks(graph)
		g.writeAnew()
	}
	file := g.best()
	if (g.refused || g.moved[file] && len(g.findings) > 0) && ctx.Err() == nil {
		// Beyond its buffers the program has no meaning, but no result shall show the
		// environment there, which lies on the stack; and zeros where nothing was
		// written are not there.
		g.keepBuffers = true
		g.found = slices.DeleteFunc(g.found, func(r *result) bool { return g.moved[r.File] })
		g.placeBlocks(graph)
		file = g.best()
	}
	if ctx.Err() != nil {
		g.report.Reasons = append(g.report.Reasons, "the search was ended early")
	}
	file.Report.Loader = loader.Name
	if b := g.bounded; file.Report.Space == "" && b != nil && g.whole(file) {
		file.Report.Bound, file.Report.Space = b.Bound, b.Space
	}
	if file.Report.Space == "" {
		file.Report.Bound, file.Report.Space = g.floor(file)
	}
	file.Report.Reasons = append(file.Report.Reasons, g.report.Reasons...)
	file.Report.Obstacles = append(file.Report.Obstacles, g.report.Obstacles...)
	warn(messages, plain, g.findings)
	return file, messages
}

// Assumptions lists what an author can grant beyond the contract of a Linux
// process, by the names in Options.Assume.
var Assumptions = equiv.Assumptions

// golfer collects results.
type golfer struct {
	program  *program.Program
	opts     Options
	loader   *elf.Loader
	space    bound
	plain    *File
	found    []*result
	plan     *synth.Plan
	bounded  *synth.Result // of the plan: only a bound, where no code written anew is smaller
	report   Report        // why ways could not be gone
	objects  []equiv.Range // of the program, where it was taken apart
	findings []equiv.Finding
	// moved are the files in which buffers lie on the stack, keepBuffers excludes
	// more of them.
	moved       map[*File]bool
	apart       map[*File]bool // of which blocks were rewritten each by itself
	keepBuffers bool
	refused     bool // one of moved is not what was written
	// comparing ends the comparisons.
	comparing   context.Context
	comparisons sync.WaitGroup
	// told is the smallest size that was told of as progress.
	telling sync.Mutex
	told    int
}

// grace is how long after the end of a search the comparison of what it has
// found may take.
const grace = time.Second

// result is a file that was found.
type result struct {
	*File
	begun   bool
	checked chan struct{} // closed when the following is known
	verdict equiv.Verdict
	assumed []string
}

// add takes in a file. It is compared with the plain one while the search goes
// on, so that there is something to answer with whenever that ends; unless its
// instructions are as written: most often there will be a better one.
func (g *golfer) add(f *File) {
	r := &result{File: f, checked: make(chan struct{})}
	g.found = append(g.found, r)
	if !f.Report.Method.keepsCode() {
		g.compare(r)
	}
	g.tell(len(f.Bytes), f.Report.Method)
}

// whole reports whether a file is one of those of which the bound is known: all data
// of the plan lie in it.
func (g *golfer) whole(f *File) bool {
	for _, b := range g.plan.Blobs {
		if !bytes.Contains(f.Bytes, b) {
			return false
		}
	}
	return int64(len(f.Bytes)) >= g.bounded.Bound
}

// compare begins to compare a result, unless that was done before.
func (g *golfer) compare(r *result) {
	if r.begun {
		return
	}
	r.begun = true
	g.comparisons.Go(func() {
		defer close(r.checked)
		r.verdict, r.assumed = g.check(r.File)
	})
}

// placeBlocks places the program's blocks into the headers: as they are, and
// rewritten to be shorter.
func (g *golfer) placeBlocks(graph *flow.Graph) {
	g.objects = Objects(g.plain, graph)
	var asWritten *File
	var err error
	var files [2]*File
	var reasons []string
	var group sync.WaitGroup
	group.Go(func() { asWritten, err = g.place(g.opts.Context, graph, place.Options{}, Placed) })
	if len(graph.Doubts) == 0 {
		files, reasons = g.rewrite(graph)
	}
	group.Wait()
	if err != nil && g.opts.Context.Err() == nil { // Of that everybody is told anyway.
		g.report.note(graph, err)
		asWritten = packSections(g.program, g.loader, g.opts)
	}
	g.report.Reasons = append(g.report.Reasons, reasons...)
	for _, file := range []*File{asWritten, files[0], files[1]} {
		if file != nil {
			g.add(file)
		}
	}
}

// rewrite rewrites the blocks to be shorter, and places them. It returns the smallest file of
// graphs that were rewritten as a whole, that of those of which blocks were rewritten each by
// itself, and why not all was tried.
func (g *golfer) rewrite(graph *flow.Graph) (files [2]*File, reasons []string) {
	options := rewrite.Options{LowAddresses: true, KeepBuffers: g.keepBuffers, Effort: g.opts.Effort, Context: g.opts.Context}
	var found []rewritten
	step := func(graph *flow.Graph, changes []rewrite.Change) { found = append(found, rewritten{graph, changes}) }
	search := options
	search.Step = step
	search.Ended = func(reason string) { reasons = append(reasons, reason) }
	step(rewrite.Shorten(graph, search))
	files, err := g.placeRewritten(found, options)
	if err != nil && g.opts.Context.Err() == nil {
		reasons = append(reasons, err.Error())
	}
	return files, reasons
}

// rewritten is a graph with the changes that made it.
type rewritten struct {
	*flow.Graph
	changes []rewrite.Change
}

// eachBlock reports whether blocks were rewritten each by itself.
func (r *rewritten) eachBlock() bool {
	return slices.ContainsFunc(r.changes, func(c rewrite.Change) bool { return c.Rule == rewrite.EachBlock })
}

// placeRewritten places graphs; of files that are equal it takes that of the first one. The
// last graphs, which are the shortest, are placed first: few of the others promise
// anything then, and that is seen soon. Where the search was ended there is time for one.
// The error is why the last one can't be placed.
func (g *golfer) placeRewritten(found []rewritten, options rewrite.Options) (best [2]*File, last error) {
	for i, r := range slices.Backward(found) {
		if g.opts.Context.Err() != nil && (best[0] != nil || best[1] != nil) {
			break
		}
		of := &best[0]
		if r.eachBlock() {
			of = &best[1]
		}
		most := 0
		if *of != nil {
			most = len((*of).Bytes)
		}
		file, err := g.place(g.comparing, r.Graph, place.Options{Known: rewrite.Facts(r.Graph, options), Most: most}, Rewritten)
		if err != nil && i == len(found)-1 {
			last = err
		}
		if err != nil || *of != nil && compareFiles(file, *of) > 0 {
			continue
		}
		*of = file
		for _, c := range r.changes {
			file.Report.Rewrites = append(file.Report.Rewrites, Rewrite{c.Range, c.Text, c.Saved})
			g.moved[file] = g.moved[file] || c.Rule == rewrite.OnStack
			g.apart[file] = g.apart[file] || c.Rule == rewrite.EachBlock
		}
	}
	return best, last
}

// place places the blocks of a graph.
func (g *golfer) place(ctx context.Context, graph *flow.Graph, o place.Options, m Method) (*File, error) {
	o.Better = func(size int) { g.tell(size, m) }
	placed, err := place.Place(ctx, graph, g.loader, o)
	if err != nil {
		return nil, err
	}
	file := placedFile(placed)
	file.Report.Layout, file.Report.Method = "golf", m
	return file, nil
}

// tell tells of a file of some size.
func (g *golfer) tell(size int, m Method) {
	if g.opts.Progress == nil {
		return
	}
	g.telling.Lock()
	defer g.telling.Unlock()
	if size < g.told {
		g.told = size
		g.opts.Progress(Progress{Best: int64(size), Doing: m.String()})
	}
}

// writeAnew forgets the program's instructions and searches for others that
// make its system calls.
func (g *golfer) writeAnew() {
	if g.opts.Context.Err() != nil {
		return
	}
	size, limit := len(g.smallest().Bytes), maxAnew
	if e := g.opts.Effort; e > 0 {
		limit <<= min(e, 20)
	}
	if size >= limit {
		g.report.Reasons = append(g.report.Reasons, fmt.Sprintf("not written anew: that is done for programs below %d bytes", limit))
		return
	}
	trace, reason := equiv.Run(g.plain.Bytes)
	if trace == nil {
		g.report.Reasons = append(g.report.Reasons, "not written anew: the program "+reason)
		return
	}
	plan, reason := planOf(trace)
	if plan == nil {
		g.report.Reasons = append(g.report.Reasons, "not written anew: the program "+reason)
		return
	}
	if n := len(plan.Calls); callSize*n > size {
		g.report.Reasons = append(g.report.Reasons, fmt.Sprintf("no code written anew is smaller: it would call the kernel %d times, with an instruction for each", n))
		return
	}
	g.assume(plan)
	r, err := g.searchAnew(plan, int64(size))
	switch {
	case r == nil && g.opts.Context.Err() != nil:
	case errors.Is(err, synth.ErrNone):
		g.plan, g.bounded = plan, r
		g.report.Reasons = append(g.report.Reasons, "no code written anew is smaller: "+tried(r))
	case err != nil:
		g.report.Reasons = append(g.report.Reasons, "not written anew: "+err.Error())
	default:
		g.add(g.writtenFile(r))
		if int64(len(r.Bytes)) > r.Bound && g.opts.Context.Err() == nil {
			g.report.Reasons = append(g.report.Reasons, "nothing smaller was found: "+tried(r))
		}
	}
}

// callSize is how many bytes an instruction takes that calls the kernel.
const callSize = 2

// tighter are bounds of memory, in bytes, under which searches go other ways.
var tighter = []uint64{1 << 16, 1 << 20, 1 << 24, 1 << 28}

// stricter lists loaders that take only what the one asked for takes, and the memory that
// they may commit, in bytes: searches for them go other ways. They are every Linux for one
// of its versions, and where the author bounds the memory, tighter bounds: so no bound gives
// a larger file than one that is tighter.
func (g *golfer) stricter() (list []synth.Options) {
	if slices.ContainsFunc(elf.Linux.Parts(), func(l *elf.Loader) bool { return l.Name == g.loader.Name }) {
		list = append(list, synth.Options{Loader: elf.Join(g.loader.Name, g.loader.Summary, g.loader, elf.Linux), MaxCharge: g.opts.MaxCharge})
	}
	for _, bound := range tighter {
		if bound < g.opts.MaxCharge && g.opts.MaxCharge < elf.DefaultCharge {
			list = append(list, synth.Options{Loader: g.loader.WithCharge(bound).WithMapped(bound), MaxCharge: bound})
		}
	}
	return list
}

// searchAnew searches for other code that makes a file smaller than upper, in bytes.
func (g *golfer) searchAnew(plan *synth.Plan, upper int64) (*synth.Result, error) {
	o := synth.Options{Loader: g.loader, MaxCharge: g.opts.MaxCharge, Effort: g.opts.Effort, Upper: upper, Context: g.opts.Context}
	if g.opts.Progress != nil {
		o.Progress = func(best, bound int64, doing string) { g.opts.Progress(Progress{best, bound, doing}) }
	}
	r, err := synth.Search(plan, o)
	for _, s := range g.stricter() {
		if err == nil {
			if int64(len(r.Bytes)) == r.Bound {
				break
			}
			o.Upper = int64(len(r.Bytes))
		}
		o.MaxCharge, o.Loader = s.MaxCharge, s.Loader
		if other, err2 := synth.Search(plan, o); err2 == nil {
			if r != nil {
				other.Bound = r.Bound // a stricter loader's own may be higher
			}
			r, err = other, nil
		}
	}
	return r, err
}

// tried says how much of what is smaller was tried.
func tried(r *synth.Result) string {
	if r.Tried < 0 {
		return "not all that looks possible was tried, and more effort may find something"
	}
	all := "all that looks possible was tried"
	if r.Chosen {
		all += " with the data arranged in the ways that leave most room"
	}
	if r.Tried > 0 {
		all += fmt.Sprintf(", and what needs up to %d B less than estimated", r.Tried)
	}
	return all + ", which is no proof"
}

// assume adds to a plan what the author grants.
func (g *golfer) assume(plan *synth.Plan) {
	plan.Words = map[int]uint64{}
	for _, a := range Assumptions {
		if !slices.Contains(g.opts.Assume, a.Name) {
			continue
		}
		maps.Copy(plan.Words, a.Words)
		plan.KeepsReturn = plan.KeepsReturn || a.KeepsReturn
		for _, idle := range a.Idle {
			if call, ok := plannedIdle(plan.ABI, &idle); ok {
				plan.Idle = append(plan.Idle, call)
			}
		}
	}
}

// writtenFile makes a File of what synth has found.
func (g *golfer) writtenFile(r *synth.Result) *File {
	f := finished(&r.Finished)
	f.Report.Layout, f.Report.Method, f.Report.Bound, f.Report.Space = "golf", WrittenAnew, r.Bound, r.Space
	for _, s := range r.Steps {
		f.Parts = append(f.Parts, Part{Offset: int64(s.Offset), Size: int64(s.Length), Address: r.Address + uint64(s.Offset), Kind: CodePart, Why: s.Remark})
	}
	for _, d := range r.Data {
		f.Parts = append(f.Parts, Part{Offset: int64(d.Offset), Size: int64(d.Length), Address: r.Address + uint64(d.Offset), Kind: DataPart})
	}
	return f
}

// smallest returns the smallest file so far, the plain one included.
func (g *golfer) smallest() *File {
	least := g.plain
	for _, r := range g.found {
		if compareFiles(r.File, least) < 0 {
			least = r.File
		}
	}
	return least
}

// compareFiles puts smaller files first, and of two of a size the one that asks less
// of the host: commits less memory, then occupies fewer addresses.
func compareFiles(a, b *File) int {
	return cmp.Or(len(a.Bytes)-len(b.Bytes), a.Report.Compare(b.Report.Ask))
}

// best returns the smallest file that was confirmed to behave as the plain one
// does. A file that does not is a mistake of this program, and is told as such.
// Where what the program does can't be established, or not in time, its
// instructions have to stay as they are: then the best is what Pack makes. And where
// blocks were rewritten each by itself, a larger file that is proved is better than one
// that is not.
func (g *golfer) best() *File {
	slices.SortStableFunc(g.found, func(a, b *result) int { return compareFiles(a.File, b.File) })
	best := g.plain
	var apart *result         // is the same, but that is not proved
	var shown []equiv.Verdict // that leave only the plain one, unless a file is found to do the same
	for _, f := range g.found {
		if compareFiles(f.File, g.plain) >= 0 {
			break
		}
		g.compare(f)
		<-f.checked
		v := f.verdict
		if g.findings == nil {
			g.findings = v.Findings
		}
		if v.Outcome == equiv.Unclear && f.Report.Method.keepsCode() && !g.space.binds(v) {
			best, f.Report.Layout = f.File, "pack"
		}
		switch {
		case v.Shown:
			shown = append(shown, v)
		case v.Outcome == equiv.Same && g.apart[f.File] && !v.Proved && apart == nil:
			apart = f
		case v.Outcome == equiv.Same:
			if apart != nil && !v.Proved {
				f = apart
			}
			return f.confirmed()
		case v.Outcome == equiv.Different && g.moved[f.File]:
			g.refused = true
		case v.Outcome == equiv.Different && f.Report.Method == SectionsAsWritten:
			g.report.Reasons = append(g.report.Reasons, "not packed: the result "+v.Reason)
		case v.Outcome == equiv.Unclear && f.Report.Method == SectionsAsWritten && g.comparing.Err() == nil:
			g.report.Reasons = append(g.report.Reasons, "not compared: it "+v.Reason)
		case v.Outcome == equiv.Different:
			g.report.Reasons = append(g.report.Reasons, fmt.Sprintf("internal error: %d bytes, %s, are not what was written: the result %s", len(f.Bytes), f.Report.Method, v.Reason))
		case g.comparing.Err() != nil:
			g.report.Reasons = append(g.report.Reasons, fmt.Sprintf("%d bytes, %s, could not be compared in time", len(f.Bytes), f.Report.Method))
		default:
			g.report.block("not golfed: what the program does can't be established: it "+v.Reason, sourceAt(g.plain, v.Address), "")
		}
	}
	if apart != nil {
		return apart.confirmed()
	}
	for _, v := range shown {
		g.report.block("only the plain layout keeps what the program does: it "+v.Reason, sourceAt(g.plain, v.Address), "")
	}
	return best
}

// confirmed is the file of a result that is the same, with how that was found.
func (r *result) confirmed() *File {
	r.Report.Assumptions = r.assumed
	r.Report.confirm(r.verdict)
	return r.File
}

// confirm notes how a file was found to do the same as the plain one.
func (r *Report) confirm(v equiv.Verdict) {
	r.Checked = v.How
	if !v.Proved && v.Unproved != "" {
		r.Reasons = append(r.Reasons, "not proved, only compared: "+v.Unproved)
	}
}

// check compares a file with the plain one: taking nothing for granted if that
// will do, else with what the author granted. It returns what was granted and
// needed.
func (g *golfer) check(f *File) (equiv.Verdict, []string) {
	v := equiv.Check(g.plain.Bytes, f.Bytes, equiv.Options{Loader: g.loader, Objects: g.objects, Context: g.comparing})
	if v.Outcome == equiv.Same || len(g.opts.Assume) == 0 || g.comparing.Err() != nil {
		return v, nil
	}
	return equiv.Check(g.plain.Bytes, f.Bytes, equiv.Options{Loader: g.loader, Objects: g.objects, Assume: g.opts.Assume, Context: g.comparing}), g.opts.Assume
}
