// Colours the sources that are named with the extension's grammar, in VS Code's own engine for
// such grammars, and prints each piece that has a colour with its scope.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
const require = createRequire(import.meta.url);
const oniguruma = require("vscode-oniguruma");
const textmate = require("vscode-textmate");

await oniguruma.loadWASM(readFileSync(require.resolve("vscode-oniguruma/release/onig.wasm")).buffer);
const registry = new textmate.Registry({
  onigLib: { createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns), createOnigString: (s) => new oniguruma.OnigString(s) },
  loadGrammar: (scope) => textmate.parseRawGrammar(readFileSync(new URL("syntaxes/tasm.tmLanguage.json", import.meta.url), "utf8"), `${scope}.json`),
});
const grammar = await registry.loadGrammar("source.tasm");
for (const file of process.argv.slice(2)) {
  let state = textmate.INITIAL;
  for (const line of readFileSync(file, "utf8").split("\n")) {
    const made = grammar.tokenizeLine(line, state);
    state = made.ruleStack;
    console.log(line);
    for (const t of made.tokens) {
      const scope = t.scopes.slice(1).join(" ");
      if (scope) console.log(`  ${JSON.stringify(line.slice(t.startIndex, t.endIndex))} ${scope}`);
    }
  }
}
