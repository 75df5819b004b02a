// Where the arena's panels stand around the field, and the buttons at its corner. Sends arena.watch.

import { el } from "../../page.mjs";
import { iconButton, put, reveal } from "./controls.mjs";
import { icon } from "./icons.mjs";
import { mountNetwork } from "./network.mjs";
import { mountBest } from "./ranking.mjs";

function mountSound(sound) {
  const button = iconButton("silence", "Sound", () => {
    sound.set(!sound.isOn);
    show();
  });
  const show = () => {
    put(button, "aria-pressed", sound.isOn);
    button.replaceChildren(icon(sound.isOn ? "sound" : "silence"));
  };
  show();
  return button;
}

/**
 * The buttons for sound, the best, the network, and for watching instead of flying.
 * Returns {list, cards, network, show(moment, state, you)}: `cards` are what they open, one at a time.
 */
export function mountButtons({ room, sound, timers, focus }) {
  const closed = () => {};
  const network = mountNetwork({ timers, fetcher: (...request) => fetch(...request), opened: () => best.close(), closed });
  const best = mountBest({ opened: () => network.close(), closed });
  const leave = iconButton("watch", "Watch instead of flying", () => room.send({ cmd: "arena.watch" }));
  const list = [leave, mountSound(sound), best.button, network.button];
  for (const button of list) {
    // After a click the keys are the ship's again; who came by the Tab key stays.
    button.addEventListener("click", (event) => event.detail > 0 && focus());
  }
  const show = (moment, state, you) => {
    reveal(leave, moment.role !== "nobody" && !room.readOnly);
    best.show(state.best, you);
  };
  return { list, cards: [best.node, network.node], network, show };
}

/** Put everything into its place; the order is the one of the Tab key. */
export function layOut(home, { stage, parts, join, chart, buttons, voice }) {
  const place = (name, ...nodes) => el("div", { className: `arena-place arena-${name}` }, ...nodes);
  home.append(
    place("middle", parts.banner.node, parts.ranking.node),
    place("foot", parts.own.node, join.node),
    place("start", parts.round.node, parts.log.node),
    place("end", el("div", { className: "arena-card arena-buttons", role: "group", ariaLabel: "Arena" }, ...buttons.list), chart.node),
    place("side", ...buttons.cards),
    voice,
  );
  home.prepend(stage.node);
}
