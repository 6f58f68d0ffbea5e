// The editor: CodeMirror, whose every answer comes from the language server.
import { acceptCompletion, autocompletion, closeBrackets, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { EditorState, RangeSet, RangeSetBuilder, StateEffect, StateField } from "@codemirror/state";
import { Decoration, EditorView, GutterMarker, WidgetType, drawSelection, gutter, highlightActiveLine, hoverTooltip, keymap, lineNumbers } from "@codemirror/view";
import { html } from "./markdown.js";

const uri = "main.tasm";
const types = ["keyword", "function", "variable", "number", "string", "comment", "operator", "macro", "parameter", "enumMember", "type"];
const kinds = { 3: "function", 6: "variable", 14: "keyword", 15: "keyword", 18: "variable", 21: "constant" };

class Hint extends WidgetType {
  constructor(text) {
    super();
    this.text = text;
  }
  eq(other) {
    return other.text === this.text;
  }
  toDOM() {
    const e = document.createElement("span");
    e.className = "hint";
    e.textContent = this.text;
    return e;
  }
}

// Breakpoints stand in a column of their own, and move with their lines.
const dot = new (class extends GutterMarker {
  toDOM() {
    return document.createTextNode("●");
  }
})();
const toggleBreak = StateEffect.define();
const breaks = StateField.define({
  create: () => RangeSet.empty,
  update(set, tr) {
    set = set.map(tr.changes);
    for (const e of tr.effects) {
      if (!e.is(toggleBreak)) continue;
      let there = false;
      set.between(e.value, e.value, () => void (there = true));
      set = there ? set.update({ filter: (from) => from !== e.value }) : set.update({ add: [dot.range(e.value)] });
    }
    return set;
  },
});

// layer keeps decorations that an effect replaces.
const layer = () => {
  const set = StateEffect.define();
  const field = StateField.define({
    create: () => Decoration.none,
    update(value, tr) {
      value = value.map(tr.changes);
      for (const e of tr.effects) if (e.is(set)) value = e.value;
      return value;
    },
    provide: (f) => EditorView.decorations.from(f),
  });
  return { set, field };
};

export class Editor {
  #engine;
  #version = 1;
  #diagnostics = [];
  #colours = layer();
  #hints = layer();
  #lit = layer();
  #next = layer();

  // changed is called with the fixes that the server offers once it knows a new text,
  // moved with the line of the cursor.
  constructor(parent, text, engine, { changed, moved, toggled, keys }) {
    this.toggled = toggled;
    this.#engine = engine;
    this.changed = changed;
    this.view = new EditorView({
      parent,
      state: EditorState.create({
        doc: text,
        extensions: [
          breaks,
          gutter({
            class: "breaks",
            markers: (v) => v.state.field(breaks),
            initialSpacer: () => dot,
            domEventHandlers: { mousedown: (v, line) => (this.toggleBreak(line.from), true) },
          }),
          lineNumbers({ domEventHandlers: { mousedown: (v, line) => (this.toggleBreak(line.from), true) } }), history(), drawSelection(), highlightActiveLine(), closeBrackets(), lintGutter(),
          autocompletion({ override: [(c) => this.#complete(c)] }),
          hoverTooltip((_, pos) => this.#hover(pos)),
          keymap.of([...keys, { key: "Tab", run: acceptCompletion }, ...completionKeymap, ...lintKeymap, ...historyKeymap, ...defaultKeymap]),
          this.#colours.field, this.#hints.field, this.#lit.field, this.#next.field,
          EditorState.tabSize.of(8),
          EditorView.contentAttributes.of({ "aria-label": "Source", tabindex: "0", spellcheck: "false", autocapitalize: "off" }),
          EditorView.updateListener.of((u) => {
            if (u.docChanged) this.#send();
            if (u.selectionSet && !u.docChanged) moved(u.state.doc.lineAt(u.state.selection.main.head).number);
          }),
        ],
      }),
    });
    engine.on("textDocument/publishDiagnostics", (p) => (this.#diagnostics = p.diagnostics));
  }

  get text() {
    return this.view.state.doc.toString();
  }

  set text(text) {
    this.view.dispatch({ changes: { from: 0, to: this.view.state.doc.length, insert: text } });
  }

  async open() {
    await this.#engine.call("initialize", {});
    await this.#engine.call("textDocument/didOpen", { textDocument: { uri, version: 1, text: this.text } });
    await this.#show();
  }

  async #send() {
    await this.#engine.call("textDocument/didChange", { textDocument: { uri, version: ++this.#version }, contentChanges: [{ text: this.text }] });
    await this.#show();
  }

  #ask(method, params = {}) {
    return this.#engine.call(`textDocument/${method}`, { textDocument: { uri }, ...params });
  }

  #position(pos) {
    const line = this.view.state.doc.lineAt(pos);
    return { line: line.number - 1, character: pos - line.from };
  }

  #offset({ line, character }) {
    const doc = this.view.state.doc;
    if (line >= doc.lines) return doc.length;
    const l = doc.line(line + 1);
    return Math.min(l.from + character, l.to);
  }

  // show brings everything that hangs on the text up to date, unless it has changed again.
  async #show() {
    const version = this.#version;
    const [actions, tokens, hints] = await Promise.all([this.#ask("codeAction"), this.#ask("semanticTokens/full"), this.#ask("inlayHint")]);
    if (version !== this.#version) return;
    const list = this.#diagnostics.map((d) => {
      const from = this.#offset(d.range.start);
      const own = (actions ?? []).filter((a) => a.diagnostics?.[0]?.message === d.message && a.diagnostics[0].range.start.line === d.range.start.line);
      return {
        from,
        to: Math.max(from, this.#offset(d.range.end)),
        severity: d.severity === 1 ? "error" : "warning",
        message: d.message,
        actions: own.map((a) => ({ name: a.title, apply: () => this.apply(a.edit.changes[uri]) })),
      };
    });
    this.view.dispatch(setDiagnostics(this.view.state, list), {
      effects: [this.#colours.set.of(this.#colour(tokens?.data ?? [])), this.#hints.set.of(this.#hint(hints ?? []))],
    });
    this.changed((actions ?? []).map((a) => ({
      title: `${a.title} in line ${a.diagnostics[0].range.start.line + 1}`,
      apply: () => this.apply(a.edit.changes[uri]),
    })));
  }

  #colour(data) {
    const b = new RangeSetBuilder();
    let line = 0, character = 0;
    for (let i = 0; i < data.length; i += 5) {
      if (data[i]) character = 0;
      line += data[i];
      character += data[i + 1];
      const from = this.#offset({ line, character });
      const to = this.#offset({ line, character: character + data[i + 2] });
      if (to > from) b.add(from, to, Decoration.mark({ class: `t-${types[data[i + 3]]}` }));
    }
    return b.finish();
  }

  #hint(hints) {
    return Decoration.set(hints.map((h) => Decoration.widget({ widget: new Hint(h.label), side: 1 }).range(this.#offset(h.position))), true);
  }

  async #complete(context) {
    const word = context.matchBefore(/[%$.?@\w#~]+/);
    if (!word && !context.explicit) return null;
    const got = await this.#ask("completion", { position: this.#position(context.pos) });
    return {
      from: word ? word.from : context.pos,
      options: (got?.items ?? []).slice(0, 300).map((i) => ({ label: i.label, type: kinds[i.kind], detail: i.detail, info: i.documentation?.value })),
    };
  }

  async #hover(pos) {
    const got = await this.#ask("hover", { position: this.#position(pos) });
    if (!got) return null;
    return {
      pos: this.#offset(got.range.start),
      end: this.#offset(got.range.end),
      create: () => {
        const dom = document.createElement("div");
        dom.className = "hover";
        dom.innerHTML = html(got.contents.value);
        return { dom };
      },
    };
  }

  apply(edits) {
    this.view.dispatch({ changes: edits.map((e) => ({ from: this.#offset(e.range.start), to: this.#offset(e.range.end), insert: e.newText })) });
  }

  async format() {
    const edits = await this.#ask("formatting", { options: { tabSize: 8, insertSpaces: true } });
    if (edits?.length) this.apply(edits);
  }

  // toggleBreak sets or takes away the breakpoint of the line at a place.
  toggleBreak(pos = this.view.state.selection.main.head) {
    const line = this.view.state.doc.lineAt(pos);
    this.view.dispatch({ effects: toggleBreak.of(line.from) });
    this.toggled(line.number, this.breaks.includes(line.number));
  }

  // breaks are the lines with breakpoints.
  get breaks() {
    const lines = new Set();
    for (const i = this.view.state.field(breaks).iter(); i.value; i.next()) lines.add(this.view.state.doc.lineAt(i.from).number);
    return [...lines];
  }

  #lines(layer, lines, name, scroll) {
    const doc = this.view.state.doc;
    const known = [...new Set(lines)].filter((n) => n >= 1 && n <= doc.lines).sort((a, b) => a - b);
    const effects = [layer.set.of(Decoration.set(known.map((n) => Decoration.line({ class: name }).range(doc.line(n).from))))];
    if (scroll && known.length) effects.push(EditorView.scrollIntoView(doc.line(known[0]).from, { y: "nearest" }));
    this.view.dispatch({ effects });
  }

  light(lines) {
    this.#lines(this.#lit, lines, "lit", true);
  }

  next(line) {
    this.#lines(this.#next, line ? [line] : [], "next", true);
  }
}
