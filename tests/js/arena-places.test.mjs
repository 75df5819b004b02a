// The own ship of the arena's page when connections, pages, ships and owners come and go: it finds its place again.
import assert from "node:assert/strict";
import { test } from "node:test";

import { FAR, NOTHING, errors, far, play } from "./arena-page.mjs";
import { Owner, SLOT } from "./arena-pretend.mjs";

test("[AR61] with another connection what may be lost goes again: every input is done once, and nothing is corrected", () => {
  const { owner, ship, game, field, foreseen } = play(FAR);
  field.run(2000);
  for (let times = 0; times < 5; times += 1) {
    field.up.cut();
    field.down.cut();
    field.run(40);
    game.connected();
    field.run(700);
  }
  assert.equal(ship.coasted, 0);
  assert.equal(game.stats(field.nowMs).corrections, 0);
  assert.ok(errors(ship, foreseen).compared > 300);
  assert.equal(errors(ship, foreseen).wrong, 0);
  assert.ok(owner.tick - ship.queue.ack < 60);
});

test("[AR62] a connection that is still for longer than the owner waits is one correction or two, and then all is as before", () => {
  const { ship, game, field, foreseen } = play(FAR);
  field.run(3000);
  field.up.blockedUntil = field.nowMs + 900;
  field.run(2000);
  assert.ok(ship.coasted > 5);
  const { corrections } = game.stats(field.nowMs);
  assert.ok(corrections >= 1, `${corrections}`);
  foreseen.clear();
  field.run(3000);
  assert.equal(game.stats(field.nowMs).corrections, corrections);
  assert.equal(errors(ship, foreseen).wrong, 0);
});

for (const roundTripMs of [0, 200, 600]) {
  test(`[AR62] a page that slept finds its place among the owner's numbers again, ${roundTripMs} ms away`, () => {
    const { ship, game, field, foreseen } = play({ roundTripMs, jitterMs: 20 });
    field.run(3000);
    field.isHidden = true;
    field.run(8000);
    field.isHidden = false;
    field.run(4000);
    const [coasted, { corrections }] = [ship.coasted, game.stats(field.nowMs)];
    foreseen.clear();
    field.run(3000);
    assert.equal(ship.coasted, coasted, "its inputs are done, not empty ones");
    assert.equal(game.stats(field.nowMs).corrections, corrections);
    assert.equal(errors(ship, foreseen).wrong, 0);
    assert.ok(errors(ship, foreseen).compared > 100);
  });
}

test("[AR62] a page that begins so far away that the owner has given it up before finds its place, too", () => {
  const { ship, game, field, foreseen } = play({ roundTripMs: 1000, jitterMs: 20 });
  field.run(12_000);
  const [coasted, { corrections }] = [ship.coasted, game.stats(field.nowMs)];
  foreseen.clear();
  field.run(3000);
  assert.equal(ship.coasted, coasted);
  assert.equal(game.stats(field.nowMs).corrections, corrections);
  assert.ok(errors(ship, foreseen).compared > 60);
  assert.equal(errors(ship, foreseen).wrong, 0);
});

/** What `load` of the owner's saved.py does: everything is as it was, and the next number is what comes first. */
function fail(owner, ship, { ticks, ack }) {
  owner.tick -= ticks;
  Object.assign(ship, ship.done.get(ack) ?? {});
  ship.queue.ack = ack;
  ship.queue.isOpen = true;
  ship.queue.starved = 0;
  ship.queue.waiting.clear();
}

test("[AR63] a fresh owner that is seconds behind is believed, and the numbers go on", () => {
  const { owner, ship, game, field, foreseen } = play(FAR);
  field.run(9000);
  field.isFrozen = true;
  field.run(300);
  field.isFrozen = false;
  fail(owner, ship, { ticks: 300, ack: ship.queue.ack - 280 });
  const { ack } = ship.queue;
  game.connected();
  field.run(1500);
  assert.ok(ship.queue.ack > ack + 200, "numbers went on, not back");
  foreseen.clear();
  field.run(2000);
  assert.equal(errors(ship, foreseen).wrong, 0);
  assert.ok(errors(ship, foreseen).compared > 60);
  assert.ok(Math.abs(game.view(field.nowMs).tick - owner.tick) < 30);
});

