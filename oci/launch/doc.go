// Package launch says what will happen when an engine starts the command of an
// image, from the files of the image alone: that the program is not there, may
// not be run, is for another machine, or lacks its interpreter or its libraries.
// Engines report all of these as "no such file or directory" or "exec format
// error", after the image has been shipped.
//
// It follows what engines and kernel do: the command is looked up with PATH, the
// kernel reads the first bytes of the file (fs/binfmt_elf.c, fs/binfmt_script.c),
// and the dynamic linker of an ELF file finds libraries (ld.so(8)).
package launch
