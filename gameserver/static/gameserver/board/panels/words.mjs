// Shapes, colours and times in words: for the list, for dialogs and for whoever hears instead of seeing. Pure; reads no messages, sends none.

import { PALETTE } from "../desk.mjs";

/** What people call a kind. */
export const KIND_NAMES = Object.freeze({ rect: "Rectangle", ellipse: "Ellipse", line: "Line", arrow: "Arrow", stroke: "Pen stroke", text: "Text", note: "Note" });

const QUOTED = 60;

function parts(hex) {
  return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
}

/** The palette's name of a colour, or of the nearest one; "" for none. @param {string} hex `#rrggbb` or "" */
export function colourName(hex) {
  if (!hex) return "";
  const wanted = parts(hex);
  const far = ([, other]) => parts(other).reduce((sum, part, index) => sum + (part - wanted[index]) ** 2, 0);
  return Object.entries(PALETTE).reduce((best, one) => (far(one) < far(best) ? one : best))[0];
}

/** `one shape`, `12 shapes`. */
export function count(number, thing = "shape") {
  return number === 1 ? `one ${thing}` : `${number.toLocaleString("en")} ${thing}s`;
}

/** The words with a capital at the beginning. */
export function sentence(words) {
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function colours({ kind, fill, stroke }) {
  if (kind === "line" || kind === "arrow" || kind === "stroke") return colourName(stroke);
  return colourName(fill) || (stroke ? `${colourName(stroke)} outline` : "");
}

function quoted(text) {
  const line = text.replaceAll(/\s+/g, " ").trim();
  if (!line) return "";
  const letters = [...line];
  return `“${letters.length > QUOTED ? `${letters.slice(0, QUOTED).join("")}…` : line}”`;
}

/** A shape in words: “Rectangle, blue, 120 by 80 at 40, 60, “hello””. Sizes and places are rounded to whole pixels. */
export function describe(shape) {
  const [x, y, w, h] = [shape.x, shape.y, shape.w, shape.h].map((value) => Math.round(value) + 0);
  const turned = shape.rotation ? `turned ${Math.round(shape.rotation)}°` : "";
  const clear = shape.opacity < 100 ? `${shape.opacity} % opaque` : "";
  return [KIND_NAMES[shape.kind], colours(shape), `${w} by ${h} at ${x}, ${y}`, turned, clear, quoted(shape.text)].filter(Boolean).join(", ");
}

/** When something was, seen from now; both in ms since 1970: “just now”, “5 minutes ago”, “3 hours ago”, else the date. */
export function ago(at, nowMs, locale = "en") {
  const minutes = Math.floor((nowMs - at) / 60_000);
  if (minutes < 1) return "just now";
  if (minutes < 60) return minutes === 1 ? "a minute ago" : `${minutes} minutes ago`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return hours === 1 ? "an hour ago" : `${hours} hours ago`;
  return new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" }).format(at);
}

/** The name of whoever did something, however the room tells it. */
export function nameOf(who) {
  return (typeof who === "string" ? who : who?.name) || "somebody";
}

/** The letter in the middle of an avatar. */
export function initial(name) {
  return [...name.trim()][0]?.toUpperCase() ?? "?";
}
