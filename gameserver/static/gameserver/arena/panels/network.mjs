// The network panel: figures with lines of the last half minute; behind the emulator, the weather. Reads and sends what weather.mjs does.

import { el } from "../../page.mjs";
import { disclose, iconButton, reveal, write } from "./controls.mjs";
import { FIGURES, SAMPLES, Series } from "./figures.mjs";
import { CLEAR, DIALS, Weather } from "./weather.mjs";

const EVERY_MS = 250;

function mountFigure({ name, hint, value, said, least }) {
  const series = new Series();
  const text = el("dd", { className: "arena-figure" });
  const canvas = el("canvas", { className: "arena-line-of", ariaHidden: "true" });
  const node = el("div", { className: "arena-measure", title: hint }, el("dt", { textContent: name }), text, canvas);
  return {
    node,
    take: (stats) => series.add(value(stats)),
    show: (stats, colour) => {
      write(text, said(stats));
      draw(canvas, series, least, colour);
    },
  };
}

function draw(canvas, series, least, colour) {
  const pixelRatio = Math.min(2, globalThis.devicePixelRatio || 1);
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (!width) return;
  [canvas.width, canvas.height] = [width * pixelRatio, height * pixelRatio];
  const context = canvas.getContext("2d");
  context.scale(pixelRatio, pixelRatio);
  const line = series.line(width, height - 3, least);
  if (!line.length) return;
  context.translate(0, 1.5);
  context.strokeStyle = context.fillStyle = colour;
  context.lineWidth = 1.5;
  context.lineJoin = "round";
  context.beginPath();
  line.forEach(([x, y], index) => (index ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.stroke();
  context.lineTo(line.at(-1)[0], height);
  context.lineTo(line[0][0], height);
  context.globalAlpha = 0.14;
  context.fill();
}

function mountDial({ key, name, unit, most, step }, turned) {
  const output = el("output", { className: "arena-figure" });
  const input = el("input", { type: "range", className: "arena-range", min: "0", max: String(most), step: String(step), value: "0" });
  const say = () => {
    write(output, `${Number(input.value)} ${unit}`);
    input.setAttribute("aria-valuetext", output.textContent);
  };
  input.addEventListener("input", () => {
    say();
    turned({ [key]: Number(input.value) });
  });
  const set = (value) => {
    // What was set from elsewhere may be beyond where the slider ends.
    input.max = String(Math.max(most, value));
    input.value = String(value);
    say();
  };
  set(0);
  return { key, set, isHeld: () => input.matches(":active"), node: el("label", { className: "arena-dial" }, el("span", { textContent: name }), output, input) };
}

function mountWeather(weather, timers, fetcher) {
  const problem = el("p", { className: "error", role: "status" });
  const place = el("span", {});
  const show = (now) => {
    write(problem, "");
    write(place, now.region ? ` at ${now.region}` : "");
    // A thumb that is on a slider knows better.
    for (const dial of dials) if (!dial.isHeld()) dial.set(now[dial.key]);
  };
  const sky = new Weather({ fetcher, timers, changed: show, failed: (text) => write(problem, text) });
  const turn = (fields) => sky.set(fields);
  const dials = DIALS.map((dial) => mountDial(dial, turn));
  const clear = el("button", { type: "button", className: "button button-quiet arena-clear", textContent: "Clear" });
  clear.addEventListener("click", () => {
    for (const dial of dials) dial.set(0);
    turn({ ...CLEAR });
  });
  const title = el("h3", {}, "Bad weather", place);
  weather.append(el("div", { className: "arena-head" }, title, clear), ...dials.map((dial) => dial.node), problem);
  let isNowhere = false;
  return async () => {
    if (isNowhere) return;
    const now = await sky.read();
    // Where there is no emulator none will come: each question would be an error in somebody's log.
    isNowhere = !now;
    reveal(weather, Boolean(now));
    if (now) show(now);
  };
}

/**
 * Returns {button, node, show(stats, nowMs), close}. `show` is called with each picture, and asks `stats()` four times a second.
 * @param {{timers: any, fetcher: typeof fetch, opened: () => void, closed: () => void}} options
 */
export function mountNetwork({ timers, fetcher, opened, closed }) {
  const figures = FIGURES.map(mountFigure);
  const weather = el("section", { className: "arena-weather", ariaLabel: "Weather", hidden: true });
  const look = mountWeather(weather, timers, fetcher);
  const button = iconButton("network", "Network", () => {});
  const list = el("dl", { className: "arena-measures" }, ...figures.map(({ node }) => node));
  const node = el("section", { className: "arena-card arena-network", ariaLabel: "Network" }, el("h2", { textContent: "Network" }), list, weather);
  const open = () => {
    opened();
    dueMs = 0;
    look();
  };
  const { close, isOpen } = disclose(button, node, { opened: open, closed });
  let dueMs = 0;
  let drawn = [];
  const show = (stats, nowMs) => {
    drawn.push(nowMs);
    if (nowMs < dueMs) return;
    dueMs = nowMs + EVERY_MS;
    drawn = drawn.filter((atMs) => atMs > nowMs - 1000).slice(-SAMPLES * 2);
    const now = { ...stats(), drawnPerSecond: drawn.length };
    for (const figure of figures) figure.take(now);
    if (!isOpen()) return;
    const colour = getComputedStyle(node).getPropertyValue("--arena-line").trim();
    for (const figure of figures) figure.show(now, colour);
  };
  return { button, node, show, close };
}
