// What a person may do next, by dice. Reads no messages; sends what the board sends.

import { KINDS } from "../../gameserver/static/gameserver/board/core/shapes.mjs";

const COLOURS = ["", "#ff0000", "#00FF00", "#1f2937"];
const TEXTS = ["", "hello", "two\nlines", "e\u0301", "tab\there\u202e", "\u{1f600}", "\r\nend"];
/** Names of acts, each as often as it is likely. */
const LIKELY = {
  ...{ create: 9, change: 9, move: 7, reshape: 5, order: 5, remove: 4, duplicate: 3, batch: 5, nudge: 3 },
  ...{ grab: 6, drag: 30, drop: 6, cancel: 1, undo: 12, redo: 8 },
  ...{ clear: 0.4, keep: 0.7, restore: 0.7, paste: 2, upload: 0.4, look: 5 },
};
const ACTS = Object.entries(LIKELY).flatMap(([name, times]) => Array(Math.round(times * 10)).fill(name));

/** Do one thing in a tab `{board, dice, drags, keys}`; its name. */
export function act(tab) {
  const name = tab.dice.one(ACTS);
  DO[name](tab, tab.board, tab.dice);
  return { act: name };
}

const DO = {
  create: (tab, board, dice) => board.create(Array.from({ length: 1 + dice.below(2) }, () => shape(dice))),
  change: (tab, board, dice) => board.edit([change(board, dice)]),
  move: (tab, board, dice) => board.move(chosen(board, dice), dice.number(50), dice.number(50)),
  reshape: (tab, board, dice) => board.edit([{ do: "reshape", boxes: boxes(chosen(board, dice), dice) }]),
  order: (tab, board, dice) => board.order(chosen(board, dice), dice.one(["front", "back", "forward", "backward"])),
  remove: (tab, board, dice) => board.remove(chosen(board, dice)),
  duplicate: (tab, board, dice) => board.duplicate(chosen(board, dice), 8, dice.number(20)),
  batch: (tab, board, dice) => board.edit(steps(board, dice)),
  nudge: (tab, board, dice) => board.move(chosen(board, dice), 1, 0, { undoable: false }),
  grab,
  drag,
  drop: ({ drags }, board, dice) => drags.splice(dice.below(drags.length), 1)[0]?.drop(),
  cancel: ({ drags }) => drags.pop()?.cancel(),
  undo: (tab, board) => board.undo(),
  redo: (tab, board) => board.redo(),
  clear: (tab, board) => board.clear(),
  keep: (tab, board) => board.keep("as it was"),
  restore: (tab, board, dice) => board.checkpoints.length && board.restore(dice.one(board.checkpoints).key),
  paste: (tab, board, dice) => board.paste(Array.from({ length: 1 + dice.below(4) }, () => shape(dice))),
  upload: (tab, board, dice) => board.paste(Array.from({ length: 9 }, () => ({ ...shape(dice), ...stroke(1000, dice) }))),
  look,
};

/** Some of what is there; now and then something that is not. */
function chosen(board, dice) {
  const ids = dice.some(board.inOrder(), 4);
  return dice.below(12) ? ids : [...ids, dice.id(8)];
}

function shape(dice) {
  const kind = dice.one(KINDS);
  const place = { x: dice.number(500), y: dice.number(500), w: 1 + Math.abs(dice.number(90)), h: 1 + Math.abs(dice.number(90)) };
  const look = { fill: dice.one(COLOURS), stroke: dice.one(COLOURS), width: dice.below(65), opacity: 5 + dice.below(96) };
  const edge = dice.below(20) ? {} : { x: 999_999.5 };
  const inside = ["line", "arrow", "stroke"].includes(kind) ? stroke(2 + dice.below(4), dice) : { text: dice.one(TEXTS) };
  return { kind, ...place, ...look, rotation: dice.number(700), ...edge, ...inside };
}

function stroke(count, dice) {
  return { kind: "stroke", text: "", points: Array.from({ length: 2 * count }, () => dice.below(10_001)) };
}

function change(board, dice) {
  const place = { x: dice.number(900), y: 1 };
  const set = dice.one([{ fill: dice.one(COLOURS) }, { width: dice.below(65), opacity: 50 }, { rotation: dice.number(400) }, place]);
  const ids = chosen(board, dice);
  const texts = ids.filter((id) => board.has(id) && !board.get(id).points.length);
  return texts.length && !dice.below(3) ? { do: "change", ids: texts, set: { text: dice.one(TEXTS) } } : { do: "change", ids, set };
}

function boxes(ids, dice) {
  return Object.fromEntries(ids.map((id) => [id, [dice.number(9), dice.number(9), dice.number(60), dice.number(60), dice.number(200)]]));
}

function steps(board, dice) {
  const made = { do: "create", shapes: [{ ...shape(dice), id: dice.id(8) }] };
  const others = [
    change(board, dice),
    { do: "move", ids: [made.shapes[0].id, ...chosen(board, dice)], dx: dice.number(30), dy: 2 },
    { do: "order", ids: chosen(board, dice), to: dice.one(["front", "back", "forward", "backward"]) },
    { do: "delete", ids: chosen(board, dice) },
  ];
  return [made, ...dice.some(others, 3)];
}

function grab(tab, board, dice) {
  const drag = board.grab(chosen(board, dice), dice.one(["move", "move", "reshape"]), { undoable: dice.below(5) > 0 });
  if (drag) tab.drags.push(drag);
}

function drag({ drags }, board, dice) {
  const one = dice.one(drags);
  if (one?.how === "move") one.move(dice.number(300), dice.number(300));
  else one?.reshape(boxes(dice.some([...one.ids], 3), dice));
}

function look(tab, board, dice) {
  board.point(dice.number(500), dice.number(500));
  board.show({ selection: chosen(board, dice), view: [dice.number(500), 0, 1] });
}
