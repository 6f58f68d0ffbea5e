package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestNeovim lets a real editor, configured as docs/editors.md says, talk to the
// server: it is told of a mistake, mends it, asks, renames and formats.
func TestNeovim(t *testing.T) {
	dir := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", filepath.Join(dir, "tasm"), ".").CombinedOutput(); err != nil {
		t.Fatalf("%s\n%s", err, out)
	}
	docs, err := os.ReadFile("../../docs/editors.md")
	if err != nil {
		t.Fatal(err)
	}
	_, config, _ := strings.Cut(string(docs), "```lua\n")
	config, _, _ = strings.Cut(config, "```")
	for name, text := range map[string]string{
		"init.lua":  config,
		"drive.lua": driveNeovim,
		"a.tasm":    "target linux/386\n%include \"b.inc\"\nstart: mvo eax, one\n  jz start\n  sys exit, eax\n",
		"b.inc":     "one equ 1\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("nvim", "--headless", "-n", "-i", "NONE", "-u", "init.lua", "a.tasm", "-c", "luafile drive.lua")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "HOME="+dir, "XDG_CONFIG_HOME="+dir)
	cmd.WaitDelay = time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	end := time.AfterFunc(4*time.Minute, func() { cmd.Process.Kill() })
	defer end.Stop()
	if err := cmd.Run(); err != nil {
		t.Fatalf("nvim: %s\n%s", err, out.String())
	}
	said, _ := os.ReadFile(filepath.Join(dir, "said"))
	const want = `3:7 unknown instruction 'mvo'
did you mean 'mov'?
Replace 'mvo' by 'mov'
mended
hover: copy a value
hint: B8 01 00 00 00  5 B
definition: b.inc
target linux/386
%include "b.inc"
begin:  mov     eax, one
        jz      begin
        sys     exit, eax
`
	if string(said) != want {
		t.Errorf("Neovim shows\n%s\nwant\n%s\n%s", said, want, out.String())
	}
}

// driveNeovim is what the user does.
const driveNeovim = `
local out = io.open("said", "w")
local function say(s) out:write(s .. "\n") end
local function ask(method, line, character, more)
  local params = { textDocument = vim.lsp.util.make_text_document_params(), position = { line = line, character = character } }
  params.range = { start = params.position, ["end"] = params.position }
  for k, v in pairs(more or {}) do params[k] = v end
  local answers, err = vim.lsp.buf_request_sync(0, method, params, 60000)
  if err then error(method .. ": " .. err) end
  for _, a in pairs(answers) do
    if a.error then error(method .. ": " .. a.error.message) end
    return a.result
  end
end
local function main()
  local function wait(n) assert(vim.wait(120000, function() return #vim.diagnostic.get(0) == n end, 20), "no " .. n .. " messages") end
  wait(1)
  local d = vim.diagnostic.get(0)[1]
  say((d.lnum + 1) .. ":" .. d.col .. " " .. d.message)
  local action = ask("textDocument/codeAction", 2, 8, { context = { diagnostics = {} } })[1]
  say(action.title)
  vim.lsp.util.apply_workspace_edit(action.edit, "utf-16")
  wait(0)
  say("mended")
  say("hover: " .. ask("textDocument/hover", 2, 8).contents.value:match("copy a value"))
  say("hint: " .. ask("textDocument/inlayHint", 2, 0, { range = { start = { line = 0, character = 0 }, ["end"] = { line = 9, character = 0 } } })[1].label)
  say("definition: " .. ask("textDocument/definition", 2, 18)[1].uri:match("[^/]*$"))
  vim.lsp.util.apply_workspace_edit(ask("textDocument/rename", 2, 1, { newName = "begin" }), "utf-16")
  vim.lsp.util.apply_text_edits(ask("textDocument/formatting", 0, 0, { options = { tabSize = 8, insertSpaces = true } }), 0, "utf-16")
  for _, line in ipairs(vim.api.nvim_buf_get_lines(0, 0, -1, false)) do say(line) end
end
local ok, err = pcall(main)
if not ok then say(tostring(err)) end
out:close()
vim.cmd("qa!")
`
