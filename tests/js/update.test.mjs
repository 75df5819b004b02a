// A new release, seen by a page of an old one: values, a clock made of numbers, and a memory that outlives a page.
import assert from "node:assert/strict";
import { test } from "node:test";

import { HIDDEN_MS, IDLE_MS, READY, SPREAD_MS, TAKEN_BACK_MS, TOO_OLD, Update, compare, isEngaged, mayReload } from "../../gameserver/static/gameserver/update.mjs";

const OLD = "100.aaaa";
const NEW = "200.bbbb";

function memory() {
  const kept = new Map();
  return { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) };
}

function page({ own = OLD, kept = memory(), random = 0 } = {}) {
  const seen = { said: [], reloads: 0, busy: false };
  let now = 0;
  let timer = null;
  const timers = { set: (run) => (timer = run), clear: () => (timer = null) };
  const update = new Update({
    own,
    isBusy: () => seen.busy,
    say: (text) => seen.said.push(text),
    reload: () => (seen.reloads += 1),
    now: () => now,
    timers,
    random: () => random,
    kept,
  });
  const pass = (ms) => {
    now += ms;
    timer?.();
  };
  return { update, seen, pass, isLooking: () => timer !== null };
}

test("[DP5] a build is the same when its name is, newer when its number is higher, and no build is never another", () => {
  assert.equal(compare(OLD, NEW), "newer");
  assert.equal(compare(NEW, OLD), "older");
  assert.equal(compare("100.aaaa", "300.aaaa"), "same");
  for (const none of ["", null, undefined]) assert.deepEqual([compare(none, NEW), compare(OLD, none)], ["same", "same"]);
  assert.equal(compare("9.x", "10.y"), "newer");
});

test("[DP6] a page loads itself only when nobody is disturbed: nothing unsent or begun, and out of sight or untouched for long", () => {
  const calm = { isBusy: false, hiddenMs: 0, untouchedMs: 0, waitMs: 0 };
  assert.equal(mayReload(calm), false);
  assert.equal(mayReload({ ...calm, hiddenMs: HIDDEN_MS }), true);
  assert.equal(mayReload({ ...calm, hiddenMs: HIDDEN_MS - 1 }), false);
  assert.equal(mayReload({ ...calm, untouchedMs: IDLE_MS }), true);
  assert.equal(mayReload({ ...calm, hiddenMs: HIDDEN_MS, untouchedMs: IDLE_MS, isBusy: true }), false);
  assert.equal(mayReload({ ...calm, hiddenMs: HIDDEN_MS, waitMs: 1 }), false);
});

test("[DP5] the notice comes with the first welcome of the new release, once, and goes when it was another server's", () => {
  const { update, seen, isLooking } = page();
  update.saw(OLD);
  assert.deepEqual([seen.said, isLooking()], [[], false]);
  update.saw(NEW);
  update.saw(NEW);
  assert.deepEqual(seen.said, [READY]);
  update.saw(OLD);
  assert.deepEqual([seen.said, isLooking()], [[READY, ""], false]);
  assert.equal(seen.reloads, 0);
});

test("[DP6] out of sight it loads itself after a minute and its share of another one, when what was begun is done", () => {
  const { update, seen, pass } = page({ random: 0.5 });
  update.saw(NEW);
  update.hidden(true);
  seen.busy = true;
  pass(HIDDEN_MS + SPREAD_MS);
  assert.equal(seen.reloads, 0);
  seen.busy = false;
  pass(5000);
  assert.equal(seen.reloads, 1);
});

test("[DP6] in sight it waits until nobody has touched it for long", () => {
  const { update, seen, pass } = page();
  update.saw(NEW);
  pass(IDLE_MS - 1);
  update.touched();
  pass(IDLE_MS - 1);
  assert.equal(seen.reloads, 0);
  pass(1);
  assert.equal(seen.reloads, 1);
});

test("[DP6] who looks at it again has it as it was", () => {
  const { update, seen, pass } = page();
  update.saw(NEW);
  seen.busy = true;
  update.hidden(true);
  pass(IDLE_MS);
  update.hidden(false);
  seen.busy = false;
  pass(HIDDEN_MS);
  assert.equal(seen.reloads, 0);
});

test("[DP7] a page that gets an old page again loads itself no second time for the same release", () => {
  const kept = memory();
  for (let turn = 0; turn < 3; turn += 1) {
    const { update, seen, pass } = page({ kept });
    update.saw(NEW);
    update.hidden(true);
    pass(HIDDEN_MS);
    pass(HIDDEN_MS);
    assert.deepEqual([seen.reloads, seen.said], [turn === 0 ? 1 : 0, [READY]]);
  }
  const { update, seen, pass } = page({ kept });
  update.saw("300.cccc");
  update.hidden(true);
  pass(HIDDEN_MS);
  assert.equal(seen.reloads, 1);
});

test("[DP7] a page of the new release that meets a server of the old one says nothing, unless the release was taken back", () => {
  const { update, seen, pass } = page({ own: NEW });
  update.saw(OLD);
  pass(TAKEN_BACK_MS - 1);
  assert.deepEqual(seen.said, []);
  pass(1);
  assert.deepEqual(seen.said, [READY]);
});

test("[DP4] a page that is too old for the server says so and loads itself once; then it leaves that to the person", () => {
  const kept = memory();
  const first = page({ kept });
  assert.match(first.update.refused(NEW), new RegExp(`${TOO_OLD} Loading`));
  assert.equal(first.seen.reloads, 1);
  const again = page({ kept });
  assert.equal(again.update.refused(NEW), `${TOO_OLD} Reload it.`);
  assert.equal(again.seen.reloads, 0);
});

test("[DP4] with something unsent, or where nothing can be remembered, the person decides", () => {
  const busy = page();
  busy.seen.busy = true;
  assert.equal(busy.update.refused(NEW), `${TOO_OLD} Reload it.`);
  const forgetful = page({
    kept: {
      getItem() {
        throw new Error("denied");
      },
    },
  });
  assert.equal(forgetful.update.refused(NEW), `${TOO_OLD} Reload it.`);
  assert.deepEqual([busy.seen.reloads, forgetful.seen.reloads], [0, 0]);
});

test("[DP6] a text that was begun, a pointer that is down and an open dialog are in the middle of something", () => {
  const doc = (field, dialog = null) => ({ activeElement: field, querySelector: () => dialog });
  const text = (value) => ({ matches: (query) => query.includes("textarea"), value });
  assert.equal(isEngaged(doc(null), 0), false);
  assert.equal(isEngaged(doc(text("")), 0), false);
  assert.equal(isEngaged(doc(text("half a")), 0), true);
  assert.equal(isEngaged(doc(null), 1), true);
  assert.equal(isEngaged(doc(null, {}), 0), true);
  assert.equal(isEngaged(doc({ matches: () => false, value: "a button's" }), 0), false);
});
