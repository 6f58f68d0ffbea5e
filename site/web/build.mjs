// Makes the playground in site/dist: the engine as WebAssembly, compressed; the page,
// bundled from what package-lock.json names; and a list of the code of others in it.
// The same tools make the same bytes. Run by "make site".
import { build } from "esbuild";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const dist = "../dist";
rmSync(dist, { recursive: true, force: true });
mkdirSync(dist);

const go = (...args) => execFileSync("go", args, { env: { ...process.env, GOOS: "js", GOARCH: "wasm" }, encoding: "utf8", maxBuffer: 1 << 26 });
for (const [name, pkg] of [["tasm", "../wasm"], ["container", "../wasm/container"]]) {
  const plain = join(dist, `${name}.wasm`);
  go("build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid=", "-o", plain, pkg);
  const packed = gzipSync(readFileSync(plain), { level: 9 });
  packed[9] = 255; // the operating system that compressed it: unknown
  writeFileSync(`${plain}.gz`, packed);
  rmSync(plain);
}
const root = go("env", "GOROOT").trim();
writeFileSync(join(dist, "worker.js"), readFileSync(join(root, "lib/wasm/wasm_exec.js"), "utf8") + readFileSync("worker.js", "utf8"));

const made = await build({
  entryPoints: ["main.js"],
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  legalComments: "none",
  metafile: true,
  outfile: join(dist, "main.js"),
});
for (const name of ["index.html", "style.css"]) copyFileSync(name, join(dist, name));

// The licences of all that was linked or bundled.
const licence = (dir) => {
  const name = readdirSync(dir).sort().find((n) => /^(licen[cs]e|copying)/i.test(n));
  return name ? readFileSync(join(dir, name), "utf8").trim() : "(see the package)";
};
const others = [[`Go ${go("env", "GOVERSION").trim()}`, existsSync(join(root, "LICENSE")) ? licence(root) : licence("/usr/share/doc/golang")]];
const modules = go("list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Version}}\t{{.Dir}}{{end}}{{end}}", "../wasm", "../wasm/container");
for (const line of [...new Set(modules.split("\n"))].filter(Boolean).sort()) {
  const [name, version, dir] = line.split("\t");
  others.push([`${name} ${version}`, licence(dir)]);
}
const bundled = Object.keys(made.metafile.inputs).map((p) => p.match(/node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1]);
for (const name of [...new Set(bundled)].filter(Boolean).sort()) {
  const { version } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8"));
  others.push([`${name} ${version}`, licence(`node_modules/${name}`)]);
}
writeFileSync(
  join(dist, "THIRD-PARTY.txt"),
  "The playground contains code of others:\n\n" +
    others.map(([name]) => `  ${name}\n`).join("") +
    others.map(([name, text]) => `\n${"-".repeat(72)}\n${name}\n\n${text}\n`).join(""),
);
const files = readdirSync(dist).filter((n) => n !== "container.wasm.gz").sort();
const digest = createHash("sha256");
for (const name of readdirSync(dist).sort()) digest.update(name).update(readFileSync(join(dist, name)));
writeFileSync(
  join(dist, "offline.js"),
  readFileSync("offline.js", "utf8").replace("VERSION", digest.digest("hex").slice(0, 16)).replace("FILES", JSON.stringify(["./", ...files])),
);
for (const name of readdirSync(dist).sort()) {
  const bytes = readFileSync(join(dist, name));
  const small = name.endsWith(".gz") ? bytes.length : gzipSync(bytes, { level: 9 }).length;
  console.log(`${name}: ${bytes.length} bytes, ${small} compressed`);
}
