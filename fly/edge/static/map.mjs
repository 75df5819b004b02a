// The picture: land, regions with their edge and Machines, ways that light up. Draws; decides nothing.

import { standing } from "./core.mjs";
import { draw } from "./dom.mjs";
import { arc, at, crest, frame, graticule, land, spread } from "./geometry.mjs";
import { FIRST, ROWS, STEP } from "./land.mjs";
import { look, outline, stateOf } from "./words.mjs";

const LIT_MS = 1600;
const MAX_LIT = 120;
const FEW = 8;
const MOST_SIGNS = 9;
const NARROW = 560;
const UNITS = [
  { r: 6, step: 17, font: 14, tall: 30, code: 42 },
  { r: 4.5, step: 12, font: 11, tall: 22, code: 34 },
  { r: 3.5, step: 9, font: 10, tall: 17, code: 29 },
];
const BENDS = { in: 1, bad: 1, replay: 0.55, socket: -0.6 };

/** The map in a figure. `choose` is called with the code of a region that is clicked. */
export class WorldMap {
  constructor(figure, choose) {
    this.figure = figure;
    this.choose = choose;
    this.size = "";
    this.nodes = new Map();
    this.still = matchMedia("(prefers-reduced-motion: reduce)");
    this.layers = Object.fromEntries(["ground", "spots", "sockets", "lit", "cards", "badges"].map((name) => [name, draw("g", { class: name })]));
    const heads = ["in", "replay", "bad"].map((kind) =>
      draw("marker", { id: `head-${kind}`, class: `head ${kind}`, viewBox: "0 0 8 8", refX: 6, refY: 4, markerWidth: 7, markerHeight: 7, markerUnits: "userSpaceOnUse", orient: "auto" }, draw("path", { d: "M0 0L8 4L0 8z" })),
    );
    this.root = draw("svg", { role: "img" }, draw("defs", {}, ...heads), ...Object.values(this.layers));
    figure.append(this.root);
  }

  /** Show the regions as they are now; `words` is what the picture is called. */
  show(world, regions, words) {
    const width = Math.round(this.figure.clientWidth);
    if (!width) return;
    const shown = regions.filter((region) => world.regions[region.code]);
    const size = `${width} ${shown.map((region) => `${region.code}${region.machines.length}`).join(" ")}`;
    if (size !== this.size) this.lay(width, shown);
    this.size = size;
    if (this.root.getAttribute("aria-label") !== words) this.root.setAttribute("aria-label", words);
    for (const region of shown) this.mend(region, world);
    this.tie(standing(world));
  }

  /** Lay out land and cards anew: another width, or other Machines. */
  lay(width, regions) {
    const height = Math.round(Math.max(width * 0.47, 190));
    this.root.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.root.setAttribute("height", height);
    const view = frame(regions.map((region) => region.place), width, height);
    const lines = graticule(view).map((line) => draw("path", { d: line.d, class: line.isMain ? "main" : "grid" }));
    this.layers.ground.replaceChildren(...lines, draw("path", { class: "land", d: land(ROWS, FIRST, STEP, view), "stroke-width": Math.max(1.6, 1.5 * view.scale) }));
    // The largest size in which the cards cover less than a third of the map.
    const units = width < NARROW ? UNITS.slice(1) : UNITS;
    const unit = units.find((one) => regions.reduce((sum, { machines }) => sum + wide(machines, one) * one.tall, 0) < (width * height) / 3) ?? units.at(-1);
    const places = regions.map((region) => at(region.place, view));
    const boxes = regions.map((region, index) => {
      return { x: places[index].x, y: places[index].y - unit.tall * 0.9, width: wide(region.machines, unit), height: unit.tall };
    });
    this.nodes.clear();
    this.layers.lit.replaceChildren();
    this.layers.spots.replaceChildren();
    this.layers.cards.replaceChildren();
    this.layers.badges.replaceChildren();
    spread(boxes, width, height).forEach((box, index) => this.card(regions[index], box, places[index], unit));
  }

  /** One region: a dot where it is, a line to its card, and in it the edge's name and a sign for each Machine. */
  card(region, box, place, unit) {
    const left = box.x - box.width / 2;
    const signs = region.machines.slice(0, MOST_SIGNS).map((machine, index) =>
      draw("g", { class: "sign", transform: `translate(${left + unit.code + unit.step * (index + 0.5)} ${box.y})` }, draw("circle", { class: "pulse", r: unit.r + 2 }), draw("path")),
    );
    const badge = badgeAt(box.x + box.width / 2 - 4, box.y - box.height / 2 + 1, unit.font - 1);
    const spot = draw("circle", { class: "spot", cx: place.x, cy: place.y, r: unit.r * 0.7 });
    this.layers.spots.append(draw("path", { class: "leader", d: `M${place.x} ${place.y}L${box.x} ${box.y}` }), spot);
    const group = draw(
      "g", { class: "region" },
      draw("rect", { x: left, y: box.y - box.height / 2, width: box.width, height: box.height, rx: box.height / 2 }),
      draw("text", { x: left + unit.font * 0.7, y: box.y + unit.font * 0.35, "font-size": unit.font }, region.code),
      ...signs,
    );
    group.addEventListener("click", () => this.choose(region.code));
    this.layers.cards.append(group);
    this.layers.badges.append(badge);
    this.nodes.set(region.code, { group, signs, badge, dot: spot, spot: place, unit });
  }

