.PHONY: build test bench ladder kernels update

# The command, in this folder.
build:
	go build -o tasm ./cmd/tasm

# Formatting, vet, staticcheck and all tests. Installs the tools that they need.
test:
	scripts/test.sh

# Timings beside those of docker build, nasm and yasm.
bench:
	go run ./bench

# The table and pictures of README.md: every rung of the competition rebuilt with
# its own tools, run in a real engine and pushed. Needs apt-get and root.
ladder:
	scripts/ladder.sh

# The rules for loaders and all samples on real kernels of several versions, in
# emulated PCs. Fetches the kernels; needs apt-get and qemu-system-x86.
kernels:
	scripts/kernels.sh

# Rewrites expected results after an intended change; read the difference after.
update:
	go test ./diag ./cmd/tasm -update
