// The arena in the browser against what the owner does, bit for bit: tests/vectors/arena, made by tests/engine/arena/vectors.py.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { Chance, rocksOf } from "../../gameserver/static/gameserver/arena/core/field.mjs";
import { COS, SIN, fly } from "../../gameserver/static/gameserver/arena/core/rules.mjs";
import * as wire from "../../gameserver/static/gameserver/arena/core/wire.mjs";

const { FIRES, Frame, RETURNING, SHIP, THRUSTS, encodeInputs, hash, hashOfState } = wire;
const read = (name) => JSON.parse(readFileSync(new URL(`../vectors/arena/${name}.json`, import.meta.url)));
const TABLE = read("table");
const SHIP_CASES = read("ship").cases;
const LONG = read("long");
const WIRE = read("frames");
const bytesOf = (hex) => Uint8Array.from(Buffer.from(hex, "hex"));
const rocksFrom = (rows) => rows.map(([x, y, radius]) => ({ x, y, radius }));
const shipFrom = ([x, y, vx, vy, heading, cooldown]) => ({ x, y, vx, vy, heading, cooldown });

test("[AR50] headings point where the owner's table says, all 1024 of them", () => {
  assert.deepEqual([...COS], TABLE.cos.map((value) => value / TABLE.unit));
  assert.deepEqual([...SIN], TABLE.cos.map((_, heading) => TABLE.cos[(heading + 768) % 1024] / TABLE.unit));
  assert.ok([...COS, ...SIN].every((value) => !Object.is(value, -0)));
});

test("[AR51] a ship's tick is the owner's to the last bit, in every case", () => {
  assert.ok(SHIP_CASES.length >= 300);
  for (const { name, state, rocks, inputs, after } of SHIP_CASES) {
    const ship = shipFrom(state);
    inputs.forEach(([turn, flags], index) => {
      const shot = fly(ship, turn, (flags & THRUSTS) > 0, (flags & FIRES) > 0, rocksFrom(rocks));
      const found = [ship.x, ship.y, ship.vx, ship.vy, ship.heading, ship.cooldown, Number(shot)];
      const isSame = found.every((value, field) => Object.is(value, after[index][field]));
      assert.ok(isSame, `${name}, input ${index}: ${found}, not ${after[index]}`);
    });
  }
});

/** `(turn, flags)` of each tick of long.json. */
function* longInputs(seed) {
  for (let state = seed; ; ) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const drawn = state >>> 0;
    const flags = ((drawn >>> 8) & 7 ? THRUSTS : 0) | ((drawn >>> 12) & 2 ? FIRES : 0);
    for (let left = 1 + ((drawn >>> 24) % 40); left > 0; left -= 1) yield [(drawn & 31) - 16, flags];
  }
}

test("[AR51] ten thousand ticks of a ship among rocks hash as the owner's do", () => {
  const ship = shipFrom([2048, 2048, 0, 0, 0, 0]);
  const [rocks, inputs, checks] = [rocksOf(LONG.field), longInputs(LONG.seed), new Map(LONG.hashes.map(([tick, ...rest]) => [tick, rest]))];
  const data = new DataView(new ArrayBuffer(35));
  let compared = 0;
  for (let tick = 1; tick <= LONG.ticks; tick += 1) {
    const [turn, flags] = inputs.next().value;
    fly(ship, turn, (flags & THRUSTS) > 0, (flags & FIRES) > 0, rocks);
    if (!checks.has(tick)) continue;
    [ship.x, ship.y, ship.vx, ship.vy].forEach((value, index) => data.setFloat64(8 * index, value, true));
    data.setUint16(32, ship.heading, true);
    data.setUint8(34, ship.cooldown);
    const found = [hash(data, 0, 35), ship.x, ship.y, ship.vx, ship.vy, ship.heading, ship.cooldown];
    assert.deepEqual(found, checks.get(tick), `tick ${tick}`);
    compared += 1;
  }
  assert.equal(compared, LONG.ticks / LONG.every);
  assert.equal(LONG.ticks, 10_000);
});

