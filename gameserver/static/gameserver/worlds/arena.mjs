// The arena: fly, shoot, collect; docs/arena.md. Reads arena.joined, arena.left, arena.scored, arena.began, arena.ended, arena.hit,
// arena.destroyed, and frames. Sends arena.play, arena.watch, and inputs. This module puts its parts together: core, stage, panels.

import { Game } from "../arena/core/game.mjs";
import { reduce } from "../arena/core/state.mjs";
import { mountChart } from "../arena/panels/chart.mjs";
import { reveal, write } from "../arena/panels/controls.mjs";
import { layOut, mountButtons } from "../arena/panels/frame.mjs";
import { Herald } from "../arena/panels/herald.mjs";
import { mountBanner, mountFeed, mountOwn, mountRound } from "../arena/panels/hud.mjs";
import { Join } from "../arena/panels/join.mjs";
import { news } from "../arena/panels/news.mjs";
import { mountRanking } from "../arena/panels/ranking.mjs";
import { isOwn, standing, told } from "../arena/panels/standing.mjs";
import { OwnerTime, secondsUntil } from "../arena/panels/times.mjs";
import { Sound } from "../arena/stage/sound.mjs";
import { Stage } from "../arena/stage/stage.mjs";
import { el, pageData } from "../page.mjs";

export { reduce };

/** Panels show what is new so often, ms: each picture has the field, words need not. */
const PANELS_MS = 200;
const LABEL = "Arena. Arrow keys or W, A, D fly, space fires, M aims with the mouse, Escape leaves.";

const timers = { set: (act, ms) => setTimeout(act, ms), clear: (timer) => clearTimeout(timer) };
const now = () => performance.now();

function storage() {
  try {
    return globalThis.localStorage;
  } catch {
    return null;
  }
}

/** Give the game all that comes; `happened(event, ships, atMs)` is told of each event, with who flew before it. */
function feed(room, game, happened) {
  const restart = (state) => {
    game.restart(state, now());
    game.connected();
  };
  restart(room.state());
  room.onBytes?.((bytes) => game.take(bytes, now()));
  room.onChange((state, events, { restarted } = {}) => {
    if (restarted) restart(state);
    const atMs = now();
    for (const event of events) {
      const { ships } = game.state;
      // A fresh state has what came with it.
      if (!restarted) game.event(event, atMs);
      happened(event, ships, atMs);
    }
  });
}

/** What one sees at this moment, as news and panels have it. */
function momentOf(view, { state }, you, ownerMs) {
  const followed = state.ships.find((ship) => ship.slot === view.slot)?.name ?? "";
  const own = standing(state.ships, you, 0)[0];
  const place = own ? { points: own.person.points, place: own.place } : { points: 0, place: 0 };
  const { phase, round, ranking = [] } = state;
  const seconds = secondsUntil(state.ends, ownerMs);
  return { role: view.role, hull: view.own?.hull ?? 0, ...place, seconds, phase, round, isStalled: view.isStalled, ranking, followed };
}

/** All panels, and what shows them. */
class Panels {
  #herald = new Herald();
  #time = new OwnerTime(Date.now() - now());
  #voice = el("p", { className: "visually-hidden", ariaLive: "polite" });
  #parts = { round: mountRound(), own: mountOwn(), banner: mountBanner(), ranking: mountRanking(), log: mountFeed() };
  #chart = mountChart();
  #dueMs = 0;
  #before = null;

  constructor(home, { room, game, stage, sound }) {
    Object.assign(this, { home, room, game, stage });
    this.join = new Join({ room, page: pageData(), flying: () => stage.focus(), state: () => game.state });
    this.buttons = mountButtons({ room, sound, timers, focus: () => stage.focus() });
    layOut(home, { stage, parts: this.#parts, join: this.join, chart: this.#chart, buttons: this.buttons, voice: this.#voice });
  }

  /** With each picture. */
  show(view, nowMs) {
    const { stage, game, buttons } = this;
    this.#chart.show(view, game.rocks, stage.eye, stage.palette, nowMs);
    buttons.network.show(() => game.stats(nowMs), nowMs);
    if (nowMs < this.#dueMs) return;
    this.#dueMs = nowMs + PANELS_MS;
    this.#showWords(view, nowMs);
    this.#speak(nowMs);
  }

  #showWords(view, nowMs) {
    const { game, room, home } = this;
    const { round, own, banner, ranking } = this.#parts;
    const { id } = room.you;
    const moment = momentOf(view, game, id, this.#time.at(nowMs));
    for (const text of news(this.#before, moment, id)) this.#herald.tell(text, nowMs, { place: "voice", isOwn: true });
    this.#before = moment;
    round.show(moment, game.state, id);
    own.show(moment);
    banner.show(moment, nowMs);
    ranking.show(moment, id);
    this.join.show(view, moment.followed);
    this.buttons.show(moment, game.state, id);
    reveal(this.#chart.node, view.tick >= 0);
    home.dataset.role = view.role;
  }

  #speak(nowMs) {
    const said = this.#herald.due(nowMs);
    if (said?.place === "feed") this.#parts.log.add(said.text, said.isOwn);
    else if (said) write(this.#voice, said.text);
  }

  /** Tell those who hear the page. */
  say(text) {
    this.#herald.tell(text, now(), { place: "voice", isOwn: true });
  }

  /** An event came; `ships` flew before it. */
  happened(event, ships, nowMs) {
    this.#time.hear(event.at, nowMs);
    const { id } = this.room.you;
    const text = told(event, ships, id);
    if (text) this.#herald.tell(text, nowMs, { isOwn: isOwn(event, ships, id) });
  }
}

/** Show the arena in `element`. `room` as docs/worlds.md has it, with `transmit` and `onBytes` for what is binary. */
export function mount(element, room) {
  const game = new Game();
  const sound = new Sound({ kept: storage() });
  let panels = null;
  let role = "nobody";
  const stage = new Stage({
    game,
    now,
    random: Math.random,
    media: (query) => matchMedia(query),
    transmit: (bytes) => room.transmit?.(bytes),
    seen: (view, nowMs) => {
      role = view.role;
      sound.hear(view, nowMs);
      panels.show(view, nowMs);
    },
  });
  stage.node.setAttribute("aria-label", LABEL);
  const home = el("div", { className: "arena", dataset: { role: "nobody" } }, stage.node);
  element.classList.add("has-arena");
  element.append(home);
  panels = new Panels(home, { room, game, stage, sound });
  feed(room, game, (event, ships, atMs) => panels.happened(event, ships, atMs));
  document.addEventListener("visibilitychange", () => document.hidden && sound.hush());
  const isFlying = () => role !== "nobody";
  const aimed = (isAiming) => panels.say(isAiming ? "The mouse aims." : "The keys turn.");
  stage.start({ isFlying, aimed, play: () => panels.join.play(), follow: (step) => panels.join.follow(step), touched: () => sound.wake() });
  // For whoever opens the browser's console, and for tests: document.querySelector(".arena").arena
  home.arena = { game, stage };
}