test("[AR63] an owner that neither has these numbers nor takes them is begun with anew", () => {
  const { owner, ship, game, field, foreseen } = play(FAR);
  field.run(9000);
  fail(owner, ship, { ticks: 300, ack: ship.queue.ack - 280 });
  ship.queue.isOpen = false;
  field.run(4000);
  foreseen.clear();
  const { coasted } = ship;
  field.run(2000);
  assert.equal(ship.coasted, coasted);
  assert.equal(errors(ship, foreseen).wrong, 0);
  assert.ok(errors(ship, foreseen).compared > 60);
});

test("[AR64] a destroyed ship is flown by nobody; it comes back where the owner puts it, and that is no correction", () => {
  const { ship, game, field, foreseen } = play(FAR);
  field.run(2000);
  Object.assign(ship, { isLive: false, vx: 0, vy: 0 });
  field.run(1000);
  const view = game.view(field.nowMs);
  assert.deepEqual([view.role, view.own, game.ship], ["returning", null, null]);
  field.run(2000);
  Object.assign(ship, { isLive: true, x: 3000, y: 3000, heading: 77, cooldown: 0 });
  foreseen.clear();
  field.run(1000);
  const after = game.view(field.nowMs);
  assert.equal(after.role, "ship");
  assert.ok(far(after.own, { x: 3000, y: 3000 }) < 400);
  assert.equal(errors(ship, foreseen).wrong, 0);
  assert.equal(game.stats(field.nowMs).corrections, 0);
  assert.ok(after.effects.some(({ kind }) => kind === "back"));
});

test("[AR64] with a new round the field is another, every ship is elsewhere, and that is no correction", () => {
  const { owner, ship, game, field, foreseen } = play({ roundTripMs: 100 });
  field.run(2000);
  owner.rocks = new Owner(99).rocks;
  Object.assign(ship, { x: 3500, y: 500, vx: 0, vy: 0, heading: 5, cooldown: 0 });
  field.run(50);
  const { rocks } = game;
  game.event({ ev: "arena.began", round: 2, seed: 99, ends: 1, at: 0 }, field.nowMs);
  assert.notEqual(game.rocks, rocks);
  assert.deepEqual(game.rocks, owner.rocks);
  field.run(300);
  foreseen.clear();
  field.run(4000);
  assert.equal(errors(ship, foreseen).wrong, 0);
  assert.equal(game.stats(field.nowMs).corrections, 0);
});

test("[AR64] who watches and plays again begins anew", () => {
  const { owner, game, field, foreseen } = play(FAR);
  field.run(3000);
  owner.ships.delete(SLOT);
  owner.hear = () => {};
  field.run(1000);
  assert.deepEqual([game.view(field.nowMs).role, game.step(field.nowMs, NOTHING)], ["nobody", null]);
  delete owner.hear;
  const ship = owner.join(SLOT, 1000, 1000);
  field.run(1000);
  foreseen.clear();
  field.run(2000);
  assert.deepEqual([errors(ship, foreseen).wrong, ship.coasted], [0, 0]);
  assert.ok(errors(ship, foreseen).compared > 90);
});

test("[AR65] a page whose clock is fast does not fill the owner's queue, and one whose owner is slow follows it", () => {
  for (const tickMs of [1000 / 59.5, 1000 / 45]) {
    const { ship, game, field, foreseen } = play({ ...FAR, tickMs });
    field.run(120_000);
    assert.ok(ship.queue.waiting.size < 20, `${ship.queue.waiting.size} wait`);
    assert.equal(game.view(field.nowMs).isStalled, false);
    assert.equal(errors(ship, foreseen).wrong, 0);
  }
});
