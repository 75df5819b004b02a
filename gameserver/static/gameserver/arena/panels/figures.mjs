// The network panel's figures: what each is called, how it is written, its last minute as a line. Pure; reads no messages, sends none.

/** Four a second, for 30 s. */
export const SAMPLES = 120;

const ms = (value) => (value === null ? "–" : `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`);
const perSecond = (value) => `${Math.round(value)}/s`;

/** Bytes a second as people read them. */
export function bytes(value) {
  return value < 1000 ? `${Math.round(value)} B/s` : `${(value / 1000).toFixed(1)} kB/s`;
}

/**
 * name; value: what the line shows, or null; said: what is written; least: the line's top is at least that, so that small things look small.
 * @type {readonly {name: string, hint: string, value: (stats: any) => number | null, said: (stats: any) => string, least: number}[]}
 */
export const FIGURES = Object.freeze([
  { name: "Round trip", hint: "from an input to the picture that has it", value: (s) => s.roundTripMs, said: (s) => ms(s.roundTripMs), least: 50 },
  { name: "Jitter", hint: "by how much frames come late", value: (s) => s.jitterMs, said: (s) => ms(s.jitterMs), least: 20 },
  { name: "Others shown", hint: "so long ago, so that they move evenly", value: (s) => s.delayMs, said: (s) => `${ms(s.delayMs)} ago`, least: 100 },
  {
    ...{ name: "Frames", hint: "of the owner, in all lost and late", value: (s) => s.framesPerSecond, least: 35 },
    said: (s) => `${perSecond(s.framesPerSecond)}, ${s.framesLost} lost, ${s.framesLate} late`,
  },
  {
    ...{ name: "Corrections", hint: "of what your ship was foreseen to do, and the largest of a minute", value: (s) => s.correctionsPerSecond, least: 5 },
    said: (s) => `${perSecond(s.correctionsPerSecond)}, largest ${Math.round(s.worstCorrectionPx)} px`,
  },
  { name: "Owner's ticks", hint: "60 when it keeps up", value: (s) => s.ticksPerSecond, said: (s) => `${s.ticksPerSecond.toFixed(1)}/s`, least: 66 },
  { name: "Received", hint: "", value: (s) => s.bytesInPerSecond, said: (s) => bytes(s.bytesInPerSecond), least: 8000 },
  { name: "Sent", hint: "", value: (s) => s.bytesOutPerSecond, said: (s) => bytes(s.bytesOutPerSecond), least: 1500 },
  { name: "Updates", hint: "of ships, bullets and crystals", value: (s) => s.updatesPerSecond, said: (s) => perSecond(s.updatesPerSecond), least: 300 },
  { name: "Pictures", hint: "that this page draws", value: (s) => s.drawnPerSecond, said: (s) => perSecond(s.drawnPerSecond), least: 66 },
]);

/** The last values of a figure. */
export class Series {
  values = [];

  /** null: none is known. */
  add(value) {
    this.values.push(value);
    if (this.values.length > SAMPLES) this.values.shift();
  }

  /**
   * Its line in a box, the newest at the right end.
   * @returns {[number, number][]} px from the box's left top corner; values that are not known are left out
   */
  line(width, height, least) {
    const top = Math.max(least, ...this.values.filter((value) => value !== null));
    const from = SAMPLES - this.values.length;
    return this.values.flatMap((value, index) => {
      if (value === null) return [];
      return [[((from + index) / (SAMPLES - 1)) * width, height - Math.min(1, Math.max(0, value / top)) * height]];
    });
  }
}
