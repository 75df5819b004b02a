// The room's world besides chat: gets its browser module, keeps its state, mounts it. docs/worlds.md says what a module exports.
// Reads welcome.world and welcome.state, and the world's events. Sends what the module sends.

/**
 * A world's state after one message, pure. `module` has `reduce(state, event)`, and may have `start(state)` that makes the browser's
 * state of the room's; without it they are the same.
 * @param {{restart: boolean, start: any, happened: any[]}} news
 */
export function follow(module, state, { restart, start, happened }) {
  const make = module.start ?? ((given) => given);
  const from = restart ? (start === undefined ? undefined : make(start)) : state;
  return happened.reduce((now, event) => module.reduce(now, event), from);
}

/** The world of one page. A module that fails is said so, and costs nobody the chat. */
export class World {
  #module = null;
  #callbacks = new Set();
  /** What came while the module is on its way; null when none is. */
  #waiting = null;
  #state;

  /**
   * @param {{urls: Record<string, string>, show: (name: string, problem: string) => HTMLElement,
   *   send: (fields: any, options?: any) => Promise<any>, you: () => any, load?: (url: string) => Promise<any>}} options
   *   show: says that there is a world, or why there is none to be seen, and gives the element for it
   */
  constructor({ urls, show, send, you, load = (url) => import(url) }) {
    Object.assign(this, { urls, show, send, you, load, name: "" });
  }

  /** Take what the last message has for the world. */
  take(state) {
    if (state.world !== this.name) this.#open(state.world);
    if (!this.name || (!state.restart && !state.happened.length)) return;
    const { restart, start, happened } = state;
    if (this.#module) this.#guard(() => this.#follow({ restart, start, happened }));
    else if (this.#waiting) this.#waiting = [...(restart ? [] : this.#waiting), { restart, start, happened }];
  }

  async #open(name) {
    this.name = name;
    this.#end();
    const url = Object.hasOwn(this.urls, name) ? this.urls[name] : "";
    if (!url) {
      this.show(name, name && `This room has a world, “${name}”, that this page cannot show. You can chat.`);
      return;
    }
    this.#waiting = [];
    try {
      const module = await this.load(url);
      if (name !== this.name) return;
      this.#guard(() => this.#mount(module));
    } catch (error) {
      this.#fail(error);
    }
  }

  #mount(module) {
    for (const news of this.#waiting ?? []) this.#state = follow(module, this.#state, news);
    this.#end();
    this.#module = module;
    const { send, you } = this;
    module.mount(this.show(this.name, ""), {
      send,
      state: () => this.#state,
      onChange: (callback) => {
        this.#callbacks.add(callback);
        return () => this.#callbacks.delete(callback);
      },
      get you() {
        return you();
      },
    });
  }

  #follow(news) {
    this.#state = follow(this.#module, this.#state, news);
    for (const callback of this.#callbacks) callback(this.#state, news.happened);
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
    this.#module = this.#waiting = null;
    this.#callbacks.clear();
  }
}
