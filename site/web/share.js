// A source in a link: deflated, in the base64 that URLs take. The part of a URL
// behind # is not sent to any server.
const pass = async (bytes, stream) => new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());

export const pack = async (text) => {
  const bytes = await pass(new TextEncoder().encode(text), new CompressionStream("deflate-raw"));
  let s = "";
  for (const b of bytes) s += String.fromCharCode(b);
  return btoa(s).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
};

export const unpack = async (packed) => {
  const s = atob(packed.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(s, (c) => c.charCodeAt(0));
  return new TextDecoder().decode(await pass(bytes, new DecompressionStream("deflate-raw")));
};
