// A page that is small enough to be understood, and a board that notes what it is asked: for the tests of the panels.

/** As much of an element as the panels use. */
export class Node extends EventTarget {
  constructor(name) {
    super();
    Object.assign(this, { name, children: [], parent: null, attributes: new Map(), dataset: {}, hidden: false, tabIndex: 0, text: "", className: "" });
    this.style = { setProperty: (key, value) => this.attributes.set(key, value) };
    this.classList = { add: (name) => (this.className += ` ${name}`) };
  }

  set onclick(act) {
    this.addEventListener("click", act);
  }

  get textContent() {
    return this.text + this.children.map((child) => child.textContent).join("");
  }

  set textContent(text) {
    this.replaceChildren();
    this.text = text;
  }

  get isConnected() {
    return this === document.body || Boolean(this.parent?.isConnected);
  }

  append(...nodes) {
    for (const node of nodes) this.insertBefore(typeof node === "string" ? Object.assign(new Node("#text"), { text: node }) : node, null);
  }

  insertBefore(node, before) {
    node.remove();
    const at = before ? this.children.indexOf(before) : this.children.length;
    this.children.splice(at, 0, node);
    node.parent = this;
  }

  replaceChildren(...nodes) {
    for (const child of [...this.children]) child.remove();
    this.append(...nodes);
  }

  remove() {
    if (!this.parent) return;
    if (this.contains(document.activeElement)) document.activeElement = document.body;
    this.parent.children.splice(this.parent.children.indexOf(this), 1);
    this.parent = null;
  }

  contains(other) {
    return other === this || this.children.some((child) => child.contains(other));
  }

  get all() {
    return this.children.flatMap((child) => [child, ...child.all]);
  }

  querySelectorAll(query) {
    const [, name, key, begins, value] = query.match(/^(\w*)(?:\[([\w-]+)(?:(\^?=)(.+))?\])?$/);
    const held = (node) => (key.startsWith("data-") ? node.dataset[key.slice(5)] : node.getAttribute(key));
    return this.all.filter((node) => (!name || node.name === name) && (!key || (begins ? held(node)?.startsWith(value) : held(node) !== undefined && held(node) !== null)));
  }

  querySelector(query) {
    return this.querySelectorAll(query)[0] ?? null;
  }

  matches() {
    return false;
  }

  getAttribute(key) {
    return this.attributes.get(key) ?? null;
  }

  setAttribute(key, value) {
    this.attributes.set(key, String(value));
  }

  focus() {
    if (this.isConnected) document.activeElement = this;
  }

  fire(type, more = {}) {
    for (let node = this; node; node = node.parent) {
      const event = Object.assign(new Event(type), more);
      Object.defineProperty(event, "target", { value: this });
      node.dispatchEvent(event);
    }
  }

  click() {
    this.fire("click", { detail: 0 });
  }
}

/** A board that notes what it is asked, with shapes that a test puts there. */
export function boardOf(shapes) {
  const known = new Map(shapes.map((shape) => [shape.id, shape]));
  const callbacks = new Set();
  const asked = [];
  const noting = (name) => (...what) => (asked.push([name, ...what]), Promise.resolve({ ok: true }));
  return {
    asked, known, people: new Map(), canUndo: false, canRedo: false, undoLabel: "", redoLabel: "",
    get size() { return known.size; },
    get: (id) => known.get(id), has: (id) => known.has(id), inOrder: () => [...known.keys()], shapes: (ids) => ids.map((id) => known.get(id)).filter(Boolean),
    onChange: (callback) => (callbacks.add(callback), () => callbacks.delete(callback)),
    tell: (change) => callbacks.forEach((callback) => callback({ touched: new Set(), all: false, order: false, history: false, people: false, ...change })),
    edit: noting("edit"), move: noting("move"), remove: noting("remove"), order: noting("order"), undo: noting("undo"), redo: noting("redo"),
  };
}

/** A page with nothing on it; where the focus is, is `document.activeElement`. */
export function newPage() {
  globalThis.document = new EventTarget();
  Object.defineProperty(globalThis, "navigator", { value: { platform: "Linux" }, configurable: true });
  Object.assign(document, { createElement: (name) => new Node(name), createElementNS: (_, name) => new Node(name) });
  document.activeElement = document.body = new Node("body");
}
