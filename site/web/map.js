// The map of a file: a button for every byte, which tells all its owners.
const kinds = { field: "header", instruction: "code", data: "data", padding: "padding" };

export class Map_ {
  #bytes = [];
  #at = 0;

  // lit is called with the lines of the source that the byte at hand belongs to.
  constructor(parent, owners, lit) {
    this.parent = parent;
    this.owners = owners;
    this.lit = lit;
    parent.addEventListener("keydown", (e) => this.#key(e));
    parent.addEventListener("click", (e) => this.#choose(e.target.dataset.offset));
    parent.addEventListener("pointerover", (e) => this.#tell(e.target.dataset.offset));
    parent.addEventListener("focusin", (e) => (this.#stand(e.target.dataset.offset), this.#tell(e.target.dataset.offset)));
  }

  show(listing) {
    this.parent.replaceChildren();
    this.owners.replaceChildren();
    this.#bytes = [];
    this.#at = 0;
    if (!listing) return;
    for (const row of listing.rows) {
      const owners = row.owners.map((i) => listing.owners[i]);
      const free = row.may?.kind === "free";
      for (let i = 0; i * 2 < row.bytes.length; i++) {
        const offset = row.offset + i;
        this.#bytes[offset] = { value: row.bytes.slice(i * 2, i * 2 + 2), owners, free, may: row.may };
      }
    }
    this.#bytes.forEach((b, offset) => {
      const e = document.createElement("button");
      e.type = "button";
      e.className = ["b", ...new Set(b.owners.map((o) => kinds[o.kind])), b.free ? "free" : ""].join(" ");
      e.textContent = b.value;
      e.dataset.offset = offset;
      e.tabIndex = offset ? -1 : 0;
      e.setAttribute("aria-label", `${b.value} at ${offset}: ${b.owners.map((o) => o.text || o.kind).join(", ")}${b.free ? ", free" : ""}`);
      b.element = e;
      this.parent.append(e);
    });
  }

  #key(e) {
    const columns = getComputedStyle(this.parent).gridTemplateColumns.split(" ").length;
    const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns, Home: -this.#at, End: this.#bytes.length - 1 - this.#at }[e.key];
    if (by === undefined) return;
    e.preventDefault();
    this.#choose(this.#at + by);
  }

  // stand makes a byte the one that Tab comes to and that arrows move from.
  #stand(offset) {
    const b = this.#bytes[offset];
    if (!b) return;
    this.#bytes[this.#at].element.tabIndex = -1;
    this.#at = Number(offset);
    b.element.tabIndex = 0;
  }

  #choose(offset) {
    this.#bytes[offset]?.element.focus();
  }

  #tell(offset) {
    const b = this.#bytes[offset];
    if (!b) return;
    const title = document.createElement("strong");
    title.textContent = `Byte ${offset}: ${b.value}`;
    const list = document.createElement("ul");
    for (const o of b.owners) {
      const item = document.createElement("li");
      const where = o.source ? ` (line ${o.source.line})` : "";
      item.textContent = `${o.kind} ${o.text ?? ""}${where}${o.remark ? `: ${o.remark}` : ""}`;
      list.append(item);
    }
    if (b.may) {
      const item = document.createElement("li");
      item.textContent = `the loader: ${b.may.kind}${b.may.because?.length ? `, by ${b.may.because.join(", ")}` : ""}`;
      list.append(item);
    }
    this.owners.replaceChildren(title, list);
    const lines = b.owners.map((o) => o.source?.line).filter(Boolean);
    this.#mark((other) => other === b || other.owners.some((o) => b.owners.includes(o)));
    this.lit(lines);
  }

  #mark(test) {
    for (const b of this.#bytes) b?.element.classList.toggle("lit", test(b));
  }

  // line marks the bytes of a line of the source.
  line(n) {
    this.#mark((b) => b.owners.some((o) => o.source?.line === n));
  }

  // address marks the byte that is executed next.
  address(a) {
    for (const b of this.#bytes) b?.element.classList.remove("at");
    if (a === null) return;
    for (const [offset, b] of this.#bytes.entries()) {
      if (b?.owners.some((o) => o.kind === "instruction" && a >= o.address && o.address + (offset - o.offset) === a)) {
        b.element.classList.add("at");
        return;
      }
    }
  }
}
