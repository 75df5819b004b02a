// The board as an SVG picture. Pure: who measures letters is passed in. Reads no messages, sends none.
//
// Shapes are painted by the same program as on the screen, on a canvas that writes down what it is told: so a picture has every line break
// and every corner where the screen has it.

import { paint } from "./stage/figure.mjs";
import { paintedBounds, united } from "./stage/geometry.mjs";
import { FONT } from "./stage/text.mjs";

/** Around the shapes, in pixels. */
const MARGIN = 24;
const NO_COLOUR = "transparent";
const EMPTY = Object.freeze([0, 0, 320, 180]);
/** However small letters may become: in a picture they can be enlarged. */
const SCALE = 1e6;
/** What XML has no way to write. */
const UNWRITABLE = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;
const ENTITIES = Object.freeze({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" });

/** Text as it may stand in XML, between tags and in quotes. */
export function escape(text) {
  return text.replaceAll(UNWRITABLE, "").replaceAll(/[&<>"']/g, (one) => ENTITIES[one]);
}

function round(value) {
  return String(Math.round(value * 1000) / 1000 + 0);
}

function element(name, attributes) {
  return `<${name}${Object.entries(attributes).map(([key, value]) => (value === null ? "" : ` ${key}="${typeof value === "number" ? round(value) : escape(value)}"`)).join("")}`;
}

/** As much of a canvas' context as the painter of shapes uses; `parts` is what it painted. */
class Notes {
  parts = [];
  lineWidth = 1;
  fillStyle = NO_COLOUR;
  strokeStyle = NO_COLOUR;
  globalAlpha = 1;
  font = "";
  textAlign = "left";
  #path = "";
  /** Where the path that was filled last stands in `parts`, so that its line becomes part of the same element. */
  #filled = null;

  beginPath() {
    this.#path = "";
    this.#filled = null;
  }

  #to(letter, ...numbers) {
    this.#path += letter + numbers.map(round).join(" ");
    this.#filled = null;
  }

  moveTo(x, y) {
    this.#to("M", x, y);
  }

  lineTo(x, y) {
    this.#to("L", x, y);
  }

  quadraticCurveTo(x1, y1, x, y) {
    this.#to("Q", x1, y1, x, y);
  }

  bezierCurveTo(x1, y1, x2, y2, x, y) {
    this.#to("C", x1, y1, x2, y2, x, y);
  }

  closePath() {
    this.#to("Z");
  }

  rect(x, y, w, h) {
    this.roundRect(x, y, w, h, 0);
  }

  roundRect(x, y, w, h, corner) {
    const r = Math.min(corner, w / 2, h / 2);
    const arc = (dx, dy) => (r ? `a${[r, r, 0, 0, 1, dx, dy].map(round).join(" ")}` : "");
    const straight = (letter, length) => `${letter}${round(length - 2 * r)}`;
    this.#to("M", x + r, y);
    this.#path += `${straight("h", w)}${arc(r, r)}${straight("v", h)}${arc(-r, r)}h${round(2 * r - w)}${arc(-r, -r)}v${round(2 * r - h)}${arc(r, -r)}Z`;
  }

  /** A whole one, not turned: no shape has another. */
  ellipse(x, y, rx, ry) {
    this.#to("M", x - rx, y);
    for (const way of [2 * rx, -2 * rx]) this.#path += `a${[rx, ry, 0, 0, 1, way, 0].map(round).join(" ")}`;
    this.#path += "Z";
  }

  fill() {
    if (this.fillStyle === NO_COLOUR) return;
    this.#filled = this.parts.push({ d: this.#path, fill: this.fillStyle, "fill-opacity": this.#opacity() }) - 1;
  }

  stroke() {
    if (this.strokeStyle === NO_COLOUR || !this.lineWidth) return;
    const line = { stroke: this.strokeStyle, "stroke-width": this.lineWidth, "stroke-opacity": this.#opacity() };
    if (this.#filled === null) this.parts.push({ d: this.#path, fill: "none", ...line });
    else Object.assign(this.parts[this.#filled], line);
  }

  fillRect(x, y, w, h) {
    this.beginPath();
    this.rect(x, y, w, h);
    this.fill();
  }

  fillText(text, x, y) {
    const anchor = this.textAlign === "center" ? "middle" : null;
    this.parts.push({ text, x, y, "font-size": Number.parseFloat(this.font), "text-anchor": anchor, fill: this.fillStyle, "fill-opacity": this.#opacity() });
  }

  #opacity() {
    return this.globalAlpha === 1 ? null : this.globalAlpha;
  }
}

function written({ text, ...attributes }) {
  return text === undefined ? `${element("path", attributes)}/>` : `${element("text", attributes)}>${escape(text)}</text>`;
}

function drawn(shape, look) {
  const notes = new Notes();
  paint(notes, shape, look);
  const turn = shape.rotation ? ` rotate(${round(shape.rotation)})` : "";
  const opacity = shape.opacity < 100 ? shape.opacity / 100 : null;
  return `${element("g", { transform: `translate(${round(shape.x)} ${round(shape.y)})${turn}`, opacity })}>${notes.parts.map(written).join("")}</g>`;
}

/**
 * The picture of shapes, back to front, with a margin.
 * @param {any[]} shapes
 * @param {{measure: (text: string) => number, background?: string, isDark?: boolean}} options
 *   measure: width in parts of the size of the letters; background: a colour, or "" for none; isDark: with ink and paper swapped, as in the dark
 * @returns {string} an XML document
 */
export function toSvg(shapes, { measure, background = "", isDark = false }) {
  const [left, top, right, bottom] = united(shapes.map(paintedBounds)) ?? EMPTY;
  const [x, y, width, height] = [left - MARGIN, top - MARGIN, right - left + 2 * MARGIN, bottom - top + 2 * MARGIN];
  const root = { xmlns: "http://www.w3.org/2000/svg", viewBox: [x, y, width, height].map(round).join(" "), width, height };
  const style = { "stroke-linecap": "round", "stroke-linejoin": "round", "font-family": FONT, "xml:space": "preserve" };
  const ground = background ? `${element("rect", { x, y, width, height, fill: background })}/>\n` : "";
  const look = { isDark, measure, scale: SCALE };
  return `${element("svg", { ...root, ...style })}>\n${ground}${shapes.map((shape) => `${drawn(shape, look)}\n`).join("")}</svg>\n`;
}
