// Making and mending elements: what is there already stays, so that focus, a press under way and a reader's place are not lost.

const NS = "http://www.w3.org/2000/svg";

/** An element with attributes, and children or text. What comes from outside is text only. */
export function make(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** The same in SVG. */
export function draw(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(NS, tag), attributes, children);
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

/** Set a text, if it is another one. */
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Have a sentence read out to those who do not see where it stands. */
export function speak(text) {
  write(document.getElementById("spoken"), text);
}

/** Set an attribute, if it is another one. */
export function mark(node, name, value) {
  if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}

/** Keep one child for each item, by its key and in its order: new ones are made, all are mended, others go. */
export function keep(parent, items, key, create, mend) {
  const there = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  items.forEach((item, index) => {
    const name = String(key(item));
    let node = there.get(name);
    if (!node) {
      node = create(item);
      node.dataset.key = name;
    }
    there.delete(name);
    if (parent.children[index] !== node) parent.insertBefore(node, parent.children[index] ?? null);
    mend(node, item);
  });
  for (const node of there.values()) node.remove();
}
