// The page of the playground.
import { Editor } from "./editor.js";
import { Engine } from "./engine.js";
import { Map_ } from "./map.js";
import { html } from "./markdown.js";
import { pack, unpack } from "./share.js";

const hello = `; Change this program: each line shows the bytes that it becomes.

target linux/386
entry _start

section .text
_start:
        mov     eax, 4          ; request 4 is write:
        mov     ebx, 1          ;   to file 1, which is standard output,
        mov     ecx, msg        ;   the bytes at this address,
        mov     edx, msg.len    ;   this many of them
        int     0x80

        mov     eax, 1          ; request 1 is exit
        mov     ebx, 0          ;   with status 0
        int     0x80

section .rodata
msg:    db      "Hello!", 10
.len    equ     $ - msg
`;

const $ = (id) => document.getElementById(id);
const status = (text) => ($("status").textContent = text);
const store = {
  get: (key) => { try { return localStorage.getItem(key); } catch { return null; } },
  set: (key, value) => { try { localStorage.setItem(key, value); } catch { /* private windows keep nothing */ } },
};

// What was built last.
let product = null;
let golf = null; // the engine of a search
let runner; // the engine that has made the file and runs it
let module = null;
let running = false;

const dark = (on) => {
  document.documentElement.classList.toggle("dark", on);
  $("theme").setAttribute("aria-pressed", String(on));
};
dark((store.get("theme") ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark");
$("theme").onclick = () => {
  dark(!document.documentElement.classList.contains("dark"));
  store.set("theme", document.documentElement.classList.contains("dark") ? "dark" : "light");
};

const engine = new Engine(null);
runner = engine;
const map = new Map_($("map"), $("owners"), (lines) => editor.light(lines));

let later = 0;
const editor = new Editor($("editor"), await initial(), engine, {
  changed: (fixes) => {
    $("fixes").replaceChildren(...fixes.slice(0, 10).map((f) => {
      const b = document.createElement("button");
      b.type = "button";
      b.textContent = f.title;
      b.onclick = () => (f.apply(), editor.view.focus());
      return b;
    }));
    clearTimeout(later);
    later = setTimeout(rebuild, 100);
  },
  moved: (line) => map.line(line),
  toggled: (line, on) => ($("breaks").textContent = `Breakpoint in line ${line} ${on ? "set" : "removed"}.`),
  keys: [
    { key: "F8", run: () => (editor.toggleBreak(), true) },
    { key: "F10", run: () => (move(1), true) },
    { key: "F9", run: () => (move(-1), true) },
  ],
});
document.addEventListener("keydown", (e) => {
  if (e.defaultPrevented) return;
  if (e.key === "F10") { e.preventDefault(); move(1); }
  if (e.key === "F9") { e.preventDefault(); move(-1); }
});

async function initial() {
  const shared = location.hash.match(/^#s=(.+)$/)?.[1];
  if (shared) {
    try { return await unpack(shared); } catch { status("the link is damaged"); }
  }
  return store.get("source") ?? hello;
}

// show makes a product what the page is about.
function show(p) {
  product = p;
  $("messages").textContent = p.messages || "no mistakes";
  $("messages").classList.toggle("bad", p.errors > 0);
  const there = Boolean(p.bytes);
  $("size").textContent = there ? `${p.size} bytes, ${p.layout}` : "";
  $("download").disabled = !there;
  $("image").disabled = !p.image;
  $("golf").disabled = !there || !p.target;
  $("start").disabled = !there || !p.target;
  map.show(p.listing);
  reset();
}

async function rebuild() {
  stop();
  store.set("source", editor.text);
  $("progress").textContent = "";
  show(await engine.call("build", { text: editor.text, layout: $("layout").value }));
}
$("layout").onchange = rebuild;

// stop ends the search that goes on, if any, and the engine of one that has ended.
function stop() {
  golf?.end();
  golf = null;
  runner = engine;
  $("stop").hidden = true;
  $("golf").hidden = false;
}
// The search is asked to end, and then answers with the best that it has.
$("stop").onclick = () => {
  golf?.interrupt();
  $("stop").disabled = true;
  $("progress").textContent = `stopping… ${$("progress").textContent}`;
};

$("golf").onclick = async () => {
  stop();
  $("golf").hidden = true;
  $("stop").hidden = $("stop").disabled = false;
  $("stop").focus();
  $("progress").textContent = "searching…";
  const own = (golf = new Engine(module));
  const begin = performance.now();
  own.on("progress", (p) => {
    if ($("stop").disabled) return;
    const best = p.best ? `best so far ${p.best} bytes` : "no file yet";
    $("progress").textContent = `${best}; none can be below ${p.bound}; ${p.doing} (${Math.round((performance.now() - begin) / 1000)} s)`;
  });
  try {
    const text = editor.text;
    const p = await own.call("build", { text, layout: "golf", seconds: Number($("seconds").value) });
    if (golf !== own) return;
    runner = own; // which has the file, and so runs it
    $("stop").hidden = true;
    $("golf").hidden = false;
    show(p);
    $("golf").focus();
    $("progress").textContent = p.bytes ? `${p.size} bytes, ${p.whole ? "the smallest found" : "the smallest found so far"} and compared with the program as written` : "nothing was found in this time";
  } catch (e) {
    if (golf === own) { stop(); $("progress").textContent = String(e.message); }
  }
};

function reset() {
  running = false;
  editor.next(0);
  map.address(null);
  $("state").hidden = true;
  $("where").textContent = "";
  $("output").textContent = "";
  for (const id of ["back", "step", "run", "runback"]) $(id).disabled = true;
}

function table(id, cells) {
  $(id).replaceChildren(...cells.map((c) => {
    const row = document.createElement("tr");
    row.className = c.changed ? "changed" : "";
    const head = document.createElement("th");
    head.scope = "row";
    head.textContent = c.name;
    const value = document.createElement("td");
    value.textContent = c.value + (c.changed ? " ●" : "");
    const note = document.createElement("td");
    note.className = "note";
    note.textContent = c.note ?? "";
    row.append(head, value, note);
    return row;
  }));
}

function showState(s) {
  running = true;
  $("state").hidden = false;
  for (const id of ["registers", "flags", "stack", "memory"]) table(id, s[id]);
  $("output").textContent = s.output;
  $("back").disabled = $("runback").disabled = s.steps === 0;
  $("step").disabled = $("run").disabled = s.ended;
  const stopped = s.breaking ? "stopped at a breakpoint, " : "";
  $("where").textContent = s.more && going ? `running, ${s.steps} steps so far` : s.ended ? `after ${s.steps} steps: ${s.why}` : `${stopped}${s.steps} steps; next: ${s.instruction}${s.line ? `, line ${s.line}` : ""}`;
  editor.next(s.line);
  map.address(s.ended ? null : s.address);
}

async function guarded(f) {
  try { await f(); } catch (e) { $("where").textContent = e.message; }
}

$("start").onclick = () => guarded(async () => {
  showState(await runner.call("start", { args: $("args").value, input: $("input").value }));
  $("start").textContent = "Restart";
});
const move = (count) => {
  if (running && product) guarded(async () => showState(await runner.call("step", { count })));
};
$("step").onclick = () => move(1);
$("back").onclick = () => move(-1);
// run goes on until the engine says that there is no more to run, or is asked to pause.
let going = false;
const run = async (back) => {
  if (going || !running || !product) {
    going = false;
    return;
  }
  const button = $(back ? "runback" : "run");
  const name = button.textContent;
  going = true;
  button.textContent = "Pause";
  await guarded(async () => {
    let more = true;
    while (more && running) {
      const state = await runner.call("run", { lines: editor.breaks, back });
      more = state.more && going;
      if (!more) going = false;
      if (running) showState(state);
    }
  });
  going = false;
  button.textContent = name;
};
$("run").onclick = () => run(false);
$("runback").onclick = () => run(true);

$("format").onclick = () => editor.format();
$("share").onclick = async () => {
  history.replaceState(null, "", `#s=${await pack(editor.text)}`);
  try {
    await navigator.clipboard.writeText(location.href);
    status("link copied");
  } catch {
    status("the link is in the address bar");
  }
};
// save has the browser keep bytes, in base64, as a file.
function save(base64, name) {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const a = document.createElement("a");
  a.href = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 1000);
}
$("download").onclick = () => save(product.bytes, product.target ? "main" : "main.bin");

let containers = null; // the engine for images, fetched with the first one
$("image").onclick = async () => {
  const { bytes, image } = product;
  status(containers ? "making the image…" : "fetching what images need…");
  try {
    containers ??= new Engine(null, "container");
    await containers.ready;
    save(await containers.call("image", { bytes, name: "main", ...image }), "image.tar");
    status("the image is saved; next: docker load -i image.tar");
  } catch (e) {
    status(`no image: ${e.message}`);
  }
};

addEventListener("hashchange", async () => {
  const shared = location.hash.match(/^#s=(.+)$/)?.[1];
  if (shared) editor.text = await unpack(shared).catch(() => editor.text);
});

// Lessons.
const done = new Set(JSON.parse(store.get("done") ?? "[]"));

function exercise(x) {
  const box = document.createElement("div");
  box.className = "exercise";
  const title = document.createElement("h3");
  const mark = () => (title.textContent = `Exercise ${x.Name}${done.has(x.Name) ? " ✓ done" : ""}`);
  mark();
  const load = document.createElement("button");
  load.type = "button";
  load.textContent = "Begin";
  load.onclick = () => (editor.text = x.Start.Text);
  const check = document.createElement("button");
  check.type = "button";
  check.textContent = "Check";
  const said = document.createElement("pre");
  said.setAttribute("role", "status");
  said.hidden = true;
  check.onclick = async () => {
    said.hidden = false;
    said.textContent = "running…";
    try {
      const results = await engine.call("check", { exercise: x.Name, text: editor.text });
      said.textContent = results.map((r) => `${r.passed ? "✓" : "✗"} ${r.name}${r.said.map((s) => `\n  ${s.replaceAll("\n", "\n  ")}`).join("")}`).join("\n");
      if (results.length && results.every((r) => r.passed)) {
        done.add(x.Name);
        store.set("done", JSON.stringify([...done]));
        mark();
      }
    } catch (e) {
      said.textContent = e.message;
    }
  };
  const bar = document.createElement("div");
  bar.className = "bar";
  bar.append(load, check);
  box.append(title, bar, said);
  return box;
}

$("lesson").onchange = async () => {
  const number = Number($("lesson").value);
  $("lesson-page").hidden = number === 0;
  if (!number) return;
  const l = await engine.call("lessons", { number });
  $("lesson-title").textContent = `${l.Number}. ${l.Title}`;
  $("lesson-text").innerHTML = html(l.Page.replace(/^\s*#[^\n]*\n/, "")); // its title stands above
  for (const p of $("lesson-text").querySelectorAll("pre, table")) p.tabIndex = 0;
  $("exercises").replaceChildren(
    ...(l.Examples ?? []).map((x) => {
      const b = document.createElement("button");
      b.type = "button";
      b.textContent = `Load ${x.Name}`;
      b.onclick = () => (editor.text = x.Text);
      return b;
    }),
    ...(l.Exercises ?? []).map(exercise),
  );
};

try {
  module = await engine.ready;
  status("ready");
  await editor.open();
  performance.mark("ready");
  const list = await engine.call("lessons", {});
  for (const l of list) $("lesson").append(new Option(`${l.number}. ${l.title}`, l.number));
} catch (e) {
  status(`the engine does not start: ${e.message}`);
}

// A worker keeps the page's files for times without a network. Where the server has no
// such worker, as tasm play, which needs none, the page works as long as it is there.
navigator.serviceWorker?.register("offline.js").catch(() => {});
