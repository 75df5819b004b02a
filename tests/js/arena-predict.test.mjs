// The own ship of the arena's page against a pretended owner: foreseen, put right, and sent in time.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Metronome } from "../../gameserver/static/gameserver/arena/core/metronome.mjs";
import { FAR, errors, far, play } from "./arena-page.mjs";

for (const [name, options] of [
  ["nearby", {}],
  ["200 ms away with 30 ms of jitter", FAR],
  ["200 ms away with jitter and loss", { ...FAR, loss: 0.02 }],
  ["on a screen of 144 Hz", { ...FAR, loss: 0.02, drawMs: 1000 / 144 }],
  ["on a screen of 25 Hz", { ...FAR, drawMs: 40 }],
]) {
  test(`[AR56] the own ship is foreseen to the last bit for a minute, without a correction: ${name}`, () => {
    for (const seed of [1, 2, 3]) {
      const { ship, game, field, foreseen } = play({ ...options, seed });
      field.run(60_000);
      const { compared, wrong } = errors(ship, foreseen);
      assert.equal(wrong, 0);
      assert.ok(compared > 1400, `${compared}`);
      const { corrections, mismatches, framesBad } = game.stats(field.nowMs);
      assert.deepEqual([corrections, mismatches, framesBad], [0, 0, 0]);
    }
  });
}

test("[AR57] the owner is believed, what it has not done is flown again, and the correction is counted with its size", () => {
  const { ship, game, field, foreseen } = play(FAR);
  field.run(3000);
  ship.x += 20;
  ship.y -= 5;
  field.run(400);
  const { corrections, correctionPx, worstCorrectionPx, correctionsPerSecond } = game.stats(field.nowMs);
  assert.equal(corrections, 1);
  assert.ok(Math.abs(correctionPx - Math.hypot(20, 5)) < 1, `${correctionPx}`);
  assert.equal(worstCorrectionPx, correctionPx);
  assert.ok(correctionsPerSecond > 0.9 && correctionsPerSecond < 1.2);
  foreseen.clear();
  field.run(2000);
  assert.equal(errors(ship, foreseen).wrong, 0);
});

test("[AR58] a correction is not seen as a leap: what is shown glides to where the ship is, and is there soon", () => {
  const { ship, game, field } = play(FAR);
  field.run(3000);
  let [before, most, correctedMs, off] = [null, 0, 0, []];
  field.each = (nowMs) => {
    const { own } = game.view(nowMs);
    if (before) most = Math.max(most, far(own, before));
    before = { ...own };
    if (!correctedMs && game.stats(nowMs).corrections) correctedMs = nowMs;
    off.push({ nowMs, px: far(own, game.ship) });
  };
  ship.x += 40;
  field.run(600);
  assert.ok(correctedMs > 0);
  const at = (ms) => off.find(({ nowMs }) => nowMs >= correctedMs + ms).px;
  assert.ok(at(0) > 20, `${at(0)} px are left to glide at first`);
  assert.ok(at(150) < 10, `${at(150)} px after 150 ms: a tick's way`);
  assert.ok(most < 9 + 20, `${most} px from picture to picture`);
});

test("[AR58] a correction changes what is shown, never what is foreseen", () => {
  const { ship, game, field, foreseen } = play(FAR);
  field.each = (nowMs) => {
    game.view(nowMs);
    foreseen.set(game.input, { ...game.ship });
  };
  field.run(2000);
  ship.x += 40;
  field.run(400);
  foreseen.clear();
  field.run(300);
  assert.equal(errors(ship, foreseen).wrong, 0);
});

test("[AR59] a check of another state than the foreseen one is counted, and the state is healed", () => {
  const { owner, ship, game, field, foreseen } = play(FAR);
  owner.checkEvery = 1;
  field.run(2000);
  assert.equal(game.stats(field.nowMs).mismatches, 0);
  ship.vx += 2 ** -40;
  field.run(500);
  assert.equal(game.stats(field.nowMs).mismatches, 1);
  foreseen.clear();
  field.run(1000);
  assert.equal(errors(ship, foreseen).wrong, 0);
});

const inputsOf = ({ bytes }) => {
  const data = new DataView(bytes.buffer);
  return { first: data.getUint32(1, true), seen: data.getUint32(5, true), count: data.getUint8(9) };
};

test("[AR60] inputs are sent without gaps, 30 messages a second, twelve in one at most", () => {
  for (const drawMs of [1000 / 144, 1000 / 60, 40]) {
    const { field } = play({ ...FAR, drawMs });
    field.run(10_000);
    let next = inputsOf(field.sent[0]).first;
    for (const message of field.sent) {
      const { first, count } = inputsOf(message);
      assert.equal(first, next);
      assert.ok(count >= 1 && count <= 12);
      next = first + count;
    }
    assert.ok(field.sent.length > 240 && field.sent.length <= 305, `${field.sent.length} messages`);
    assert.ok(next > 590, `${next} inputs`);
  }
});

test("[AR60] while nothing is heard the page keeps a bounded number of inputs, says that it is stalled, and goes on when it can", () => {
  const { game, field, ship } = play(FAR);
  field.run(2000);
  field.up.blockedUntil = field.down.blockedUntil = field.nowMs + 5000;
  field.run(4800);
  assert.equal(game.view(field.nowMs).isStalled, true);
  assert.equal(game.stats(field.nowMs).unacknowledged, 110);
  const places = new Set();
  field.each = (nowMs) => places.add(`${game.view(nowMs).own.x} ${game.view(nowMs).own.y}`);
  field.run(90);
  assert.equal(places.size, 1, "the ship stands");
  field.run(1600);
  assert.equal(game.view(field.nowMs).isStalled, false);
  const coasted = ship.coasted;
  field.run(1000);
  assert.equal(ship.coasted, coasted);
});

test("[AR78] own ticks are 60 a second however often is drawn, and a page that was late makes up for 100 ms at most", () => {
  for (const drawMs of [4, 1000 / 144, 1000 / 60, 25, 99]) {
    const metronome = new Metronome();
    let ticks = 0;
    for (let nowMs = 5000; nowMs < 15_000; nowMs += drawMs) ticks += metronome.due(nowMs, 1);
    assert.ok(Math.abs(ticks - 600) <= 6, `${ticks} with a picture every ${drawMs} ms`);
  }
  const metronome = new Metronome();
  metronome.due(0, 1);
  assert.equal(metronome.due(60_000, 1), 6);
  assert.equal(metronome.due(59_000, 1), 0, "a clock that steps back is no time");
});
