// load hands a worker the stream of a file; the bytes, once they are there, in browsers
// that hand on no streams.
const load = async (file, worker) => {
  const answer = await fetch(file);
  if (!answer.ok) throw new Error(`${file}: ${answer.status}`);
  try {
    worker.postMessage(answer.body, [answer.body]);
  } catch {
    const bytes = await answer.arrayBuffer();
    worker.postMessage(bytes, [bytes]);
  }
};

// The engine behind a worker: calls are promises, events have listeners.
export class Engine {
  #worker;
  #pending = new Map();
  #listeners = new Map();
  #next = 1;
  #failed;

  // module is that of another engine, or null to fetch it; ready gives its own. name is
  // what is fetched.
  constructor(module, name = "tasm") {
    this.#worker = new Worker("worker.js");
    this.ready = new Promise((resolve, reject) => {
      this.#failed = reject;
      let own = module;
      this.#worker.onerror = (e) => reject(new Error(e.message));
      this.#worker.onmessage = ({ data }) => {
        if (typeof data !== "string") {
          if (data.failed) {
            reject(new Error(data.failed));
            this.#emit("failed", data.failed);
          }
          own = data.module ?? own;
          return;
        }
        const message = JSON.parse(data);
        if (message.event === "ready") resolve(own);
        else if (message.event) this.#emit(message.event, message.params);
        else this.#answer(message);
      };
    });
    if (module) this.#worker.postMessage(module);
    else load(`${name}.wasm.gz`, this.#worker).catch((e) => this.#failed(e));
  }

  on(event, listener) {
    this.#listeners.set(event, listener);
  }

  #emit(event, params) {
    this.#listeners.get(event)?.(params);
  }

  #answer({ id, result, error }) {
    const { resolve, reject } = this.#pending.get(id) ?? {};
    this.#pending.delete(id);
    if (error) reject?.(new Error(error));
    else resolve?.(result);
  }

  call(method, params) {
    const id = this.#next++;
    this.#worker.postMessage(JSON.stringify({ id, method, params }));
    return new Promise((resolve, reject) => this.#pending.set(id, { resolve, reject }));
  }

  // interrupt ends a search, which then answers with what it has found.
  interrupt() {
    this.#worker.postMessage("stop");
  }

  end() {
    this.#worker.terminate();
  }
}
