// What hands hold down at this moment: keys, mouse, touch, as what controls.mjs reads. Pure; reads no messages, sends none.

import { controlsOf } from "../core/controls.mjs";

const KEYS = {
  ...{ ArrowLeft: "left", KeyA: "left", ArrowRight: "right", KeyD: "right", ArrowUp: "thrust", KeyW: "thrust", Space: "fire" },
};
/** They do nothing, but would scroll a page on which one plays. */
const IDLE_KEYS = new Set(["ArrowDown", "KeyS"]);
const LEFT_BUTTON = 1;
const RIGHT_BUTTON = 2;
/** Px of the screen that a thumb moves from where it came down to where the stick is pushed all the way. */
export const STICK_PX = 56;

/** Whether a key means something to somebody who flies. @param {string} code of a KeyboardEvent */
export const isMeant = (code) => Object.hasOwn(KEYS, code) || IDLE_KEYS.has(code);

export class Hands {
  /** Whether the ship turns to the mouse: by a button of it in the stage; keys that turn end it. */
  isAiming = false;
  /** Where the stick is, {x, y, dx, dy}: px of the screen where the thumb came down, and how far it is pushed, -1 to 1; or null. */
  stick = null;
  #keys = new Set();
  #mouse = { x: 0, y: 0, buttons: 0 };
  #stickFinger = null;
  #fireFingers = new Set();

  /** A key goes down. @returns {boolean} whether it means something */
  press(code) {
    if (!isMeant(code)) return false;
    this.#keys.add(code);
    if (KEYS[code] === "left" || KEYS[code] === "right") this.isAiming = false;
    return true;
  }

  lift(code) {
    this.#keys.delete(code);
  }

  /** Aim with the mouse, or not. */
  toggleAim() {
    this.isAiming = !this.isAiming;
  }

  /** The mouse is at a place of the screen with these buttons down (as in PointerEvent.buttons); `isPress`: one has just gone down. */
  mouse(x, y, buttons, isPress = false) {
    Object.assign(this.#mouse, { x, y, buttons });
    if (isPress) this.isAiming = true;
  }

  /** A finger comes down: in the left half of the screen it is the stick, in the right half it fires. */
  touch(id, x, y, width) {
    if (x >= width / 2) {
      this.#fireFingers.add(id);
    } else if (this.#stickFinger === null) {
      this.#stickFinger = id;
      this.stick = { x, y, dx: 0, dy: 0 };
    }
    this.isAiming = false;
  }

  /** A finger moves. The stick comes along with one that goes farther than it reaches, so that turning back works at once. */
  slide(id, x, y) {
    if (id !== this.#stickFinger) return;
    const { stick } = this;
    const way = Math.hypot(x - stick.x, y - stick.y);
    if (way > STICK_PX) {
      stick.x = x - ((x - stick.x) * STICK_PX) / way;
      stick.y = y - ((y - stick.y) * STICK_PX) / way;
    }
    stick.dx = (x - stick.x) / STICK_PX;
    stick.dy = (y - stick.y) / STICK_PX;
  }

  /** A finger is gone. */
  raise(id) {
    this.#fireFingers.delete(id);
    if (id === this.#stickFinger) this.#stickFinger = this.stick = null;
  }

  /** Nothing is held down any more: the page has lost the focus, or the ship is gone. */
  release() {
    this.#keys.clear();
    this.#fireFingers.clear();
    this.#stickFinger = this.stick = null;
    this.#mouse.buttons = 0;
  }

  /** Whether a finger fires. */
  get isTouchFiring() {
    return this.#fireFingers.size > 0;
  }

  /**
   * What the ship is to do. `ship`: where it is on the screen, px, or null.
   * @returns {import("../core/controls.mjs").Controls}
   */
  controls(ship) {
    const held = { left: false, right: false, thrust: false, fire: this.isTouchFiring };
    for (const code of this.#keys) if (KEYS[code]) held[KEYS[code]] = true;
    const { x, y, buttons } = this.#mouse;
    if (buttons & LEFT_BUTTON) held.fire = true;
    if (buttons & RIGHT_BUTTON) held.thrust = true;
    const aim = this.isAiming && ship ? { x: x - ship.x, y: y - ship.y } : null;
    return controlsOf({ ...held, aim, stick: this.stick && { x: this.stick.dx, y: this.stick.dy } });
  }
}
