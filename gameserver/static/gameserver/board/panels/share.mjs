// The dialog with the links to a board. Reads no messages, sends none.

import { el } from "../../page.mjs";
import { openDialog } from "./dialogs.mjs";

/** The links of a board, pure: to draw (not for those who may only watch), and to watch. Addresses are made whole by `where`. */
export function links(room, where) {
  const whole = (address) => new URL(address, where).href;
  const draw = { title: "Anyone with this link can draw", url: whole(`/r/${encodeURIComponent(room.slug)}/?world=board`) };
  const watch = { title: "Anyone with this link can watch, and change nothing", url: room.watchUrl ? whole(room.watchUrl) : "" };
  return [...(room.readOnly ? [] : [draw]), ...(watch.url ? [watch] : [])];
}

function row({ title, url }, say) {
  const input = el("input", { value: url, readOnly: true });
  input.addEventListener("focus", () => input.select());
  const copy = el("button", { type: "button", className: "button", textContent: "Copy" });
  copy.setAttribute("aria-label", `Copy: ${title}`);
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(url);
      copy.textContent = "Copied";
      say("The link is copied.");
    } catch {
      input.focus();
      say("Your browser does not let the page copy. The link is selected: copy it by hand.");
    }
  });
  return el("div", { className: "row" }, el("label", { className: "field grow" }, title, input), copy);
}

/** Open it. */
export function openShare(home, { room, where = location.href }) {
  const said = el("p", { className: "fine", role: "status" });
  const say = (text) => (said.textContent = text);
  const found = links(room, where);
  const rows = found.length ? found.map((link) => row(link, say)) : [el("p", { textContent: "This board has no link to be shared from here." })];
  return openDialog(home, { title: "Share this board", body: [el("div", { className: "board-stack" }, ...rows, said)] });
}
