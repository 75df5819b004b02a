// The browser's board against what the owner's does: tests/vectors/board, made by tests/engine/board/vectors.py.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

import { reduce } from "../../gameserver/static/gameserver/board/core/index.mjs";
import { Refusal, attempt } from "../../gameserver/static/gameserver/board/core/refusal.mjs";
import { Draft, Scene } from "../../gameserver/static/gameserver/board/core/scene.mjs";
import { predict } from "../../gameserver/static/gameserver/board/core/steps.mjs";
import { stateOf } from "../board/states.mjs";

const FOLDER = new URL("../vectors/board/", import.meta.url);
const CASES = readdirSync(FOLDER)
  .filter((name) => name.endsWith(".json"))
  .flatMap((name) => JSON.parse(readFileSync(new URL(name, FOLDER))));
const of = (kind) => CASES.filter((one) => kind in one);
const sorted = (state) => ({ ...state, shapes: [...state.shapes].sort((one, other) => (one.id < other.id ? -1 : 1)) });
const happenedIn = ({ events, gathered }) => gathered ?? events;
const eventsOf = (one) => one.events ?? one.commands.flatMap(happenedIn);

/** Only the owner knows what was uploaded, and whether a command is well formed. */
const isForeseen = ({ command, refused }) =>
  command?.cmd === "board.edit" && refused !== "bad_message" && command.steps.every((step) => step.do !== "paste");

test("[BD50] the vectors are there: events and commands, a hundred cases and more", () => {
  assert.ok(of("events").length >= 50 && of("commands").length >= 50);
});

for (const one of CASES) {
  test(`[BD50] events lead to the owner's state: ${one.name}`, () => {
    const scene = new Scene(one.start ?? {});
    for (const event of eventsOf(one)) assert.equal(reduce(scene, event), scene);
    assert.deepEqual(stateOf(scene), sorted(one.end));
  });
}

for (const one of of("commands")) {
  test(`[BD51] steps are foreseen as the owner decides them: ${one.name}`, () => {
    const scene = new Scene(one.start ?? {});
    for (const said of one.commands) {
      if (isForeseen(said)) {
        const { op, steps } = said.command;
        const did = attempt(() => predict(new Draft(scene), { op, steps, player: said.player }));
        if (said.refused) assert.equal(did instanceof Refusal && did.code, said.refused, JSON.stringify(steps));
        else assert.deepEqual(JSON.parse(JSON.stringify(did)), said.events[0].did);
      }
      for (const event of happenedIn(said)) reduce(scene, event);
    }
  });
}

for (const one of of("commands")) {
  test(`[BD52] foreseeing changes nothing, and is what then happens: ${one.name}`, () => {
    const scene = new Scene(one.start ?? {});
    for (const said of one.commands) {
      const before = stateOf(scene);
      const draft = new Draft(scene);
      const isDone = isForeseen(said) && !said.refused;
      if (isDone) predict(draft, { ...said.command, player: said.player });
      assert.deepEqual(stateOf(scene), before);
      for (const event of happenedIn(said)) reduce(scene, event);
      if (isDone) assert.deepEqual(stateOf(draftOf(draft, scene)), stateOf(scene));
    }
  });
}

/** A draft in the form that `stateOf` reads. */
function draftOf(draft, { next, checkpoints }) {
  const { top, bottom, drags } = draft;
  return { ids: () => draft.ids(), get: (id) => draft.get(id), top, bottom, drags, next, checkpoints };
}
