// Who else is on the board, where they point, what they have selected, what they are drawing. Pure but for the timers that it is given.
// Reads board.pointed, and board.edited for the strokes that became shapes. Sends none.

const STILL_MS = 5000;

/** `changed({people, sketches})` is called for what only time has done. */
export class People {
  /** Player ids by tag: the owner's short names for them, others after each owner. */
  #tags = new Map();
  #timer = null;

  constructor({ now, timers, you, changed }) {
    Object.assign(this, { now, timers, you, changed, people: new Map(), sketches: new Map() });
  }

  /** Take an event; `{people, sketches}`: what is another one after it. */
  take(event) {
    if (event.ev === "board.edited") return { people: false, sketches: this.#finish((sketch) => sketch.op === event.op) };
    if (event.ev !== "board.pointed") return { people: false, sketches: false };
    const { pointers = [], who = [], sketches = [] } = event;
    for (const one of who) this.#introduce(one);
    for (let place = 0; place + 2 < pointers.length; place += 3) this.#point(pointers[place], pointers[place + 1], pointers[place + 2]);
    for (const one of sketches) this.#sketch(one);
    this.#watch();
    return { people: pointers.length + who.length > 0, sketches: sketches.length > 0 };
  }

  /** These players are not in the room any more; whether anything changed. */
  left(ids) {
    const gone = ids.filter((id) => this.people.delete(id));
    const sketches = this.#finish((sketch) => ids.includes(sketch.player));
    return { people: gone.length > 0, sketches };
  }

  #introduce({ tag, id, name, colour, selection = [], view = null }) {
    this.#tags.set(tag, id);
    if (id === this.you()?.id) return;
    const before = this.people.get(id) ?? { x: 0, y: 0, at: -Infinity, isStill: true, hasPointer: false };
    this.people.set(id, { ...before, id, name, colour, selection, view });
  }

  #point(tag, x, y) {
    const person = this.people.get(this.#tags.get(tag));
    if (person) this.people.set(person.id, { ...person, x, y, at: this.now(), isStill: false, hasPointer: true });
  }

  #sketch({ tag, op, from, points, stroke, width, opacity }) {
    const player = this.#tags.get(tag) ?? "";
    if (player === this.you()?.id) return;
    const key = `${tag} ${op}`;
    const before = this.sketches.get(key)?.points ?? [];
    // A part is missing, or it begins anew: the drawing goes on with what there is.
    const kept = from * 2 <= before.length ? before.slice(0, from * 2) : [];
    this.sketches.set(key, { key, op, player, points: [...kept, ...points], stroke, width, opacity, at: this.now() });
  }

  #finish(isOver) {
    const over = [...this.sketches.values()].filter(isOver);
    for (const { key } of over) this.sketches.delete(key);
    return over.length > 0;
  }

  /** Look again when the next one has been still for long enough. */
  #watch() {
    if (this.#timer !== null) return;
    const moving = [...this.people.values()].filter((person) => !person.isStill);
    const times = [...moving, ...this.sketches.values()].map(({ at }) => at + STILL_MS);
    if (times.length) this.#timer = this.timers.set(() => this.#look(), Math.max(1, Math.min(...times) - this.now()));
  }

  #look() {
    this.#timer = null;
    const before = this.now() - STILL_MS;
    const still = [...this.people.values()].filter((person) => !person.isStill && person.at <= before);
    for (const person of still) this.people.set(person.id, { ...person, isStill: true });
    const sketches = this.#finish((sketch) => sketch.at <= before);
    this.#watch();
    if (still.length || sketches) this.changed({ people: still.length > 0, sketches });
  }
}
