// Fly in one room over lines of several weathers at once, each beside a witness over a good line, and print what the netcode made of it as
// one line of JSON: node measure.mjs '{"port", "host", "path", "weathers": {name: weather}, "warmS", "seconds", "seed"}'
// Reads and sends what flyer.mjs and witness.mjs do.

import { performance } from "node:perf_hooks";

import { Flyer, SHIP_PX } from "./flyer.mjs";
import { connect } from "./line.mjs";
import { Witness } from "./witness.mjs";

const PICTURE_MS = 1000 / 60;
const NOTE_MS = 1000;
const now = () => performance.now();

const rounded = (value) => Math.round(value * 1000) / 1000;

/** The value that a part of all, 0 to 1, does not exceed; 0 of none. */
function percentile(values, part) {
  const sorted = Float64Array.from(values).sort();
  return sorted.length ? rounded(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]) : 0;
}

const spread = (values) => ({ p50: percentile(values, 0.5), p99: percentile(values, 0.99), max: percentile(values, 1) });
const percent = (part, whole) => rounded((100 * part) / Math.max(whole, 1));

async function enter(where, weather, seed) {
  const [line, good] = await Promise.all([connect(where, weather), connect(where, "")]);
  const [flyer, witness] = [new Flyer(line, now, seed), new Witness(good)];
  await witness.follow(await flyer.play());
  return { lines: [line, good], flyer, witness };
}

/** Have everybody see sixty pictures a second, for so long. */
async function fly(flyers, seconds) {
  const untilMs = now() + seconds * 1000;
  let [dueMs, noteMs] = [now(), now() + NOTE_MS];
  while (now() < untilMs) {
    for (const flyer of flyers) flyer.turn();
    if (now() >= noteMs) {
      for (const flyer of flyers) flyer.note();
      noteMs += NOTE_MS;
    }
    // A picture that is late does not make the next one come sooner.
    dueMs = Math.max(dueMs + PICTURE_MS, now());
    await new Promise((resolve) => setTimeout(resolve, dueMs - now()));
  }
}

function errorsOfOthers({ sightings }, witness) {
  const errors = [];
  for (const { slot, tick, x, y } of sightings) {
    const place = witness.placeOf(slot, tick);
    if (place) errors.push(Math.hypot(place.x - x, place.y - y));
  }
  return errors;
}

/** What is told of one: docs in bench/netcode.py. */
function told({ flyer, witness }, seconds) {
  const aMinute = (count) => rounded((count * 60) / seconds);
  const { correctionsPx, stats, pictures, sightings } = flyer;
  const others = errorsOfOthers(flyer, witness);
  const of = (name) => stats.map((one) => one[name]).filter((value) => value !== null);
  const last = stats.at(-1) ?? {};
  return {
    round_trip_ms: { p50: percentile(of("roundTripMs"), 0.5), max: percentile(of("roundTripMs"), 1) },
    own_error_px: spread(flyer.ownErrorsPx),
    own_compared: flyer.ownErrorsPx.length,
    corrections_a_minute: aMinute(correctionsPx.length),
    corrections_over_a_ship_a_minute: aMinute(correctionsPx.filter((px) => px > SHIP_PX).length),
    worst_correction_px: percentile(correctionsPx, 1),
    lapses_a_minute: aMinute(flyer.lapses),
    leaps_seen: flyer.leaps,
    mismatches: (last.mismatches ?? flyer.mismatchesBefore) - flyer.mismatchesBefore,
    mismatches_before: flyer.mismatchesBefore,
    deaths: flyer.deaths,
    others_error_px: spread(others),
    others_compared: others.length,
    others_unknown_percent: percent(sightings.length - others.length, sightings.length),
    others_guessed_percent: percent(flyer.guessed, sightings.length),
    others_held_percent: percent(flyer.held, sightings.length),
    others_stutter_percent: percent(flyer.stutters, pictures),
    others_delay_ms: spread(of("delayMs")),
    jitter_ms: percentile(of("jitterMs"), 0.5),
    frames_a_second: percentile(of("framesPerSecond"), 0.5),
    frames_lost: last.framesLost ?? 0,
    pictures_a_second: rounded(pictures / seconds),
  };
}

async function main({ weathers, warmS, seconds, seed, ...where }) {
  const names = Object.keys(weathers);
  const all = await Promise.all(names.map((name, index) => enter(where, weathers[name], seed + index)));
  const flyers = all.map(({ flyer }) => flyer);
  await fly(flyers, warmS);
  for (const flyer of flyers) flyer.isMeasuring = true;
  await fly(flyers, seconds);
  for (const flyer of flyers) flyer.isMeasuring = false;
  // What was shown last is compared with what witnesses hear a little later.
  await fly(flyers, Math.min(warmS, 1));
  const lost = all.flatMap(({ lines }) => lines.map((line) => line.ended)).find(Boolean);
  if (lost) throw new Error(lost);
  console.log(JSON.stringify(Object.fromEntries(all.map((one, index) => [names[index], told(one, seconds)]))));
  for (const { lines } of all) for (const line of lines) line.end();
}

await main(JSON.parse(process.argv[2]));
