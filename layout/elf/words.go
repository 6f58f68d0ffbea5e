package elf

// Words says in plain words what a rule is for; "" where its constraint says all.
func (r *Rule) Words() string { return ruleWords[r.Name] }

// ruleWords explain the rules of Linux, by name.
var ruleWords = map[string]string{
	"magic":                        "by these four bytes the kernel knows an ELF file",
	"type":                         "the kernel runs files with fixed addresses, and those that can lie anywhere",
	"machine 386":                  "the kernel takes the file for a 32-bit program of x86 by this number",
	"machine x86-64":               "the kernel takes the file for a 64-bit program of x86 by this number",
	"entry size 32":                "the kernel insists on the size that a program header has",
	"entry size 64":                "the kernel insists on the size that a program header has",
	"some headers":                 "without a program header there is nothing to load",
	"few headers":                  "the program headers have to fit into a page of the kernel's memory",
	"table in file 32":             "all program headers have to lie in the file",
	"table in file 64":             "all program headers have to lie in the file",
	"load":                         "only this type of segment is put into memory",
	"sizes in order":               "a segment can't take more from the file than it has room for",
	"offset agrees":                "memory is mapped in whole pages of 4096 bytes, so a byte keeps its place within its page",
	"code's offset agrees":         "memory is mapped in whole pages of 4096 bytes, so a byte keeps its place within its page",
	"address space":                "the segment has to end below where the addresses of programs end",
	"lowest address":               "the first pages stay empty, so that a null pointer is noticed",
	"below the stack":              "what comes from the file must not reach into the stack",
	"zeros below the stack":        "the zeros behind it must not reach into the stack",
	"room":                         "the kernel has to find that much room in one piece",
	"mapped memory":                "a segment can be told to occupy no more addresses than this",
	"charge":                       "memory that the file does not fill is promised, and a host may have less to promise",
	"charge of writable memory":    "every page that can be written to is promised, and a host may have less to promise",
	"first page":                   "the file has one page only, and code comes from it",
	"entry in the page":            "the first instruction has to lie in the page that the file is mapped to",
	"entry not before the segment": "the first instruction has to lie in memory",
	"entry not behind the segment": "the first instruction has to lie in memory",
	"entry in the file":            "the first instruction has to come from the file and not from the zeros behind it",
	"executable 32":                "32-bit code can be executed where it can be read",
	"executable 64":                "64-bit code can be executed only where the segment says so",
	"file survives":                "behind the segment's part of the file a writable page is cleared, code or not",
	"tail can be zeroed":           "kernels before 6.7 clear the rest of the last page, and give up where they can't; a part that ends with its page leaves no rest",
	"writable tail can be zeroed":  "kernels clear the rest of the last page where that can be written to",
	"code comes from the page":     "kernels before 6.7 map the page if the segment takes anything of it, or begins within it",
	"code comes from the file":     "a segment that takes nothing from the file holds no code",
	"readable":                     "the program has to read its own data there",
}
