package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
)

// editorHome makes a folder with tasm, some files, and under the name config what
// docs/editors.md has behind a line.
func editorHome(t *testing.T, config, behind string, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", filepath.Join(dir, "tasm"), ".").CombinedOutput(); err != nil {
		t.Fatalf("%s\n%s", err, out)
	}
	docs, err := os.ReadFile("../../docs/editors.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(docs), behind+"\n")
	files[config], _, _ = strings.Cut(text, "```")
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// editorEnv is the environment of an editor whose home is dir.
func editorEnv(dir string) []string {
	return append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "HOME="+dir, "XDG_CONFIG_HOME="+dir, "TERM=xterm")
}

// editorPatience is how long an editor may take on a busy machine.
const editorPatience = 4 * time.Minute

// TestNeovim lets a real editor, configured as docs/editors.md says, talk to the
// server: it is told of a mistake, mends it, asks, renames and formats.
func TestNeovim(t *testing.T) {
	dir := editorHome(t, "init.lua", "```lua", map[string]string{
		"drive.lua": driveNeovim,
		"a.tasm":    "target linux/386\n%include \"b.inc\"\nstart: mvo eax, one\n  jz start\n  sys exit, eax\n",
		"b.inc":     "one equ 1\n",
	})
	cmd := exec.Command("nvim", "--headless", "-n", "-i", "NONE", "-u", "init.lua", "a.tasm", "-c", "luafile drive.lua")
	cmd.Dir = dir
	cmd.Env = editorEnv(dir)
	cmd.WaitDelay = time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	end := time.AfterFunc(editorPatience, func() { cmd.Process.Kill() })
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

// TestEmacs does the like with Emacs, on a terminal of its own, and changes an included
// file behind its back.
func TestEmacs(t *testing.T) {
	dir := editorHome(t, ".emacs", "```elisp", map[string]string{
		"drive.el": driveEmacs,
		"a.tasm":   "target linux/386\n%include \"b.inc\"\nstart: mov eax, one\n  jz start\n  int 0x80\n  sys exit, eax\n",
		"b.inc":    "two equ 2\n",
	})
	// Emacs is not to compile its libraries in the background.
	if err := os.MkdirAll(filepath.Join(dir, ".emacs.d"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, ".emacs.d", "early-init.el"), []byte("(setq native-comp-deferred-compilation nil)\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("emacs", "-nw", "--no-splash", "a.tasm", "-l", "drive.el")
	cmd.Dir = dir
	cmd.Env = editorEnv(dir)
	terminal, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: 80})
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	go io.Copy(io.Discard, terminal)
	end := time.AfterFunc(editorPatience, func() { cmd.Process.Kill() })
	defer end.Stop()
	err = cmd.Wait()
	said, _ := os.ReadFile(filepath.Join(dir, "said"))
	const want = `tasm-mode
tasm: 'one' is not defined
the file changed: none
hover: copy a value
definition: b.inc
shorter: 3 bytes shorter: mov al, one
target linux/386
%include "b.inc"
begin:  mov     eax, one
        jz      begin
        int     0x80
        sys     exit, eax
`
	if string(said) != want {
		t.Errorf("Emacs shows\n%s\nwant\n%s\n%v", said, want, err)
	}
}

// driveEmacs is what the user does.
const driveEmacs = `
(defun say (format &rest args)
  (write-region (concat (apply #'format format args) "\n") nil "said" t 'quiet))
(defun await (what condition)
  (let ((n 0))
    (while (not (funcall condition))
      (when (> (setq n (1+ n)) 4000) (error "No %s" what))
      (sit-for 0.05))))
(defun texts () (mapcar #'flymake-diagnostic-text (flymake-diagnostics)))
(defun ask (method &rest more)
  (jsonrpc-request (eglot-current-server) method (append (eglot--TextDocumentPositionParams) more) :timeout 120))
(defun drive ()
  (condition-case err
      (progn
        (say "%s" major-mode)
        (await "server" #'eglot-current-server)
        (await "mistake" (lambda () (seq-find (lambda (s) (string-match-p "'one'" s)) (texts))))
        (say "%s" (car (split-string (seq-find (lambda (s) (string-match-p "'one'" s)) (texts)) "\n")))
        (write-region "one equ 1\n" nil "b.inc" nil 'quiet)
        (await "change" (lambda () (not (seq-find (lambda (s) (string-match-p "'one'" s)) (texts)))))
        (say "the file changed: none")
        (goto-char (point-min))
        (search-forward "mov")
        (let ((text (plist-get (plist-get (ask :textDocument/hover) :contents) :value)))
          (say "hover: %s" (and (string-match "copy a value" text) (match-string 0 text))))
        (search-forward "one")
        (say "definition: %s" (file-name-nondirectory (plist-get (elt (ask :textDocument/definition) 0) :uri)))
        (let ((here (list :start (eglot--pos-to-lsp-position) :end (eglot--pos-to-lsp-position))))
          (say "shorter: %s" (plist-get (elt (ask :textDocument/codeAction :range here :context '(:diagnostics [] :only ["refactor"])) 0) :title)))
        (goto-char (point-min))
        (search-forward "start")
        (backward-char)
        (eglot-rename "begin")
        (eglot-format-buffer)
        (say "%s" (string-trim-right (buffer-substring-no-properties (point-min) (point-max)))))
    (error (say "%s" (error-message-string err))))
  (kill-emacs))
(run-with-idle-timer 0.5 nil #'drive) ; behind the hook that starts the server
`
