// Sounds, made of noise and waves. Off until somebody wants them; that is remembered. Reads no messages, sends none.

const KEY = "arena-sound";
/** Sounds at once, and between two of a kind, ms: more is noise. */
const MOST_VOICES = 14;
const APART_MS = { shot: 60, spark: 90, bump: 140, crystal: 50, hit: 70, destroyed: 120, back: 200 };
/** Px of the field beyond which nothing is heard. */
const HEARD_PX = 1000;
const NOISE_S = 1.5;

const SOUNDS = {
  shot: ({ tone }) => tone({ type: "square", from: 760, to: 180, seconds: 0.12, volume: 0.09 }),
  spark: ({ noise }) => noise({ from: 3200, to: 1400, seconds: 0.07, volume: 0.1 }),
  bump: ({ tone, noise }) => {
    tone({ type: "sine", from: 130, to: 55, seconds: 0.16, volume: 0.4 });
    noise({ from: 600, to: 200, seconds: 0.1, volume: 0.14 });
  },
  crystal: ({ tone }) => {
    tone({ type: "sine", from: 1180, to: 1180, seconds: 0.09, volume: 0.16 });
    tone({ type: "sine", from: 1770, to: 1770, seconds: 0.22, volume: 0.13, after: 0.07 });
  },
  hit: ({ tone, noise }) => {
    noise({ from: 2400, to: 500, seconds: 0.16, volume: 0.3 });
    tone({ type: "triangle", from: 320, to: 120, seconds: 0.14, volume: 0.2 });
  },
  destroyed: ({ tone, noise }) => {
    noise({ from: 1500, to: 60, seconds: 0.85, volume: 0.5 });
    tone({ type: "sine", from: 150, to: 32, seconds: 0.6, volume: 0.5 });
  },
  back: ({ tone }) => tone({ type: "triangle", from: 240, to: 720, seconds: 0.32, volume: 0.14 }),
};

/** How loud something is, pure: 1 where one is, nothing from HEARD_PX on. */
export const loudness = (distance) => Math.max(0, 1 - distance / HEARD_PX) ** 2;

export class Sound {
  isOn = false;
  #context = null;
  #master = null;
  #noise = null;
  #engine = null;
  #voices = 0;
  #lastMs = new Map();

  /** @param {{kept?: Storage | null, makeContext?: () => AudioContext}} options kept: where it is remembered */
  constructor({ kept = null, makeContext = () => new AudioContext() }) {
    Object.assign(this, { kept, makeContext });
    this.isOn = this.#read() === "on";
  }

  #read() {
    try {
      return this.kept?.getItem(KEY);
    } catch {
      // A browser that keeps nothing for this page.
      return null;
    }
  }

  /** Sound from now on, or none. To be called while somebody does something: browsers start no sound by themselves. */
  set(isOn) {
    this.isOn = isOn;
    try {
      this.kept?.setItem(KEY, isOn ? "on" : "off");
    } catch {
      // It holds for this page, then.
    }
    if (isOn) this.wake();
    else this.#context?.suspend();
  }

  /** Somebody does something: now sound may start, if it is wanted. */
  wake() {
    if (!this.isOn) return;
    if (!this.#context) this.#begin();
    if (this.#context.state === "suspended") this.#context.resume();
  }

  /** Let a picture be heard. */
  hear(view, nowMs) {
    if (!this.isOn || this.#context?.state !== "running") return;
    this.#thrust(view.own?.isThrusting ? 0.16 : 0);
    for (const { kind, x, y } of view.effects) {
      const loud = loudness(Math.hypot(x - view.camera.x, y - view.camera.y));
      const isSoon = nowMs - (this.#lastMs.get(kind) ?? -Infinity) < APART_MS[kind];
      if (loud <= 0.01 || isSoon || this.#voices >= MOST_VOICES) continue;
      this.#lastMs.set(kind, nowMs);
      this.#play(kind, loud, Math.max(-1, Math.min(1, (x - view.camera.x) / HEARD_PX)));
    }
  }

  /** Nobody looks: the engine is not to go on. */
  hush() {
    if (this.#context) this.#thrust(0);
  }

  #begin() {
    const context = (this.#context = this.makeContext());
    this.#master = new GainNode(context, { gain: 0.6 });
    this.#master.connect(new DynamicsCompressorNode(context)).connect(context.destination);
    const length = Math.floor(context.sampleRate * NOISE_S);
    this.#noise = new AudioBuffer({ length, sampleRate: context.sampleRate });
    const samples = this.#noise.getChannelData(0);
    for (let index = 0; index < length; index += 1) samples[index] = Math.random() * 2 - 1;
    const source = new AudioBufferSourceNode(context, { buffer: this.#noise, loop: true });
    this.#engine = new GainNode(context, { gain: 0 });
    source.connect(new BiquadFilterNode(context, { type: "lowpass", frequency: 420, Q: 1.2 })).connect(this.#engine).connect(this.#master);
    source.start();
  }

  #thrust(volume) {
    this.#engine.gain.setTargetAtTime(volume, this.#context.currentTime, 0.05);
  }

  #play(kind, loud, pan) {
    const context = this.#context;
    const place = new StereoPannerNode(context, { pan: pan * 0.7 });
    place.connect(this.#master);
    const out = ({ seconds, volume, after = 0 }) => {
      const start = context.currentTime + after;
      const gain = new GainNode(context, { gain: 0 });
      gain.gain.setValueAtTime(0, start);
      gain.gain.linearRampToValueAtTime(volume * loud, start + 0.006);
      gain.gain.exponentialRampToValueAtTime(0.0008, start + seconds);
      gain.connect(place);
      return { gain, start, end: start + seconds };
    };
    SOUNDS[kind]({
      tone: (wanted) => {
        const { gain, start, end } = out(wanted);
        const wave = new OscillatorNode(context, { type: wanted.type, frequency: wanted.from });
        wave.frequency.setValueAtTime(wanted.from, start);
        wave.frequency.exponentialRampToValueAtTime(wanted.to, end);
        this.#run(wave, gain, start, end);
      },
      noise: (wanted) => {
        const { gain, start, end } = out(wanted);
        const filter = new BiquadFilterNode(context, { type: "lowpass", frequency: wanted.from });
        filter.frequency.setValueAtTime(wanted.from, start);
        filter.frequency.exponentialRampToValueAtTime(wanted.to, end);
        filter.connect(gain);
        this.#run(new AudioBufferSourceNode(context, { buffer: this.#noise, loop: true }), filter, start, end);
      },
    });
  }

  #run(source, into, start, end) {
    this.#voices += 1;
    source.connect(into);
    source.onended = () => (this.#voices -= 1);
    source.start(start);
    source.stop(end + 0.02);
  }
}
