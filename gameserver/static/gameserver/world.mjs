// The room's world besides chat: gets its browser module, keeps its state, mounts it. docs/worlds.md says what a module exports.
// Reads welcome.world and welcome.state, and the world's events. Sends what the module sends.

/** What a module makes of the room's state for a fresh start; a promise if it takes time. Without `start` in the module the two are the same. */
export function begin(module, start) {
  return start !== undefined && module.start ? module.start(start) : start;
}

/**
 * A world's state after one message, pure. `module` has `reduce(state, event)`; `made`: what it made of the room's state.
 * @param {{restart: boolean, start: any, happened: any[]}} news
 */
export function follow(module, state, { restart, start, happened }, made = restart ? begin(module, start) : undefined) {
  return happened.reduce((now, event) => module.reduce(now, event), restart ? made : state);
}

/** The world of one page. A module that fails is said so, and costs nobody the chat. */
export class World {
  #module = null;
  #isMounted = false;
  #callbacks = new Set();
  #whoCallbacks = new Set();
  #byteCallbacks = new Set();
  /** What came and is not followed yet: the module is on its way, or it makes a state. */
  #news = [];
  /** Stands for the state that is being made; null when none is. */
  #making = null;
  #present = null;
  #state;

  /**
   * @param {{files: Record<string, {module: string, style?: string}>, show: (name: string, problem: string) => HTMLElement,
   *   send: (fields: any, options?: any) => Promise<any>, transmit?: (bytes: Uint8Array) => boolean, you: () => any, about?: {slug: string, readOnly: boolean, watchUrl: string},
   *   load?: (url: string) => Promise<any>, dress?: (url: string) => void}} options
   *   show: says that there is a world, or why there is none to be seen, and gives the element for it
   */
  constructor({ files, show, send, transmit = () => false, you, about = { slug: "", readOnly: false, watchUrl: "" }, load = (url) => import(url), dress = addStyle }) {
    Object.assign(this, { files, show, send, transmit, you, about, load, dress, name: "" });
  }

  /** Take what the last message has for the world. */
  take(state) {
    if (state.world !== this.name) this.#open(state.world);
    if (!this.name) return;
    if (state.present !== this.#present) {
      this.#present = state.present;
      this.#guard(() => this.#tell(this.#whoCallbacks));
    }
    if (!state.restart && !state.happened.length) return;
    const { restart, start, happened } = state;
    if (restart) {
      // A fresh start says all: what came before it need not be followed any more.
      this.#news = [];
      this.#making = null;
    }
    this.#news.push({ restart, start, happened });
    this.#guard(() => this.#catchUp());
  }

  /** Take a binary message: frames of the world, which are nobody's before it is there. */
  bytes(data) {
    if (this.#isMounted) this.#guard(() => this.#tell(this.#byteCallbacks, data));
  }

  async #open(name) {
    this.#end();
    this.name = name;
    const files = Object.hasOwn(this.files, name) ? this.files[name] : null;
    if (!files) {
      this.show(name, name && `This room has a world, “${name}”, that this page cannot show. You can chat.`);
      return;
    }
    try {
      if (files.style) this.dress(files.style);
      const module = await this.load(files.module);
      if (name !== this.name) return;
      this.#module = module;
      this.#guard(() => this.#catchUp());
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Follow what waits, in order. A state that takes time to be made keeps the rest waiting. */
  #catchUp() {
    if (!this.#module || this.#making) return;
    while (this.#news.length) {
      const news = this.#news.shift();
      const made = news.restart ? begin(this.#module, news.start) : undefined;
      if (typeof made?.then === "function") {
        this.#wait(made, news);
        return;
      }
      this.#follow(news, made);
    }
    if (!this.#isMounted) this.#mount();
  }

  async #wait(made, news) {
    const making = (this.#making = {});
    try {
      const state = await made;
      if (this.#making !== making) return;
      this.#making = null;
      this.#guard(() => {
        this.#follow(news, state);
        this.#catchUp();
      });
    } catch (error) {
      if (this.#making === making) this.#fail(error);
    }
  }

  #follow(news, made) {
    this.#state = follow(this.#module, this.#state, news, made);
    this.#tell(this.#callbacks, this.#state, news.happened, { restarted: news.restart });
  }

  #mount() {
    this.#isMounted = true;
    const { send, transmit, you } = this;
    const listen = (callbacks) => (callback) => {
      callbacks.add(callback);
      return () => callbacks.delete(callback);
    };
    this.#module.mount(this.show(this.name, ""), {
      ...this.about,
      send,
      transmit,
      state: () => this.#state,
      present: () => [...(this.#present?.values() ?? [])],
      onChange: listen(this.#callbacks),
      onPresent: listen(this.#whoCallbacks),
      onBytes: listen(this.#byteCallbacks),
      get you() {
        return you();
      },
    });
  }

  #tell(callbacks, ...news) {
    for (const callback of callbacks) callback(...news);
  }

  #guard(run) {
    try {
      run();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error) {
    console.error(error);
    this.#end();
    this.show(this.name, `This room's world, “${this.name}”, does not work here just now. You can chat; reload the page to try it again.`);
  }

  #end() {
    this.#module = this.#making = null;
    this.#isMounted = false;
    this.#news = [];
    this.#callbacks.clear();
    this.#whoCallbacks.clear();
    this.#byteCallbacks.clear();
  }
}

/** Have the page use a style sheet. */
function addStyle(url) {
  document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href: url }));
}
