.PHONY: build test bench kernels update

# The command, in this folder.
build:
	go build -o tasm ./cmd/tasm

# Formatting, vet, staticcheck and all tests. Installs the tools that they need.
test:
	scripts/test.sh

# Timings beside those of docker build, nasm and yasm.
bench:
	go run ./bench

# The rules for loaders and all samples on real kernels of several versions, in
# emulated PCs. Fetches the kernels; needs apt-get and qemu-system-x86.
kernels:
	scripts/kernels.sh

# Rewrites expected results after an intended change; read the difference after.
update:
	go test ./diag ./cmd/tasm -update
