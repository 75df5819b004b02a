// The same facts as a list, for phones and for those who do not see the picture; with the buttons. Sends nothing by itself: `give` does.

import { lastWord } from "./core.mjs";
import { draw, keep, make, mark, write } from "./dom.mjs";
import { buttons, modes, rows } from "./orders.mjs";
import { count, idle, isUsual, look, outline, stateOf, weatherInWords } from "./words.mjs";

const REST_MS = 200;
const PLACED = new Set(["machine", "region", "edge"]);
const KNOBS = [["latency_ms", "Latency", "ms each way"], ["jitter_ms", "Jitter", "ms to both sides"], ["loss_percent", "Loss", "% of the segments"]];

/** The cards of the regions. `give(verb, target, values)` gives an order and resolves with a sentence. */
export class Cards {
  constructor(parent, give) {
    this.parent = parent;
    this.give = give;
  }

  /** Show the regions as they are now. */
  show(world, regions) {
    keep(this.parent, regions, (one) => one.code, (one) => this.card(one), (node, one) => this.mend(node, one, world));
  }

  card(region) {
    const { city, flag } = region.place;
    const title = make("h3", { id: `title-${region.code}`, tabindex: "-1" }, make("span", { class: "flag", "aria-hidden": "true" }, flag), ` ${city} `, make("code", {}, region.code));
    const whole = folded(`Break ${city}`, make("div", { class: "rows" }), make("p", { class: "fine" }, "All its Machines, one after the other:"), make("div", { class: "buttons" }), make("p", { class: "answer" }));
    return make(
      "section", { class: "card panel", id: `region-${region.code}`, "aria-labelledby": `title-${region.code}` },
      make("div", { class: "card-head" }, title, make("a", { class: "stand" })),
      make("p", { class: "facts fine" }), make("p", { class: "troubles error" }), make("ul", { class: "machines" }), whole, this.weather(region),
    );
  }

  weather(region) {
    const body = make("div", { class: "knobs" });
    const answer = make("p", { class: "answer" });
    const box = folded("Weather between here and its clients", body, answer);
    const turn = async (values) => write(answer, await this.give("weather", region.code, values));
    for (const [name, label, unit] of KNOBS) {
      const input = make("input", { type: "range", id: `${region.code}-${name}`, name, min: "0", step: "1", value: "0" });
      const shown = make("b", { "aria-hidden": "true" }, "0");
      body.append(make("div", { class: "knob" }, make("label", { for: input.id }, label), input, shown, make("span", { class: "fine", "aria-hidden": "true" }, unit)));
      input.dataset.unit = unit;
      let resting = 0;
      input.addEventListener("input", () => {
        write(shown, input.value);
        mark(input, "aria-valuetext", `${input.value} ${unit}`);
        input.dataset.moved = "true";
        clearTimeout(resting);
        resting = setTimeout(async () => {
          await turn({ [name]: Number(input.value) });
          delete input.dataset.moved;
        }, REST_MS);
      });
    }
    const clear = make("button", { type: "button", class: "order" }, "Clear");
    clear.addEventListener("click", () => turn(Object.fromEntries(KNOBS.map(([name]) => [name, 0]))));
    body.append(clear);
    return box;
  }

  mend(card, region, world) {
    const [head, facts, troubles, machines, whole, weather] = card.children;
    const stand = head.lastChild;
    stand.hidden = !region.edge;
    if (region.edge) {
      mark(stand, "href", `http://${location.hostname}:${region.edge.port}/`);
      write(stand, region.code === world.here ? "Lobby from here" : "Stand there");
      stand.setAttribute("aria-label", `${stand.textContent}: the lobby, seen from ${region.place.city}`);
    }
    const words = region.edge ? weatherInWords(region.edge.weather) : "";
    write(facts, region.edge ? `Edge: ${count(region.through, "open socket")} through it. Weather: ${words}.` : "No vantage point here.");
    write(troubles, (world.troubles[region.code] ?? []).join(", "));
    keep(machines, region.machines, (one) => one.id, (one) => this.machine(one), (node, one) => this.mendMachine(node, one, world));
    const [, breaks, intro, all, answer] = whole.children;
    const name = `all of ${region.place.city}`;
    rows(breaks, world.verbs.filter((one) => one.of === "region"), this.give, { target: region.code, answer, name: region.place.city });
    intro.hidden = all.hidden = region.machines.length < 2;
    if (!all.hidden) buttons(all, world.verbs.filter((one) => one.of === "machine" && isUsual(one.verb)), this.give, { target: region.code, answer, name });
    whole.hidden = !breaks.firstChild && all.hidden;
    weather.hidden = !region.edge || !world.verbs.some((one) => one.of === "edge");
    if (!weather.hidden) mendWeather(weather, region.edge.weather, world.bounds);
  }

