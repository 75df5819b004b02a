// How the stage looks: its elements, its style sheet, the colours of the page. Reads no messages, sends none.

import { el } from "../../page.mjs";
import { toScreen } from "./camera.mjs";
import { GRID_PX } from "./snap.mjs";
import { FONT } from "./text.mjs";

/** Dots nearer to each other on the screen are a grey veil. */
const DOTS_LEAST_PX = 16;
/** The tile of the grid as it is painted; shown at two thirds to four thirds of its size. Twice as large from 400% on. */
const TILE_PX = 24;
/** The grid is moved by less than a step, of 64 pixels at most, and reaches as far beyond the view. */
const DOTS_MARGIN_PX = 64;

const SHEET = `
.board-root { position: absolute; inset: 0; overflow: clip; }
.board-stage { position: absolute; inset: 0; overflow: clip; outline: none; background-color: var(--board-paper, var(--ground));
  touch-action: none; user-select: none; -webkit-user-select: none; -webkit-touch-callout: none; -webkit-tap-highlight-color: transparent; }
.board-grid { position: absolute; inset: -${DOTS_MARGIN_PX}px -60% -60% -${DOTS_MARGIN_PX}px; pointer-events: none; contain: strict;
  transform-origin: 0 0; will-change: transform;
  --board-dot: color-mix(in srgb, var(--soft) 38%, transparent);
  background-image: radial-gradient(circle at 1px 1px, var(--board-dot) 1px, transparent 1.4px); }
.board-grid[hidden] { display: none; }
.board-stage:focus-visible { outline: none; border-radius: 0; }
.board-stage.is-keyed:focus::after { content: ""; position: absolute; inset: 0; border: 3px solid var(--focus); pointer-events: none; }
.board-paper, .board-glass, .board-others { position: absolute; inset: 0; }
.board-paper { pointer-events: none; transform-origin: center; will-change: transform; }
.board-others { pointer-events: none; overflow: hidden; }
.board-other { position: absolute; left: 0; top: 0; will-change: transform; color: var(--shown); transition: opacity 0.25s; }
.board-other[data-still="true"] { opacity: 0; }
.board-other svg { display: block; width: 20px; height: 22px; filter: drop-shadow(0 1px 2px rgb(0 0 0 / 35%)); }
.board-other span { position: absolute; left: 15px; top: 18px; max-width: 160px; padding: 1px 8px 2px; border-radius: 4px 9px 9px;
  overflow: hidden; text-overflow: ellipsis; white-space: nowrap;
  background: var(--shown); color: var(--on-shown); font: 600 12px/1.4 var(--font, sans-serif); }
.board-editor { position: absolute; left: 0; top: 0; width: auto; min-height: 0; margin: 0; padding: 0; border: 0; border-radius: 0;
  background: transparent; resize: none; overflow: hidden; overflow-wrap: break-word; transform-origin: 0 0; outline: none;
  box-shadow: 0 0 0 1px var(--focus); caret-color: currentcolor; user-select: text; -webkit-user-select: text; }
.board-editor:focus-visible { outline: none; border-radius: 0; }
.board-warning { position: absolute; left: 50%; top: 68px; translate: -50% 0; max-width: min(420px, calc(100% - 32px)); margin: 0;
  padding: 8px 16px; border-radius: 999px; background: var(--ink); color: var(--ground); font-weight: 600; font-size: 0.9rem;
  box-shadow: 0 6px 24px rgb(0 0 0 / 30%); pointer-events: none; }
.board-warning:empty { display: none; }
.board-voice { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
`;
let sheet = null;

/** Make the stage's elements in `element`: `{root, host, grid, paperBox, glassBox, othersBox, warning, voice}`. */
export function layoutOf(element, isReadOnly) {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(SHEET);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  }
  const grid = el("div", { className: "board-grid" });
  const paperBox = el("div", { className: "board-paper" });
  const glassBox = el("div", { className: "board-glass" });
  const othersBox = el("div", { className: "board-others", ariaHidden: "true" });
  const ariaLabel = isReadOnly ? "Drawing, to look at" : "Drawing";
  const host = el("div", { className: "board-stage", tabIndex: 0, role: "application", ariaLabel }, grid, paperBox, glassBox, othersBox);
  host.setAttribute("aria-roledescription", "drawing board");
  const warning = el("p", { className: "board-warning", role: "status" });
  const voice = el("p", { className: "board-voice", ariaLive: "polite" });
  const root = el("div", { className: "board-root" }, host, warning, voice);
  element.append(root);
  return { root, host, grid, paperBox, glassBox, othersBox, warning, voice };
}

/** The colours of the page as they are now, for what is painted: `{isDark, accent, ground, guide, onColour, font}`. */
export function readLook(host) {
  const style = getComputedStyle(host);
  const isDark = style.colorScheme.includes("dark") && !style.colorScheme.includes("light");
  return {
    isDark,
    accent: style.getPropertyValue("--focus").trim() || "#1d4ed8",
    ground: style.backgroundColor,
    guide: isDark ? "#f472b6" : "#db2777",
    onColour: isDark ? "#0e1424" : "#ffffff",
    font: FONT,
  };
}

/** Call back whenever the page gets other colours. Returns a function that ends it. */
export function watchLook(media, callback) {
  const queries = [media("(prefers-color-scheme: dark)")];
  const observer = new MutationObserver(callback);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme", "class"] });
  for (const query of queries) query.addEventListener?.("change", callback);
  return () => {
    observer.disconnect();
    for (const query of queries) query.removeEventListener?.("change", callback);
  };
}

/** Show a ring around a stage that has the focus by a key, and none if by a pointer. Returns a function that ends it. */
export function watchHands(host) {
  let isPointer = false;
  const pointed = () => {
    isPointer = true;
    host.classList.remove("is-keyed");
  };
  const keyed = (event) => {
    // What is written in a field of the stage is no sign that somebody goes about by keys.
    if (!host.contains(event.target) || event.key === "Tab") isPointer = false;
  };
  const focused = () => host.classList.toggle("is-keyed", !isPointer);
  document.addEventListener("pointerdown", pointed, true);
  document.addEventListener("keydown", keyed, true);
  host.addEventListener("focus", focused);
  return () => {
    document.removeEventListener("pointerdown", pointed, true);
    document.removeEventListener("keydown", keyed, true);
  };
}

/**
 * Put the dots of the grid where the camera has them; every second, fourth, … is left when it is small.
 * The grid is a layer of its own that is moved and scaled: to paint dots takes longer than to draw most boards.
 */
export function showGrid(node, { camera, grid }, size) {
  node.hidden = !grid;
  if (!grid) return;
  let step = GRID_PX * camera.scale;
  while (step < DOTS_LEAST_PX) step *= 2;
  const tile = step < 2 * DOTS_LEAST_PX ? TILE_PX : 2 * TILE_PX;
  const scale = step / tile;
  const origin = toScreen(camera, size, { x: 0, y: 0 });
  // The dots of a tile are at 1, 1.
  const rest = (value) => (((value + DOTS_MARGIN_PX - scale) % step) + step) % step;
  if (node.style.backgroundSize !== `${tile}px ${tile}px`) node.style.backgroundSize = `${tile}px ${tile}px`;
  node.style.transform = `translate(${rest(origin.x)}px, ${rest(origin.y)}px) scale(${scale})`;
}
