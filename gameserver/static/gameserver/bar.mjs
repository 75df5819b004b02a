// The bar of every page: connection state, route panel, player, theme. Reads page data; sends POST /me/.

import { csrfToken, el, pageData } from "./page.mjs";
import { draw, drawings } from "./route.mjs";

const data = pageData();
const COLOURS = ["#c2410c", "#b45309", "#4d7c0f", "#15803d", "#0f766e", "#0369a1", "#1d4ed8", "#6d28d9", "#a21caf", "#be185d", "#be123c", "#475569"];
const WORDS = { connecting: "connecting …", open: "live", waiting: "reconnecting …", stopped: "stopped", page: "" };
const $ = (id) => document.getElementById(id);

let socketRoute = null;
let player = data.player;
let rename = null;

/** What people call a region code. */
export function nameOf(code) {
  return data.places?.[code] ?? code ?? "";
}

/** Show the state of the page's socket. */
export function showStatus(state, text = WORDS[state]) {
  const status = $("bar-status");
  if (status.dataset.state === state && status.title === text) return;
  status.dataset.state = state;
  status.title = text;
  status.querySelector(".status-text").textContent = text;
}

/** Show where the socket is served. Any Machine of the region gives pages; only the one that has the room has its sockets. */
export function showSocket(machine, route) {
  socketRoute = route;
  $("bar-machine").textContent = machine;
  $("bar-machine").dataset.differs = String(route.region !== data.route.region);
  $("bar-machine").dataset.socket = machine;
  if ($("route").open) fillRoute();
}

/** Show another name and colour. */
export function showPlayer(now) {
  player = now;
  $("me-name").textContent = now.name;
  $("me-dot").style.setProperty("--who", now.colour);
}

/** Let a room rename the player too: called with {name, colour} after the cookie has changed. */
export function onRename(callback) {
  rename = callback;
}

function fillRoute() {
  const parts = drawings(data.route, socketRoute, nameOf).flatMap(([title, route]) => draw(title, route, nameOf));
  const code = el("details", {}, el("summary", { className: "fine", textContent: "For developers" }), el("p", { className: "fine", textContent: `page: ${data.route.reason}` }));
  if (socketRoute) code.append(el("p", { className: "fine", textContent: `socket: ${socketRoute.reason}` }));
  $("route-body").replaceChildren(...parts, code);
}

async function save(event) {
  event.preventDefault();
  const form = new FormData(event.target);
  const wanted = { name: form.get("name"), colour: form.get("colour") ?? player.colour };
  const headers = { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": csrfToken() };
  try {
    const answer = await fetch("/me/", { method: "POST", headers, body: JSON.stringify(wanted) });
    const said = await answer.json();
    if (!answer.ok) throw new Error(said.text);
    showPlayer(said);
    rename?.(said);
    $("me").close();
  } catch (error) {
    $("me-error").textContent = error instanceof SyntaxError || error instanceof TypeError ? "That did not work. Reload the page and try again." : error.message;
  }
}

function openMe() {
  $("me-error").textContent = "";
  $("me-form").elements.name.value = player.name;
  const colours = COLOURS.includes(player.colour) ? COLOURS : [player.colour, ...COLOURS];
  $("swatches").replaceChildren(
    ...colours.map((colour, index) => {
      const input = el("input", { type: "radio", name: "colour", value: colour, checked: colour === player.colour, ariaLabel: `Colour ${index + 1}` });
      return el("label", { className: "swatch", who: colour }, input, el("span"));
    }),
  );
  $("me").showModal();
}

function theme() {
  const root = document.documentElement;
  const light = root.dataset.theme ? root.dataset.theme === "light" : matchMedia("(prefers-color-scheme: light)").matches;
  root.dataset.theme = light ? "dark" : "light";
  localStorage.setItem("theme", root.dataset.theme);
}

// The content security policy forbids colours in the markup.
for (const dot of document.querySelectorAll("[data-colour]")) dot.style.setProperty("--who", dot.dataset.colour);
const kept = localStorage.getItem("theme");
if (kept === "dark" || kept === "light") document.documentElement.dataset.theme = kept;
if (player) showPlayer(player);
$("theme").addEventListener("click", theme);
$("me-open").addEventListener("click", openMe);
$("me-form").addEventListener("submit", save);
$("route-open").addEventListener("click", () => {
  fillRoute();
  $("route").showModal();
});
for (const dialog of document.querySelectorAll("dialog")) {
  dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
}