  machine() {
    const sign = draw("svg", { class: "sign", viewBox: "-8 -8 16 16", width: 18, height: 18, "aria-hidden": "true" }, draw("path"));
    const head = make("div", { class: "machine-head" }, sign, make("h4"), make("code"), make("span", { class: "pill state" }));
    const more = folded("More orders", make("div", { class: "buttons" }));
    return make("li", { class: "machine" }, head, make("p", { class: "fine" }), make("div", { class: "buttons" }), more, make("p", { class: "answer" }));
  }

  mendMachine(node, machine, world) {
    const [head, facts, usual, more, answer] = node.children;
    const [sign, name, id, state] = head.children;
    const { shape, tone, word } = look(stateOf(machine));
    mark(sign, "class", `sign ${shape} ${tone}`);
    mark(sign.firstChild, "d", outline(shape, 6));
    write(name, machine.name);
    write(id, machine.id.slice(0, 4));
    mark(state, "data-tone", tone);
    write(state, [word, machine.cordoned && "cordoned", machine.host && machine.host !== "ok" && `host ${machine.host}`].filter(Boolean).join(", "));
    const parts = [count(machine.sockets, "socket"), count(machine.connections, "connection"), machine.pid ? `process ${machine.pid}` : "no process"];
    if (new Set(Object.values(world.machines).map((one) => one.app)).size > 1) parts.push(`app ${machine.app}`);
    write(facts, parts.join(" · "));
    const verbs = world.verbs.filter((one) => one.of === "machine");
    const to = { target: machine.id, answer, name: machine.name, why: (verb) => idle(verb, machine) };
    buttons(usual, verbs.filter((one) => isUsual(one.verb)), this.give, to);
    const others = verbs.filter((one) => !isUsual(one.verb));
    more.hidden = others.length === 0;
    buttons(more.lastChild, others, this.give, to);
    const said = lastWord(world.said, machine);
    if (said && said !== answer.dataset.said) {
      answer.dataset.said = said;
      write(answer, said);
    }
  }
}

/** What is not of any region: the Machines API, the organisation's switch, and what the proxy does by itself. */
export class Everywhere {
  constructor(parent, give) {
    this.give = give;
    this.parent = parent;
    this.facts = make("p", { class: "fine" });
    this.states = make("div", { class: "rows" });
    this.others = make("div", { class: "buttons loose" });
    this.answer = make("p", { class: "answer" });
    parent.append(make("div", { class: "card-head" }, make("h3", {}, "Everywhere")), this.facts, this.states, this.others, this.answer);
  }

  show(world) {
    const isTwo = new Set(Object.values(world.machines).map((one) => one.app)).size > 1;
    const [stated, rest] = [world.verbs.filter((one) => one.modes?.length && (one.of !== "organisation" || isTwo)), world.verbs.filter((one) => !PLACED.has(one.of) && !one.modes?.length)];
    this.parent.hidden = stated.length + rest.length === 0;
    write(this.facts, world.api ? `The Machines API listens at ${world.api}` : "");
    this.parent.classList.toggle("trouble", Boolean(world.troubles.api));
    modes(this.states, stated, this.give, { answer: this.answer, now: world.modes });
    buttons(this.others, rest, this.give, { target: null, answer: this.answer, name: "everywhere" });
  }
}

function folded(title, ...children) {
  return make("details", {}, make("summary", {}, title), ...children);
}

/** Knobs follow the emulator, but not under somebody's hand. */
function mendWeather(box, weather, bounds) {
  for (const input of box.querySelectorAll("input")) {
    mark(input, "max", bounds[input.name] ?? 100);
    if (input.dataset.moved || input.value === String(Math.round(weather[input.name]))) continue;
    input.value = weather[input.name];
    mark(input, "aria-valuetext", `${input.value} ${input.dataset.unit}`);
    write(input.nextSibling, input.value);
  }
}
