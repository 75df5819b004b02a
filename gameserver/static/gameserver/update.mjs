// A release goes out while people play: notices that this page is an old one, says so quietly, and loads the new one when nobody is disturbed.
// Reads: build of welcome and of bye. Sends nothing.

/** Out of sight, or untouched in sight, for so long: loading anew disturbs nobody. */
export const HIDDEN_MS = 60_000;
export const IDLE_MS = 600_000;
/** Not all pages load anew in the same moment. */
export const SPREAD_MS = 60_000;
/** In a deploy a page of the new release meets servers of the old one for a while; after this it was taken back, and the old one is the one to have. */
export const TAKEN_BACK_MS = 900_000;
const LOOK_MS = 5000;
const KEY = "update.loaded";
export const READY = "A new version is ready.";
export const TOO_OLD = "This page is too old for the server.";

/** What a server's build is to a page's: "same", "newer" or "older". Pure. A build is `<number>.<name>`, "" where there is none. */
export function compare(own, theirs) {
  const [[number, name], [other, called]] = [own, theirs].map((build) => (build ?? "").split("."));
  if (!name || !called || name === called) return "same";
  return Number(other) > Number(number) ? "newer" : "older";
}

/** Whether a page may load itself anew now. Pure. Times are ms: how long it has been out of sight (0: in sight), and untouched. */
export function mayReload({ isBusy, hiddenMs, untouchedMs, waitMs }) {
  if (isBusy) return false;
  return hiddenMs >= HIDDEN_MS + waitMs || untouchedMs >= IDLE_MS + waitMs;
}

/** Whether somebody is in the middle of something: a text that was begun, a pointer that is down, a dialog. */
export function isEngaged(doc, pointers) {
  const field = doc.activeElement;
  const isText = field?.matches?.("textarea, input:not([type=checkbox], [type=radio], [type=range], [type=button], [type=submit]), [contenteditable]") ?? false;
  return pointers > 0 || (isText && Boolean(field.value ?? field.textContent)) || doc.querySelector("dialog[open]") !== null;
}

/** The update of one page. */
export class Update {
  #theirs = "";
  #since = 0;
  #hiddenAt = null;
  #touchedAt;
  #timer = null;
  #isShown = false;

  /**
   * @param {{own: string, isBusy: () => boolean, say: (text: string) => void, reload: () => void,
   *   now?: () => number, timers?: {set: Function, clear: Function}, random?: () => number, kept?: Storage}} options
   *   say: shows a text with a button to reload, "" takes it back. kept: outlives a reload, in this tab only
   */
  constructor({ own, isBusy, say, reload, now = () => performance.now(), timers, random = Math.random, kept = globalThis.sessionStorage }) {
    Object.assign(this, { own, isBusy, say, reload, now, kept });
    this.timers = timers ?? { set: (f, ms) => setTimeout(f, ms), clear: (id) => clearTimeout(id) };
    this.waitMs = random() * SPREAD_MS;
    this.#touchedAt = now();
  }

  /** A welcome has said which build the server has. */
  saw(build) {
    if (build !== this.#theirs) this.#since = this.now();
    this.#theirs = build ?? "";
    this.#look();
  }

  /** The server does not speak with this page any more: load it anew, once for each release. Says what is shown, and does so if nobody is disturbed. */
  refused(build) {
    this.#theirs = build ?? "";
    if (this.isBusy() || !this.#remember(`refused ${this.#theirs}`)) return `${TOO_OLD} Reload it.`;
    this.reload();
    return `${TOO_OLD} Loading the new one …`;
  }

  /** The person did something. */
  touched() {
    this.#touchedAt = this.now();
  }

  /** The page came into sight, where somebody looks at it, or went out of it. */
  hidden(isHidden) {
    this.#hiddenAt = isHidden ? this.now() : null;
    this.touched();
  }

  get #isNews() {
    const found = compare(this.own, this.#theirs);
    return found === "newer" || (found === "older" && this.now() - this.#since >= TAKEN_BACK_MS);
  }

  #look() {
    this.timers.clear(this.#timer);
    if (compare(this.own, this.#theirs) === "same") return this.#show(false);
    this.#timer = this.timers.set(() => this.#look(), LOOK_MS);
    if (!this.#isNews) return this.#show(false);
    this.#show(true);
    const now = this.now();
    const hiddenMs = this.#hiddenAt === null ? 0 : now - this.#hiddenAt;
    const may = mayReload({ isBusy: this.isBusy(), hiddenMs, untouchedMs: now - this.#touchedAt, waitMs: this.waitMs });
    if (may && this.#remember(this.#theirs)) this.reload();
    return undefined;
  }

  #show(isShown) {
    if (isShown === this.#isShown) return;
    this.#isShown = isShown;
    this.say(isShown ? READY : "");
  }

  /** Whether this tab has not loaded itself for this reason before: what an edge gives may be an old page again. */
  #remember(reason) {
    try {
      if (this.kept.getItem(KEY) === reason) return false;
      this.kept.setItem(KEY, reason);
      return this.kept.getItem(KEY) === reason;
    } catch {
      // Without a memory nothing would end a loop.
      return false;
    }
  }
}

/** Watch over a document for an Update: `new Update` with what happens in it. `isUnsent`: something of the person's has not arrived yet. */
export function mountUpdate({ own, line, isUnsent, doc = document, where = location }) {
  let pointers = 0;
  const reload = () => where.reload();
  const button = () => Object.assign(doc.createElement("button"), { type: "button", className: "button button-quiet", textContent: "Reload", onclick: reload });
  const say = (text) => line.replaceChildren(...(text ? [text, button()] : []));
  const update = new Update({ own, isBusy: () => isUnsent() || isEngaged(doc, pointers), say, reload });
  const on = (names, run) => names.forEach((name) => doc.addEventListener(name, run, { passive: true, capture: true }));
  on(["pointerdown"], () => (pointers += 1));
  on(["pointerup", "pointercancel"], () => (pointers = Math.max(0, pointers - 1)));
  on(["pointerdown", "pointermove", "keydown", "wheel", "input"], () => update.touched());
  on(["visibilitychange"], () => update.hidden(doc.hidden));
  update.hidden(doc.hidden);
  return update;
}
