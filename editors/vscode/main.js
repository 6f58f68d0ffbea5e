// Starts "tasm lsp" for sources, and ends it with the editor.
const { execFile } = require("child_process");
const { window, workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

// path is the command, as the settings have it.
const path = () => workspace.getConfiguration("tasm").get("path");

// answers tells whether a command is this tasm: another one, for sources of Turbo
// Assembler, comes with yasm.
const answers = (command) =>
  new Promise((resolve) => execFile(command, ["version"], (error, out) => resolve(!error && /^tasm /.test(out))));

async function start() {
  const command = path();
  if (!(await answers(command))) {
    window.showErrorMessage(`'${command} version' does not answer as tasm does: let the setting tasm.path name the command.`);
    return;
  }
  client = new LanguageClient(
    "tasm",
    { command, args: ["lsp"] },
    {
      documentSelector: [{ language: "tasm" }],
      // Included files are read anew when they change on the disk.
      synchronize: { fileEvents: workspace.createFileSystemWatcher("**/*.{tasm,asm,inc,mac,nasm}") },
    },
  );
  await client.start();
}

async function stop() {
  await client?.stop();
  client = undefined;
}

exports.activate = async (context) => {
  context.subscriptions.push(
    workspace.onDidChangeConfiguration(async (change) => {
      if (change.affectsConfiguration("tasm.path")) {
        await stop();
        await start();
      }
    }),
  );
  await start();
};

exports.deactivate = stop;
