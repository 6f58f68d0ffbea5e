// Starts "tasm lsp" for sources, and ends it with the editor.
const { workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

exports.activate = () => {
  const command = workspace.getConfiguration("tasm").get("path");
  client = new LanguageClient(
    "tasm",
    { command, args: ["lsp"] },
    {
      documentSelector: [{ language: "tasm" }],
      // Included files are read anew when they change on the disk.
      synchronize: { fileEvents: workspace.createFileSystemWatcher("**/*.{tasm,asm,inc,mac,nasm}") },
    },
  );
  return client.start();
};

exports.deactivate = () => client && client.stop();
