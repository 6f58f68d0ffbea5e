// A worker that runs the engine; the build puts Go's wasm_exec.js in front. A compiled
// module, or its file as a stream or bytes, starts it; texts are for the engine. It
// fetches nothing itself: without a network only the page is sure of what was kept.

// compile compiles what has come while the rest is on its way.
const compile = async (file) => {
  const reader = new Response(file).body.getReader();
  const first = await reader.read();
  const body = new ReadableStream({
    start: (c) => c.enqueue(first.value),
    async pull(c) {
      const { done, value } = await reader.read();
      if (done) c.close();
      else c.enqueue(value);
    },
  });
  // Some servers unpack such files by themselves.
  const plain = first.value?.[0] === 0x1f ? body.pipeThrough(new DecompressionStream("gzip")) : body;
  return WebAssembly.compileStreaming(new Response(plain, { headers: { "Content-Type": "application/wasm" } }));
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
    const compiled = data instanceof WebAssembly.Module;
    const module = compiled ? data : await compile(data);
    if (!compiled) self.postMessage({ module });
    const go = new Go();
    const instance = await WebAssembly.instantiate(module, go.importObject);
    go.run(instance).then(() => self.postMessage({ failed: "the engine has ended" }));
    for (const m of waiting.splice(0)) self.tasmHandle(m);
  } catch (e) {
    self.postMessage({ failed: String(e) });
  }
};