test("[AR52] a seed gives the owner's numbers, and the owner's rocks", () => {
  for (const { seed, ...rest } of TABLE.chance) {
    const chance = new Chance(seed);
    const [numbers] = Object.values(rest).filter(Array.isArray);
    for (const [limit, number] of numbers) assert.equal(chance.below(limit), number, `seed ${seed}`);
  }
  for (const { seed, rocks } of TABLE.fields) assert.deepEqual(rocksOf(seed), rocksFrom(rocks));
  assert.ok(TABLE.chance.length && TABLE.fields.length);
});

const rows = (table) =>
  Array.from({ length: table.count }, (_, row) => Object.fromEntries(table.names.map((name) => [name, table[name][row]])));

test("[AR53] frames say what the owner means by them", () => {
  const frame = new Frame();
  for (const { hex, means } of WIRE.frames) {
    assert.equal(frame.decode(bytesOf(hex)), true);
    const { cells, you, slot, ...head } = means;
    for (const [name, value] of Object.entries(head)) assert.equal(frame[name], value, name);
    assert.deepEqual([frame.role, frame.slot], [you, slot === 65535 ? -1 : slot]);
    const all = (name) => cells.flatMap((cell) => cell[name]);
    assert.deepEqual(
      rows(frame.ships).map((ship) => ({ ...ship, isThrusting: ship.isThrusting > 0, isInvulnerable: ship.isInvulnerable > 0 })),
      all("ships").map(({ thrusts, invulnerable, heading, ...ship }) => ({
        ...{ ...ship, heading: heading & ~3 },
        ...{ isThrusting: thrusts, isInvulnerable: invulnerable },
      })),
    );
    assert.deepEqual(rows(frame.bullets), all("bullets").map((bullet) => ({ ...bullet, isOwn: 0 })));
    assert.deepEqual(rows(frame.crystals), all("crystals"));
  }
});

test("[AR53] inputs are written as the owner reads them", () => {
  for (const { hex, first, seen, inputs } of WIRE.inputs) {
    const of = (field) => (number) => inputs[number - first][field];
    assert.equal(Buffer.from(encodeInputs(first, first + inputs.length - 1, seen, of(0), of(1))).toString("hex"), hex);
  }
});

test("[AR54] a check is the hash of what is foreseen, and of bytes as they came", () => {
  const checked = WIRE.frames.filter(({ means }) => means.check && (means.you === SHIP || means.you === RETURNING));
  assert.ok(checked.length);
  for (const { hex, means } of checked) {
    assert.equal(hashOfState(means.ack, means, means.hull), means.check);
    const bytes = bytesOf(hex);
    bytes[20] ^= 1;
    assert.equal(new Frame().decode(bytes), false);
  }
  for (const [hex, value] of TABLE.fnv) assert.equal(hash(new DataView(bytesOf(hex).buffer), 0, hex.length / 2), value);
});

test("[AR55] what is no whole frame is none, at every length and for every first byte", () => {
  const frame = new Frame();
  const bytes = bytesOf(WIRE.frames.at(-1).hex);
  for (let length = 0; length < bytes.length; length += 1) assert.equal(frame.decode(bytes.slice(0, length)), false, `${length} bytes`);
  assert.equal(frame.decode(Uint8Array.from([...bytes, 0])), false);
  for (let first = 0; first < 256; first += 1) assert.equal(frame.decode(Uint8Array.from([first, ...bytes.slice(1)])), first === 2);
  for (const other of [null, undefined, "text", 2, {}, new ArrayBuffer(0)]) assert.equal(frame.decode(other), false);
  assert.equal(frame.decode(bytes), true);
});

test("[AR55] a frame with a place that is no number is none", () => {
  const bytes = bytesOf(WIRE.frames[0].hex);
  for (const value of [NaN, Infinity, -Infinity]) {
    new DataView(bytes.buffer).setFloat64(12, value, true);
    assert.equal(new Frame().decode(bytes), false);
  }
});
