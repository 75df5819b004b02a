// Who stands where in a round, and the sentences that say so. Pure; reads no messages, sends none.

/** @typedef {{slot?: number, id: string, name: string, colour: string, points: number}} Person */

/**
 * The first of a round, and oneself behind them where one is not among them. The most points first; of two with as many, the lower slot.
 * @param {Person[]} people @param {string} you an id @param {number} first how many
 * @returns {{place: number, person: Person, isYou: boolean}[]} place: from 1, the same for as many points
 */
export function standing(people, you, first) {
  const order = [...people].sort((one, other) => other.points - one.points);
  let place = 0;
  const rows = order.map((person, index) => {
    if (!index || person.points < order[index - 1].points) place = index + 1;
    return { place, person, isYou: person.id === you };
  });
  const shown = rows.slice(0, first);
  const own = rows.find((row) => row.isYou);
  return own && !shown.includes(own) ? [...shown, own] : shown;
}

/** The slot of whom to watch after (1) or before (-1) another one, in the order of slots; -1 for nobody. @param {{slot: number}[]} ships */
export function neighbour(ships, slot, step) {
  if (!ships.length) return -1;
  const at = ships.findIndex((ship) => ship.slot === slot);
  if (at < 0) return ships[step > 0 ? 0 : ships.length - 1].slot;
  return ships[(at + step + ships.length) % ships.length].slot;
}

const nameOf = (ships, slot) => ships.find((ship) => ship.slot === slot)?.name || "Somebody";

/** What happened in a round, as a sentence for those who look on; "" for what is no news. `you`: an id. */
export function told(event, ships, you) {
  const isYou = (slot) => ships.some((ship) => ship.slot === slot && ship.id === you);
  if (event.ev === "arena.joined") return event.id === you ? "" : `${event.name} is here`;
  if (event.ev === "arena.left") return isYou(event.slot) ? "" : `${nameOf(ships, event.slot)} is gone`;
  if (event.ev !== "arena.destroyed") return "";
  const hasBy = Number.isInteger(event.by) && event.by >= 0;
  if (isYou(event.slot)) return hasBy ? `${nameOf(ships, event.by)} destroyed you` : "You were destroyed";
  const whom = nameOf(ships, event.slot);
  if (!hasBy) return `${whom} was destroyed`;
  return isYou(event.by) ? `You destroyed ${whom}` : `${nameOf(ships, event.by)} destroyed ${whom}`;
}

/** Whether a sentence of `told` is about oneself: then it goes before others. */
export function isOwn(event, ships, you) {
  return [event.slot, event.by].some((slot) => ships.some((ship) => ship.slot === slot && ship.id === you));
}

const ENDINGS = { one: "st", two: "nd", few: "rd", other: "th" };
const rules = new Intl.PluralRules("en", { type: "ordinal" });

/** 1st, 2nd, 3rd, 11th … */
export const ordinal = (number) => `${number}${ENDINGS[rules.select(number)]}`;

/** `1 point`, `2 points`. */
export const points = (count) => `${count} ${count === 1 ? "point" : "points"}`;

/** How somebody did when a round is over. @param {Person[]} ranking of the round @param {string} you an id */
export function verdict(ranking, you) {
  const at = ranking.findIndex((entry) => entry.id === you);
  if (!ranking.length) return "The round is over. Nobody scored.";
  if (at === 0) return `You won the round with ${points(ranking[0].points)}.`;
  const won = `${ranking[0].name} won the round with ${points(ranking[0].points)}.`;
  return at < 0 ? won : `${won} You came ${ordinal(at + 1)} with ${ranking[at].points}.`;
}