  mend(region, world) {
    const { group, signs, badge, dot, unit } = this.nodes.get(region.code);
    group.classList.toggle("here", region.code === world.here);
    dot.classList.toggle("here", region.code === world.here);
    group.classList.toggle("edge", Boolean(region.edge));
    group.classList.toggle("trouble", Boolean(world.troubles[region.code]));
    region.machines.slice(0, signs.length).forEach((machine, index) => {
      const { shape, tone } = look(stateOf(machine));
      const path = signs[index].lastChild;
      const d = outline(shape, unit.r);
      if (path.getAttribute("d") !== d) path.setAttribute("d", d);
      const name = `sign ${shape} ${tone}${machine.cordoned ? " cordoned" : ""}`;
      if (signs[index].getAttribute("class") !== name) signs[index].setAttribute("class", name);
      signs[index].dataset.id = machine.id;
    });
    const sockets = region.machines.reduce((sum, one) => sum + one.sockets, 0);
    number(badge, sockets, unit.font - 1);
  }

  /** WebSockets that are open, as arcs that stand. */
  tie(ways) {
    const drawn = ways.filter((one) => one.from !== one.to && this.nodes.has(one.from) && this.nodes.has(one.to));
    const key = JSON.stringify([this.size, drawn]);
    if (key === this.tied) return;
    this.tied = key;
    const parts = drawn.flatMap((one) => {
      const [a, b] = [this.nodes.get(one.from).spot, this.nodes.get(one.to).spot];
      const middle = crest(a, b, BENDS.socket);
      const badge = badgeAt(middle.x, middle.y, 12);
      // Where there are many ways, one socket is an arc without a number: it would only be in the way.
      number(badge, one.count > 1 || drawn.length <= FEW ? one.count : 0, 12);
      return [draw("path", { d: arc(a, b, BENDS.socket), "stroke-width": Math.min(6, 1.5 + Math.log2(one.count)) }), badge];
    });
    this.layers.sockets.replaceChildren(...parts);
  }

  /** Light up the ways of requests for a moment. */
  light(ways) {
    for (const way of ways.slice(0, MAX_LIT - this.layers.lit.childElementCount)) {
      const [a, b] = [this.nodes.get(way.from), this.nodes.get(way.to)];
      if (!a || !b) continue;
      this.pulse(b, way);
      if (way.from !== way.to) this.fly(arc(a.spot, b.spot, BENDS[way.kind]), way.kind);
    }
  }

  fly(d, kind) {
    const path = draw("path", { d, class: kind, "marker-end": `url(#head-${kind})` });
    const parts = [path];
    if (!this.still.matches) {
      const comet = draw("path", { d, class: `comet ${kind}`, pathLength: 1, "stroke-dasharray": "0.12 2" });
      comet.animate([{ strokeDashoffset: 0.12 }, { strokeDashoffset: -1 }], { duration: 650, easing: "ease-in-out", fill: "forwards" });
      path.animate([{ opacity: 0.9 }, { opacity: 0.9, offset: 0.5 }, { opacity: 0 }], { duration: LIT_MS, fill: "forwards" });
      parts.push(comet);
    }
    this.layers.lit.append(...parts);
    setTimeout(() => parts.forEach((part) => part.remove()), LIT_MS);
  }

  /** The sign of the Machine that had the request. */
  pulse(node, way) {
    const ring = node.signs.find((sign) => sign.dataset.id === way.machine)?.firstChild;
    if (!ring) return;
    ring.classList.add("lit");
    clearTimeout(ring.over);
    ring.over = setTimeout(() => ring.classList.remove("lit"), this.still.matches ? LIT_MS : 500);
  }
}

/** How wide a card is with a sign for each Machine. */
function wide(machines, unit) {
  return unit.code + Math.max(1, Math.min(machines.length, MOST_SIGNS)) * unit.step + unit.tall / 4;
}

/** A number of sockets on a ground of its own, around a point. */
function badgeAt(x, y, font) {
  return draw("g", { class: "badge", transform: `translate(${x} ${y})` }, draw("rect", { height: font + 4, y: -(font + 4) / 2, rx: (font + 4) / 2 }), draw("text", { y: font * 0.36, "text-anchor": "middle", "font-size": font }));
}

function number(badge, count, font) {
  const [ground, text] = badge.children;
  const word = count ? String(count) : "";
  if (text.textContent === word && badge.hasAttribute("opacity")) return;
  badge.setAttribute("opacity", count ? 1 : 0);
  text.textContent = word;
  const size = Math.max(font + 4, word.length * font * 0.62 + 9);
  ground.setAttribute("width", size);
  ground.setAttribute("x", -size / 2);
}
