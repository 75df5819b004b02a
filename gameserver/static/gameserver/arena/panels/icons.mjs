// Icons of the arena, in strokes of the text's colour on a field of 24 by 24. Reads no messages, sends none.

const SVG = "http://www.w3.org/2000/svg";

const PATHS = Object.freeze({
  sound: "M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM15.5 9a4.2 4.2 0 0 1 0 6M18 6.5a7.8 7.8 0 0 1 0 11",
  silence: "M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM16 9.5l5 5M21 9.5l-5 5",
  network: "M5 19v-4M10 19v-8M15 19V8M20 19V5",
  best: "M8 4.5h8v5a4 4 0 0 1-8 0zM8 6H4.5c0 3 1.2 4.6 3.8 5M16 6h3.5c0 3-1.2 4.6-3.8 5M12 13.5V17M8.5 19.5h7",
  watch: "M2.5 12S6 5.8 12 5.8 21.5 12 21.5 12 18 18.2 12 18.2 2.5 12 2.5 12zM12 9.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6z",
  before: "M14.5 6l-6 6 6 6",
  after: "M9.5 6l6 6-6 6",
  close: "M6 6l12 12M18 6L6 18",
  keys: "M3.5 7h17v10h-17zM7 10.2h.01M10.3 10.2h.01M13.6 10.2h.01M17 10.2h.01M8 13.8h8",
});

/** An icon by its name; it says nothing to screen readers: its button does. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  for (const [key, value] of Object.entries({ viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false", class: "arena-icon" })) svg.setAttribute(key, value);
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
