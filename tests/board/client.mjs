// Tabs in one process, told what to do by tests/board/owner.py: one JSON object a line comes in, one goes out.
// Everything between the room's messages and the board is as on the page; only the socket, the clock and the dice are not.

import { createInterface } from "node:readline";

import { Board, reduce, start } from "../../gameserver/static/gameserver/board/core/index.mjs";
import { Outbox } from "../../gameserver/static/gameserver/outbox.mjs";
import * as room from "../../gameserver/static/gameserver/room.mjs";
import { World } from "../../gameserver/static/gameserver/world.mjs";
import { act } from "./acts.mjs";
import { Clock, Dice, settled } from "./dice.mjs";
import { Mirror } from "./mirror.mjs";
import { shownBy, stateOf } from "./states.mjs";

const clock = new Clock();
const tabs = new Map();

/** A tab: what chat.mjs puts together, without a page. */
class Tab {
  constructor({ you, seed }) {
    this.dice = new Dice(seed);
    this.sent = [];
    this.isOpen = false;
    this.gates = [];
    this.unpacking = 0;
    this.problems = [];
    this.replies = {};
    this.state = room.empty(you);
    const timers = clock;
    const now = () => clock.now;
    const random = () => this.dice.fraction();
    const transmit = (command) => this.isOpen && Boolean(this.sent.push(command));
    const change = (state) => (this.state = state);
    this.outbox = new Outbox({ state: () => this.state, change, transmit, now, timers, random });
    const send = (fields, options) => this.#counted(fields, this.outbox.send(fields, options));
    this.board = new Board({ send, newId: (count) => this.dice.id(count), now, timers, you: () => this.state.you });
    this.mirror = new Mirror(this.board);
    this.drags = [];
    this.keys = [];
    const show = (name, problem) => problem && this.problems.push(problem);
    const load = async () => this.#module();
    this.world = new World({ files: { board: { module: "board" } }, show, send, you: () => this.state.you, load });
  }

  async #counted({ cmd }, reply) {
    const { code, outcome = "" } = await reply;
    const name = `${cmd} ${code ?? outcome}`;
    this.replies[name] = (this.replies[name] ?? 0) + 1;
    return reply;
  }

  #module() {
    const held = async (given) => {
      this.unpacking += 1;
      const scene = await start(given);
      await new Promise((resolve) => this.gates.push(resolve));
      return scene;
    };
    return { start: held, reduce, mount: (element, face) => this.#mount(face) };
  }

  #mount(face) {
    let scene;
    const take = (state, events) => {
      if (state && state !== scene) this.board.restart((scene = state));
      if (events.length) this.board.take(events);
    };
    take(face.state(), []);
    face.onChange(take);
  }

  receive(message) {
    const news = room.receive(this.state, message);
    this.state = news;
    if (news.effects.includes("rejoin")) throw new Error("a gap");
    this.world.take(news);
    this.outbox.received(message);
    if (message.type !== "welcome") return;
    this.isOpen = true;
    this.outbox.opened();
  }

  lose() {
    this.isOpen = false;
    this.outbox.lost();
  }

  /** What is being unpacked is there, as soon as it can be. */
  async unpack() {
    while (this.gates.length < this.unpacking) await new Promise((resolve) => setTimeout(resolve, 1));
    this.unpacking = 0;
    for (const open of this.gates.splice(0)) open();
  }

  tell() {
    const { board } = this;
    const seen = { shown: shownBy(board), order: board.inOrder(), scene: stateOf(board.scene), replies: this.replies };
    return { ...seen, pending: board.pending, waiting: this.state.pending.length };
  }
}

const DO = {
  open: ({ tab, you, seed }) => void tabs.set(tab, new Tab({ you, seed })),
  act: ({ tab }) => act(tabs.get(tab)),
  deliver: ({ tab, messages }) => messages.forEach((message) => tabs.get(tab).receive(message)),
  lose: ({ tab }) => tabs.get(tab).lose(),
  position: ({ tab }) => ({ position: tabs.get(tab).state.position }),
  is_unpacking: ({ tab }) => ({ unpacking: tabs.get(tab).unpacking > 0 }),
  unpack: ({ tab }) => tabs.get(tab).unpack(),
  wait: ({ ms }) => clock.advance(ms),
  finish: ({ tab }) => Promise.all(tabs.get(tab).drags.splice(0).map((drag) => void drag.drop())) && undefined,
  check: ({ tab }) => tabs.get(tab).mirror.check(),
  tell: ({ tab }) => tabs.get(tab).tell(),
};

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line);
  let answer;
  try {
    answer = (await DO[order.do](order)) ?? {};
    await settled();
    const problems = [...tabs].flatMap(([tab, { problems: found }]) => found.map((problem) => `tab ${tab}: ${problem}`));
    if (problems.length) answer = { problem: problems.join(" ") };
  } catch (error) {
    answer = { problem: error.stack };
  }
  const sent = [...tabs].flatMap(([tab, one]) => one.sent.splice(0).map((command) => [tab, command]));
  process.stdout.write(`${JSON.stringify({ ...answer, sent })}\n`);
}
