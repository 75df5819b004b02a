// A small map of all of the field: rocks, the ships one knows of, what is seen of it. Reads no messages, sends none.

import { el } from "../../page.mjs";
import { SIZE } from "../core/rules.mjs";

const EVERY_MS = 90;
const LEAST_ROCK_PX = 1.5;

/** Returns {node, show(view, rocks, eye, palette, nowMs)}, for each picture: it draws itself about ten times a second. */
export function mountChart() {
  const node = el("canvas", { className: "arena-chart", ariaHidden: "true" });
  const context = node.getContext("2d");
  let dueMs = 0;
  const fit = () => {
    const pixelRatio = Math.min(2, globalThis.devicePixelRatio || 1);
    const [width, height] = [Math.round(node.clientWidth * pixelRatio), Math.round(node.clientHeight * pixelRatio)];
    if (node.width !== width) node.width = width;
    if (node.height !== height) node.height = height;
    context.setTransform(width / SIZE, 0, 0, height / SIZE, 0, 0);
    return width / SIZE;
  };
  const disc = (x, y, radius, colour) => {
    context.fillStyle = colour;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fill();
  };
  const show = (view, rocks, eye, palette, nowMs) => {
    if (nowMs < dueMs || !node.clientWidth) return;
    dueMs = nowMs + EVERY_MS;
    const px = 1 / fit();
    const dot = (node.clientWidth > 110 ? 3 : 2.4) * px * Math.min(2, globalThis.devicePixelRatio || 1);
    context.clearRect(0, 0, SIZE, SIZE);
    for (const { x, y, radius } of rocks) disc(x, y, Math.max(LEAST_ROCK_PX * px, radius), palette.rock);
    const [width, height] = [eye.width / eye.scale, eye.height / eye.scale];
    context.strokeStyle = palette.dot;
    context.lineWidth = 1.5 * px;
    context.strokeRect(eye.x - width / 2, eye.y - height / 2, width, height);
    for (const ship of view.ships) if (!ship.isOwn) disc(ship.x, ship.y, dot, palette.paints(ship.colour).hull);
    const own = view.own ?? view.find(view.slot);
    if (!own) return;
    disc(own.x, own.y, dot * 1.7, palette.ink);
    disc(own.x, own.y, dot * 1.1, palette.paints(own.colour).hull);
  };
  return { node, show };
}
