// In which colours things are drawn in the dark and in the light. Pure; reads no messages, sends none.

import { PALETTE } from "../desk.mjs";

/** The colour in which one of the board is drawn: ink and paper are each other in the dark, all others stay what they are. */
export function drawn(colour, isDark) {
  if (!isDark) return colour;
  return colour === PALETTE.ink ? PALETTE.paper : colour === PALETTE.paper ? PALETTE.ink : colour;
}

/** Ink or paper, whichever is read more easily on a colour (`#rrggbb`). */
export function inkOn(colour) {
  const light = luminance(colour);
  return contrast(light, luminance(PALETTE.ink)) >= contrast(light, 1) ? PALETTE.ink : PALETTE.paper;
}

/** The colour of a shape's text as it is drawn. */
export function textColour(shape, isDark) {
  if (shape.kind === "text") return drawn(shape.fill || PALETTE.ink, isDark);
  return shape.fill ? inkOn(drawn(shape.fill, isDark)) : drawn(shape.stroke || PALETTE.ink, isDark);
}

/** A person's colour as it is drawn: lightened in the dark, as names in the chat are. */
export function personal(colour, isDark) {
  if (!isDark) return colour;
  return `#${channels(colour).map((value) => Math.round(value * 0.48 + 255 * 0.52).toString(16).padStart(2, "0")).join("")}`;
}

function channels(colour) {
  return [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
}

/** Relative luminance, as WCAG 2 defines it. */
function luminance(colour) {
  const [r, g, b] = channels(colour).map((value) => (value <= 10 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a, b) {
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}
