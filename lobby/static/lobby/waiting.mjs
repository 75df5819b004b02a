// The page of a region that is being woken: shows how it stands, and goes in. What it reads and sends is in wait.mjs.

import { pauseMs } from "../gameserver/backoff.mjs";
import { pageData } from "../gameserver/page.mjs";
import { Waiting, askLobby } from "./wait.mjs";

const data = pageData();
const $ = (id) => document.getElementById(id);
const waiting = new Waiting({
  first: data.wait,
  ask: () => askLobby(data.state_url),
  show: draw,
  pause: pauseMs,
  // In place of this page: the way back leads to the lobby, not to a page that leads on at once.
  enter: () => location.replace(location.pathname),
});

function set(node, text) {
  // A screen reader says what is put there, even when it was there before.
  if (node.textContent !== text) node.textContent = text;
}

function draw({ title, text, seconds, part, usually, nearest, refused }) {
  if ($("waiting-title").textContent !== title) {
    document.title = document.title.replace($("waiting-title").textContent, title);
    set($("waiting-title"), title);
  }
  set($("waiting-state"), text);
  $("waiting").dataset.refused = String(refused);
  $("waiting-bar").hidden = refused;
  set($("waiting-times"), `${seconds} s so far${usually ? ` · usually ${Math.round(usually)} s` : ""}`);
  if (part === null) $("waiting-progress").removeAttribute("value");
  else $("waiting-progress").value = Math.round(part * 100);
  const way = $("waiting-nearest");
  way.hidden = !nearest;
  if (nearest) {
    way.href = `/join/${nearest.code}/`;
    set(way, `Play in ${nearest.name} now`);
  }
}

$("waiting-title").focus({ preventScroll: true });
waiting.start();
globalThis.addEventListener("pagehide", () => waiting.stop());
globalThis.addEventListener("pageshow", () => waiting.start());
