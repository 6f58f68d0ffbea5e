.PHONY: instructions build test bench ladder kernels mutants random update

# The command, in this folder. Without cgo it needs no libc, and takes 1 MB of memory less.
build:
	CGO_ENABLED=0 go build -o tasm ./cmd/tasm

# Formatting, vet, staticcheck and all tests. Installs the tools that they need.
test:
	scripts/test.sh

# Timings beside those of docker build, nasm and yasm.
bench:
	go run ./bench

# Random sources of directives and of instructions, beside nasm, and generated programs
# in the virtual machine and on the processor: some minutes.
.PHONY: differential
differential:
	go test ./test/conformance -run 'Grammars|RandomDirectives|RandomPrograms|MutatedLines' -timeout 90m -sentences 10000 -sources 40000 -programs 10000 -mutants 20000
	go test ./process -run Generated -timeout 60m -programs 2000

# The table and pictures of README.md: every rung of the competition rebuilt with
# its own tools, run in a real engine and pushed. Needs apt-get and root.
ladder:
	scripts/ladder.sh

# Sources of a megabyte that are made to take time and memory, against nasm.
.PHONY: hostile
hostile:
	go test ./test/conformance -run TestHostileShapes -timeout 60m -shape 1048576

# All instructions of the vector forms against nasm, and decoded again.
instructions:
	EVERY=1 go test ./codegen/x86 -run Vectors -v

# The rules for loaders and all samples on real kernels of several versions, in
# emulated PCs. Fetches the kernels; needs apt-get and qemu-system-x86.
kernels:
	scripts/kernels.sh

# A thousand changed bytes against the proofs by induction, and many runs of those
# that are proved to make no difference: some ten minutes.
mutants:
	go test ./layout/equiv -run TestMutants -v -timeout 60m -args -mutants 1000 -runs 2000

# The processors of the optimiser against package machine, which is tested against real
# ones: millions of random instructions.
.PHONY: machines
machines:
	go test ./layout/synth -run TestStepAsMachine -tries 6000000
	go test ./layout/rewrite -run TestAnalysisAsMachine -tries 1000000

# Sizes of 65 programs in all layouts beside what they were: some minutes. The table is
# test/golf/testdata/frozen.tsv.
.PHONY: frozen
frozen:
	go test ./test/golf -run TestFrozen -v -timeout 0 -every 1

# The language server: every prefix of every sample is asked everything about, and any text
# edited through the protocol: some twenty minutes.
.PHONY: editing
editing:
	go test ./lsp -run TestPrefixes -stride 1 -timeout 0
	go test ./lsp -run XXX -fuzz FuzzServer -fuzztime 10m

# Rewrites expected results after an intended change; read the difference after.
update:
	go test ./diag ./format ./lsp ./manual ./cmd/tasm -update

# The manual page, tasm.1.
.PHONY: man
man:
	go run ./cmd/tasm help --man > tasm.1

# Ten thousand random programs of all kinds for each target, laid out in all ways, run and
# compared: some hours.
random:
	REWRITE_SEEDS=0-2000 go test ./layout/rewrite -run 'TestRandom(Programs|Choices|Calls)' -timeout 0
	go test ./layout -run 'TestRandomPrograms|TestMixedPrograms|TestNoMistakes|TestPack' -programs 20000 -timeout 0

# The extension for VS Code, editors/vscode/tasm.vsix. Needs node and npm.
.PHONY: vscode
vscode:
	cd editors/vscode && npm ci --no-audit --no-fund && npm run package

# The playground, in site/dist: files for any web server. Needs node and npm.
.PHONY: site
site:
	cd site/web && npm ci --no-audit --no-fund && node build.mjs

# The command with the playground in it, for tasm play.
.PHONY: tasm
tasm: site
	CGO_ENABLED=0 go build -tags site -o tasm ./cmd/tasm
