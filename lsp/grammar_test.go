package lsp

import (
	"bytes"
	"os"
	"testing"
)

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
