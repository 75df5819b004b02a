// How ships look: hull, flame, shield, name, what is left of them. Reads no messages, sends none.

import { HULL, RADIUS } from "../core/rules.mjs";

const ANGLE = Math.PI / 512;
/** Px of the screen, whatever the scale: a name that cannot be read is none. */
const NAME_PX = 12;
const BAR_WIDTH = 8;
const BAR_GAP = 2;
const BAR_HEIGHT = 3;
const NAME_LONGEST = 18;
const FLASH_MS = 130;
const HELD_ALPHA = 0.4;

const line = (...points) => {
  const path = new Path2D();
  points.forEach(([x, y], index) => (index ? path.lineTo(x, y) : path.moveTo(x, y)));
  path.closePath();
  return path;
};

/** A ship that points to the right, around its middle. */
const makeParts = () => ({
  body: line([20, 0], [3, -7], [-13, -14], [-9, -4], [-9, 4], [-13, 14], [3, 7]),
  left: line([20, 0], [3, -7], [-13, -14], [-9, -4], [-9, 0]),
  right: line([20, 0], [3, 7], [-13, 14], [-9, 4], [-9, 0]),
  cockpit: line([9, 0], [2, -3.2], [-3, 0], [2, 3.2]),
  flame: line([-9, -4.6], [-27, 0], [-9, 4.6]),
  core: line([-9, -2.4], [-18, 0], [-9, 2.4]),
});

export class ShipPainter {
  #parts = makeParts();
  #hitAt = new Map();

  /** The ship of a slot was hit at a moment, ms. */
  flash(slot, atMs) {
    // Of those who are gone nothing is kept for long.
    if (this.#hitAt.size > 64) this.#hitAt.clear();
    this.#hitAt.set(slot, atMs);
  }

  /** Paint a ship and what hangs on it; the context is that of the field. `mood`: {nowMs, isCalm, flicker: 0 to 1} */
  paint(context, ship, palette, mood) {
    const paints = palette.paints(ship.colour);
    context.save();
    context.translate(ship.x, ship.y);
    if (ship.isHeld) context.globalAlpha = HELD_ALPHA;
    if (ship.isInvulnerable) this.#paintShield(context, palette, mood);
    context.rotate(ship.heading * ANGLE);
    if (ship.isThrusting && !ship.isHeld) this.#paintFlame(context, palette, mood);
    this.#paintHull(context, ship, paints, palette, mood);
    context.restore();
  }

  #paintFlame(context, palette, { isCalm, flicker }) {
    const { flame, core } = this.#parts;
    context.save();
    context.scale(isCalm ? 1 : 0.8 + flicker * 0.5, 1);
    context.fillStyle = palette.flame;
    context.fill(flame);
    context.fillStyle = palette.flameCore;
    context.fill(core);
    context.restore();
  }

  #paintHull(context, ship, paints, palette, { nowMs }) {
    const { body, left, right, cockpit } = this.#parts;
    const isHit = nowMs - (this.#hitAt.get(ship.slot) ?? -Infinity) < FLASH_MS;
    context.lineJoin = "round";
    // A rim of the ground's colour keeps ships apart that fly over each other and over rocks.
    context.strokeStyle = palette.halo;
    context.lineWidth = 5;
    context.stroke(body);
    context.fillStyle = isHit ? palette.ink : paints.lit;
    context.fill(left);
    context.fillStyle = isHit ? palette.ink : paints.hull;
    context.fill(right);
    context.strokeStyle = ship.isOwn ? palette.ink : paints.edge;
    context.lineWidth = ship.isOwn ? 2 : 1.4;
    context.stroke(body);
    context.fillStyle = paints.shade;
    context.fill(cockpit);
  }

  #paintShield(context, palette, { nowMs, isCalm }) {
    const beat = isCalm ? 0.5 : 0.5 + 0.5 * Math.sin(nowMs / 110);
    context.strokeStyle = context.fillStyle = palette.shield;
    const before = context.globalAlpha;
    context.beginPath();
    context.arc(0, 0, RADIUS + 10 + beat * 2, 0, 2 * Math.PI);
    context.globalAlpha = before * 0.14;
    context.fill();
    context.globalAlpha = before * (0.5 + beat * 0.5);
    context.lineWidth = 2;
    context.stroke();
    context.globalAlpha = before;
  }

  /** Paint name and hull below a ship; the context is that of the screen, `x`, `y` the ship there. */
  label(context, ship, x, y, scale, palette) {
    const top = y + (RADIUS + 9) * scale + 3;
    const alpha = ship.isHeld ? HELD_ALPHA : 1;
    const left = x - (HULL * (BAR_WIDTH + BAR_GAP) - BAR_GAP) / 2;
    for (let part = 0; part < HULL; part += 1) {
      context.globalAlpha = alpha * (part < ship.hull ? 1 : 0.25);
      context.fillStyle = part < ship.hull ? palette.paints(ship.colour).hull : palette.label;
      context.fillRect(left + part * (BAR_WIDTH + BAR_GAP), top, BAR_WIDTH, BAR_HEIGHT);
    }
    if (!ship.isOwn && ship.name) {
      context.globalAlpha = alpha * 0.92;
      this.#write(context, shortened(ship.name), x, top + BAR_HEIGHT + 4, palette);
    }
    context.globalAlpha = 1;
  }

  #write(context, text, x, y, palette) {
    context.font = `600 ${NAME_PX}px ${palette.font}`;
    context.textAlign = "center";
    context.textBaseline = "top";
    context.lineWidth = 3;
    context.lineJoin = "round";
    context.strokeStyle = palette.halo;
    context.strokeText(text, x, y);
    context.fillStyle = palette.label;
    context.fillText(text, x, y);
  }
}

/** A name that leaves room for others, pure. */
export function shortened(name) {
  const characters = [...name];
  return characters.length > NAME_LONGEST ? `${characters.slice(0, NAME_LONGEST - 1).join("")}…` : name;
}
