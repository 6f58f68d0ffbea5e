// A worker that runs the engine. The first message is a compiled module, or null for
// the first worker, which fetches it; all others are for the engine.
importScripts("wasm_exec.js");

const load = async () => {
  const answer = await fetch("tasm.wasm.gz");
  if (!answer.ok) throw new Error(`tasm.wasm.gz: ${answer.status}`);
  const bytes = await answer.arrayBuffer();
  const head = new Uint8Array(bytes, 0, 2);
  // Some servers unpack such files by themselves.
  const packed = head[0] === 0x1f && head[1] === 0x8b;
  const body = new Response(bytes).body;
  const plain = packed ? body.pipeThrough(new DecompressionStream("gzip")) : body;
  return WebAssembly.compile(await new Response(plain).arrayBuffer());
};

const waiting = [];
let started = false;
self.tasmPost = (message) => self.postMessage(message);
self.onmessage = async ({ data }) => {
  if (started) {
    if (self.tasmHandle) self.tasmHandle(data);
    else waiting.push(data);
    return;
  }
  started = true;
  try {
    const module = data ?? (await load());
    if (!data) self.postMessage({ module });
    const go = new Go();
    const instance = await WebAssembly.instantiate(module, go.importObject);
    go.run(instance).then(() => self.postMessage({ failed: "the engine has ended" }));
    for (const m of waiting.splice(0)) self.tasmHandle(m);
  } catch (e) {
    self.postMessage({ failed: String(e) });
  }
};
