// Markdown of the manual and of the lessons. What they quote of a source is text and
// never HTML.
import { Marked } from "marked";

const escape = (s) => s.replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
const marked = new Marked({ renderer: { html: ({ text }) => escape(text), image: () => "", link: ({ text }) => escape(text) } });

export const html = (markdown) => marked.parse(markdown);
