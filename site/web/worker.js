// A worker that runs the engine; the build puts Go's wasm_exec.js in front. A compiled
// module, or the bytes of one, starts it; texts are for the engine. It
// fetches nothing itself: without a network only the page is sure of what was kept.
const compile = async (bytes) => {
  const head = new Uint8Array(bytes, 0, 2);
  // Some servers unpack such files by themselves.
  const packed = head[0] === 0x1f && head[1] === 0x8b;
  const body = new Response(bytes).body;
  const plain = packed ? body.pipeThrough(new DecompressionStream("gzip")) : body;
  return WebAssembly.compile(await new Response(plain).arrayBuffer());
};

const waiting = [];
self.tasmPost = (message) => self.postMessage(message);
self.onmessage = async ({ data }) => {
  if (typeof data === "string") {
    if (self.tasmHandle) self.tasmHandle(data);
    else waiting.push(data);
    return;
  }
  try {
    const module = data instanceof ArrayBuffer ? await compile(data) : data;
    if (module !== data) self.postMessage({ module });
    const go = new Go();
    const instance = await WebAssembly.instantiate(module, go.importObject);
    go.run(instance).then(() => self.postMessage({ failed: "the engine has ended" }));
    for (const m of waiting.splice(0)) self.tasmHandle(m);
  } catch (e) {
    self.postMessage({ failed: String(e) });
  }
};
