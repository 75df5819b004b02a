// The buttons. Each is made from an order that the emulator says it has; `give(verb, target, values)` gives it and resolves with a sentence.

import { keep, make, mark, speak, write } from "./dom.mjs";
import { does, ending, isFinal, isHarsh, title, unit } from "./words.mjs";

const SURE_MS = 3000;

/** Buttons for orders that take a target and nothing else; `why(verb)` says why one would change nothing. `name` is for those who do not see where it stands. */
export function buttons(parent, verbs, give, { target, answer, name, why = () => "" }) {
  const pairs = verbs.flatMap((one) => (one.over ? [{ ...one, over: false }, { ...one, over: true }] : [one]));
  const create = ({ verb, over }) => {
    const label = over ? ending(verb) : title(verb);
    const button = orderButton(label, isHarsh(verb) && !over, name, does(verb));
    button.addEventListener("click", () => press(button, answer, label, isFinal(verb), () => give(verb, target, over ? { over } : {})));
    return button;
  };
  keep(parent, pairs, (one) => `${one.verb}${one.over ? " over" : ""}`, create, (button, one) => {
    button.idle = why(one.verb);
    mark(button, "aria-disabled", Boolean(button.idle));
  });
}

/** A row for each order that takes numbers or can be ended: its name, its numbers, a button for its beginning and one for its end. */
export function rows(parent, verbs, give, { target, answer, name }) {
  keep(parent, verbs, (one) => one.verb, (one) => row(one, give, target, answer, name), () => {});
}

function row(one, give, target, answer, name) {
  const { verb, takes, over } = one;
  const inputs = numbers(one);
  const begin = orderButton(takes.length ? "Set" : "Begin", isHarsh(verb), `${title(verb)} ${name}`);
  begin.addEventListener("click", () => press(begin, answer, title(verb), isFinal(verb), () => give(verb, target, valuesOf(inputs))));
  const parts = [begin];
  if (over) {
    const end = orderButton(ending(verb), false, `${title(verb)} ${name}`);
    end.addEventListener("click", () => press(end, answer, ending(verb), false, () => give(verb, target, { over: true })));
    parts.push(end);
  }
  return make("div", { class: "row" }, make("span", { class: "row-name", title: does(verb) || null }, title(verb)), ...fields(inputs), ...parts);
}

/** A row for each order that puts something into a state, as the API: a button for each state, `now` says which it is. */
export function modes(parent, verbs, give, { answer, now }) {
  keep(parent, verbs, (one) => one.verb, (one) => states(one, give, answer), (node, one) => {
    for (const button of node.querySelectorAll("button")) mark(button, "aria-pressed", button.dataset.mode === now[one.verb]);
  });
}

function states(one, give, answer) {
  const inputs = numbers(one);
  const values = () => valuesOf(inputs);
  const parts = one.modes.flatMap((mode) => {
    const button = orderButton(title(mode), isHarsh(mode), title(one.verb));
    button.dataset.mode = mode;
    // A number belongs to the state of its name: how slow, where it is slow.
    const own = inputs.filter((input) => input.name === mode);
    button.addEventListener("click", () => press(button, answer, title(mode), false, () => give(one.verb, mode, own.length ? values() : {})));
    return [button, ...fields(own)];
  });
  return make("div", { class: "row", role: "group", "aria-label": title(one.verb) }, make("span", { class: "row-name", title: does(one.verb) || null }, title(one.verb)), ...parts);
}

function numbers({ verb, takes }) {
  return takes.map((taken) => make("input", { type: "number", min: "0", step: "any", name: taken, inputmode: "decimal", "aria-label": numberName(verb, taken), placeholder: "–" }));
}

function valuesOf(inputs) {
  return Object.fromEntries(inputs.filter((input) => input.value !== "").map((input) => [input.name, Number(input.value)]));
}

function fields(inputs) {
  return inputs.map((input) => make("label", { class: "number" }, input, make("span", { class: "fine", "aria-hidden": "true" }, unit(input.name))));
}

function numberName(verb, taken) {
  return [title(verb), unit(taken)].filter(Boolean).join(", in ");
}

function orderButton(label, harsh, name, hint = "") {
  return make("button", { type: "button", class: `order${harsh ? " harsh" : ""}`, title: hint || null }, make("span", {}, label), make("span", { class: "visually-hidden" }, ` ${name}`));
}

async function press(button, answer, label, isTwice, act) {
  if (button.getAttribute("aria-busy") === "true") return;
  if (button.idle) return tell(answer, `${label}: ${button.idle}.`);
  if (isTwice && !button.dataset.sure) return ask(button, answer, label);
  button.setAttribute("aria-busy", "true");
  try {
    write(answer, await act());
  } finally {
    button.removeAttribute("aria-busy");
  }
}

function tell(answer, text) {
  write(answer, text);
  speak(text);
}

/** What cannot be taken back is pressed a second time, within a moment. */
function ask(button, answer, label) {
  button.dataset.sure = "asked";
  tell(answer, `${label}? Nothing takes it back. Press again to do it.`);
  setTimeout(() => delete button.dataset.sure, SURE_MS);
}
