// What the server told this page: read once from its JSON script. Reads no messages, sends none.

/** @returns {any} the page's data; an empty object on pages without any */
export function pageData(doc = document) {
  const script = doc.getElementById("page-data");
  return script ? JSON.parse(script.textContent) : {};
}

/** Make an element. `props` are properties, `dataset` or `style` objects go into theirs; text is always text. */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (key === "dataset") Object.assign(node.dataset, value);
    else if (key === "who") node.style.setProperty("--who", value);
    else if (key.startsWith("aria") || key === "role") node.setAttribute(key.replace("aria", "aria-").toLowerCase(), value);
    else node[key] = value;
  }
  node.append(...children);
  return node;
}

/** The token that Django wants with a POST. */
export function csrfToken(doc = document) {
  return doc.querySelector("input[name=csrfmiddlewaretoken]")?.value ?? "";
}

/** A WebSocket's address on this page's own host. */
export function socketUrl(path, where = location) {
  return `${where.protocol === "https:" ? "wss" : "ws"}://${where.host}${path}`;
}
