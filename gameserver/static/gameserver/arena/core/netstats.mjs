// How the connection does: figures for people, and for measuring. Pure; is told of frames and messages, reads and sends none.

/** Rates are those of the last second, in this many pieces. */
const SPAN_MS = 1000;
const PIECES = 10;
/** The worst correction is that of a minute. */
const WORST_MS = 60_000;
/** Messages whose answers are waited for. */
const MOST_SENT = 300;

/** Values of the last `spanMs`, in pieces of which the oldest is given up as a whole. */
export class Recent {
  #sums = new Float64Array(PIECES);
  #least = new Float64Array(PIECES).fill(Infinity);
  #most = new Float64Array(PIECES);
  #piece = -1;
  #firstMs = null;

  constructor(spanMs = SPAN_MS) {
    this.pieceMs = spanMs / PIECES;
  }

  add(value, nowMs) {
    const index = this.#turn(nowMs);
    this.#sums[index] += value;
    this.#least[index] = Math.min(this.#least[index], value);
    this.#most[index] = Math.max(this.#most[index], value);
  }

  /** The sum a second; while less than the whole span is known, of what is. */
  perSecond(nowMs) {
    this.#turn(nowMs);
    const fromMs = Math.max(this.#firstMs, (this.#piece - PIECES + 1) * this.pieceMs);
    return (this.#sums.reduce((sum, value) => sum + value, 0) * 1000) / Math.max(this.pieceMs, nowMs - fromMs);
  }

  /** The greatest, 0 without any. */
  most(nowMs) {
    this.#turn(nowMs);
    return Math.max(...this.#most);
  }

  /** The least, Infinity without any. */
  least(nowMs) {
    this.#turn(nowMs);
    return Math.min(...this.#least);
  }

  #turn(nowMs) {
    const piece = Math.floor(nowMs / this.pieceMs);
    if (this.#firstMs === null) [this.#firstMs, this.#piece] = [nowMs, piece];
    for (let gone = Math.max(this.#piece + 1, piece - PIECES + 1); gone <= piece; gone += 1) {
      const index = gone % PIECES;
      this.#sums[index] = this.#most[index] = 0;
      this.#least[index] = Infinity;
    }
    this.#piece = Math.max(this.#piece, piece);
    return this.#piece % PIECES;
  }
}

/**
 * Times between an input's sending and the frame that says it is done, but for its waiting at the owner. The least of the last second is
 * the network's, and of what both ends wait for: less than two frames.
 */
export class RoundTrip {
  #sent = [];
  #times = new Recent();
  /** The last one known, for seconds without an answer; null before the first one. */
  #known = null;

  /** Inputs up to this number went now. */
  sent(number, nowMs) {
    this.#sent.push({ number, nowMs });
    // Nobody answers any more.
    if (this.#sent.length > MOST_SENT) this.#sent.shift();
  }

  /** A frame says that this input is done; it had waited at the owner for so long. */
  done(ack, nowMs, waitedMs = 0) {
    let sentMs = null;
    while (this.#sent.length && this.#sent[0].number <= ack) sentMs = this.#sent.shift().nowMs;
    if (sentMs !== null) this.#times.add(Math.max(0, nowMs - sentMs - waitedMs), nowMs);
  }

  /** What was sent will not be answered, or was answered without having been read. */
  forget() {
    this.#sent.length = 0;
    this.#times = new Recent();
    this.#known = null;
  }

  /** Ms, or null. */
  ms(nowMs) {
    const least = this.#times.least(nowMs);
    if (Number.isFinite(least)) this.#known = least;
    return this.#known;
  }
}

/** Ticks from frame to frame when all of them come. */
const FRAME_TICKS = 2;

export class Netstats {
  framesLost = 0;
  framesLate = 0;
  framesBad = 0;
  roundTrip = new RoundTrip();
  #tick = -1;
  #frames = new Recent();
  #bytesIn = new Recent();
  #bytesOut = new Recent();
  #updates = new Recent();
  #corrections = new Recent();
  #worst = new Recent(WORST_MS);

  /** A whole frame came; `isLate`: what it says of others is of an earlier tick than is shown. */
  frame(frame, bytes, isLate, nowMs) {
    this.#frames.add(1, nowMs);
    this.#bytesIn.add(bytes, nowMs);
    this.#updates.add(frame.updates, nowMs);
    this.#corrections.add(0, nowMs);
    if (isLate) this.framesLate += 1;
    if (this.#tick >= 0 && frame.tick > this.#tick) this.framesLost += Math.max(0, Math.round((frame.tick - this.#tick) / FRAME_TICKS) - 1);
    this.#tick = frame.tick;
  }

  /** Ticks begin anew, or somewhere else: what is between was not lost. */
  leap() {
    this.#tick = -1;
  }

  bad(bytes, nowMs) {
    this.framesBad += 1;
    this.#bytesIn.add(bytes, nowMs);
  }

  sent(number, bytes, nowMs) {
    this.#bytesOut.add(bytes, nowMs);
    this.roundTrip.sent(number, nowMs);
  }

  corrected(px, nowMs) {
    this.#corrections.add(1, nowMs);
    this.#worst.add(px, nowMs);
  }

  /** All that is counted here. */
  read(nowMs) {
    return {
      roundTripMs: this.roundTrip.ms(nowMs),
      framesPerSecond: this.#frames.perSecond(nowMs),
      framesLost: this.framesLost,
      framesLate: this.framesLate,
      framesBad: this.framesBad,
      correctionsPerSecond: this.#corrections.perSecond(nowMs),
      worstCorrectionPx: this.#worst.most(nowMs),
      bytesInPerSecond: this.#bytesIn.perSecond(nowMs),
      bytesOutPerSecond: this.#bytesOut.perSecond(nowMs),
      updatesPerSecond: this.#updates.perSecond(nowMs),
    };
  }
}
