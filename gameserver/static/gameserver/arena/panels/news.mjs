// What changes for oneself, as sentences for those who hear the page. Pure; reads no messages, sends none.

import { HULL } from "../core/rules.mjs";
import { ordinal, points, verdict } from "./standing.mjs";
import { spoken } from "./times.mjs";

/** Seconds before the end of a round at which it is told. */
const TOLD_AT = [60, 10];

/**
 * @typedef {{role: string, hull: number, points: number, place: number, seconds: number, phase: string, round: number, isStalled: boolean,
 *   ranking: any[], followed: string}} Moment what one would see; place: 0 without one; seconds: until the phase ends; followed: the name of
 *   the own ship's pilot, or of who is watched, "" for nobody
 */

/**
 * What is new since the moment before, the most important first.
 * @param {Moment | null} before @param {Moment} now @param {string} you an id @returns {string[]}
 */
export function news(before, now, you) {
  if (!before) return [];
  const told = [];
  if (before.role !== now.role) told.push(...turn(before.role, now.role));
  if (before.phase !== now.phase) told.push(now.phase === "ranking" ? verdict(now.ranking, you) : `Round ${now.round} begins.`);
  if (now.isStalled && !before.isStalled) told.push("The connection is bad: your ship waits.");
  if (now.role === "ship" && before.role === "ship" && now.hull < before.hull) told.push(`Hit. Hull ${now.hull} of ${HULL}.`);
  const isPlaying = now.role !== "nobody" && now.phase === "playing" && before.phase === "playing";
  if (isPlaying && now.points > before.points) told.push(`${points(now.points)}, ${ordinal(now.place)}.`);
  const isOther = now.role === "nobody" && now.followed && now.followed !== before.followed;
  if (isOther) told.push(`Watching ${now.followed}.`);
  const left = now.phase === "playing" && TOLD_AT.find((seconds) => before.seconds > seconds && now.seconds <= seconds);
  if (left) told.push(`${spoken(left)} left.`);
  return told;
}

function turn(before, now) {
  if (now === "nobody") return ["You are watching now."];
  if (now === "returning") return before === "ship" ? ["You were destroyed. Back in 3 seconds."] : [];
  return [before === "nobody" ? "You are flying." : "You are back."];
}
