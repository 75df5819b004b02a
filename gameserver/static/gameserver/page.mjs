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

const TICKET = /^[A-Za-z0-9_.-]{1,512}$/;

/**
 * Take the lobby's ticket out of the address: it is for this visit, not for whoever the address is sent to.
 * @returns {string} the ticket; "" if there is none, or nothing that could be one
 */
export function takeTicket(where = location, past = history) {
  const address = new URL(where.href);
  const ticket = address.searchParams.get("ticket");
  if (ticket === null) return "";
  address.searchParams.delete("ticket");
  past.replaceState(past.state, "", address);
  return TICKET.test(ticket) ? ticket : "";
}

/** A WebSocket's address on this page's own host. */
export function socketUrl(path, where = location) {
  return `${where.protocol === "https:" ? "wss" : "ws"}://${where.host}${path}`;
}
