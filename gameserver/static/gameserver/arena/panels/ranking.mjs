// The end of a round, for as long as its ranking is shown; and the best of all time. Reads no messages, sends none.

import { el } from "../../page.mjs";
import { disclose, iconButton, reveal, write } from "./controls.mjs";
import { mountStanding } from "./hud.mjs";
import { standing, verdict } from "./standing.mjs";

const SHOWN = 7;
const BEST = 10;

/** Returns {node, show(moment, you)}: over the field between two rounds. */
export function mountRanking() {
  const title = el("h2", {});
  const said = el("p", { className: "arena-said" });
  const next = el("p", { className: "arena-next" });
  const list = mountStanding("Ranking of the round", SHOWN + 1);
  const node = el("section", { className: "arena-card arena-ranking", ariaLabel: "End of the round", hidden: true }, title, said, list.node, next);
  const show = ({ phase, round, seconds, ranking }, you) => {
    reveal(node, phase === "ranking" && round > 0);
    if (node.hidden) return;
    write(title, `Round ${round} is over`);
    write(said, verdict(ranking, you));
    list.show(standing(ranking, you, SHOWN));
    write(next, seconds ? `The next round begins in ${seconds}` : "The next round begins");
  };
  return { node, show };
}

/** Returns {button, node, show(best, you)}: the best ten of this room, with the rounds in which they were. */
export function mountBest({ opened, closed }) {
  const list = el("ol", { className: "arena-standing arena-bests" });
  const none = el("p", { className: "fine", textContent: "Nobody has finished a round with points yet." });
  const button = iconButton("best", "Best of all time", () => {});
  const title = el("h2", { textContent: "Best of all time" });
  const node = el("section", { className: "arena-card arena-best", ariaLabel: "Best of all time" }, title, none, list);
  const { close } = disclose(button, node, { opened, closed });
  let shown = null;
  const show = (best, you) => {
    if (best === shown) return;
    shown = best;
    none.hidden = best.length > 0;
    list.replaceChildren(...best.slice(0, BEST).map((entry, index) => rowOf(entry, index, you)));
  };
  return { button, node, show, close };
}

function rowOf({ id, name, colour, points, round }, index, you) {
  const dot = el("span", { className: "arena-dot", who: colour });
  const place = el("span", { className: "arena-place-of", textContent: String(index + 1) });
  const parts = [place, dot, el("span", { className: "arena-name", textContent: name })];
  const about = el("span", { className: "arena-about", textContent: `round ${round}` });
  const scored = el("b", { className: "arena-points", textContent: String(points) });
  return el("li", { className: "arena-row", dataset: { you: String(id === you) } }, ...parts, about, scored);
}
