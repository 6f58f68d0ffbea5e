.PHONY: build test bench update

# The command, in this folder.
build:
	go build -o tasm ./cmd/tasm

# Formatting, vet, staticcheck and all tests. Installs the tools that they need.
test:
	scripts/test.sh

# Timings beside those of docker build, nasm and yasm.
bench:
	go run ./bench

# Rewrites expected results after an intended change; read the difference after.
update:
	go test ./diag ./cmd/tasm -update
