package lsp

import (
	"bytes"
	"os"
	"os/exec"
	"testing"
)

// TestScopes colours a source as VS Code does, with its engine for such grammars.
func TestScopes(t *testing.T) {
	const dir = "../editors/vscode"
	if _, err := os.Stat(dir + "/node_modules/vscode-textmate"); err != nil {
		ci := exec.Command("npm", "ci", "--no-audit", "--no-fund")
		ci.Dir = dir
		if out, err := ci.CombinedOutput(); err != nil {
			t.Fatalf("npm ci: %s\n%s", err, out)
		}
	}
	got, err := exec.Command("node", dir+"/scopes.mjs", "testdata/scopes.tasm").Output()
	if err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/scopes.txt"
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(golden); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s\nis not what %s has (%v)", got, golden, err)
	}
}

// TestGrammar keeps the grammar of the extension for VS Code.
func TestGrammar(t *testing.T) {
	const name = "../editors/vscode/syntaxes/tasm.tmLanguage.json"
	if *update {
		if err := os.WriteFile(name, Grammar(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(name); err != nil || !bytes.Equal(got, Grammar()) {
		t.Errorf("%s is not what the tables give (%v); make update writes it", name, err)
	}
}
