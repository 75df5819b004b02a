// How crystals, bullets, sparks, rings, words and arrows look. Reads no messages, sends none.

import { CRYSTAL_RADIUS } from "../core/rules.mjs";

const SPRITE_PX = 2 * CRYSTAL_RADIUS + 12;
const GLOW_PX = 32;
const MOST_GLOWS = 64;
/** Px of the field of a bullet's tail, in ticks of its flight. */
const TAIL_TICKS = 1.5;
const GLINT_MS = 2600;
/** The part of that in which a crystal glints. */
const GLINT_PART = 0.16;

function spriteOf(size, pixels, paint) {
  const canvas = Object.assign(document.createElement("canvas"), { width: Math.ceil(size * pixels), height: Math.ceil(size * pixels) });
  const context = canvas.getContext("2d");
  context.scale(pixels, pixels);
  context.translate(size / 2, size / 2);
  paint(context);
  return canvas;
}

const facet = (context, colour, ...points) => {
  context.fillStyle = colour;
  context.beginPath();
  points.forEach(([x, y], index) => (index ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.closePath();
  context.fill();
};

function paintCrystal(context, { crystal, crystalLit, crystalShade }) {
  const [side, top, waist] = [CRYSTAL_RADIUS * 0.78, CRYSTAL_RADIUS * 1.05, -CRYSTAL_RADIUS * 0.2];
  facet(context, crystal, [0, -top], [side, waist], [0, top], [-side, waist]);
  facet(context, crystalLit, [0, -top], [0, waist + 2], [-side, waist]);
  facet(context, crystalShade, [side, waist], [0, top], [0, waist + 2]);
}

export class ThingPainter {
  #crystal = null;
  #glows = new Map();

  /** Make sprites anew. `pixels`: of the screen's, for a pixel of the field. */
  prepare(palette, pixels) {
    this.#crystal = spriteOf(SPRITE_PX, pixels, (context) => paintCrystal(context, palette));
    this.#glows.clear();
  }

  /** Paint a crystal; it sways and glints as its place says. */
  crystal(context, { x, y }, palette, { nowMs, isCalm }) {
    const own = (x * 13.7 + y * 7.3) % GLINT_MS;
    const sway = isCalm ? 0 : Math.sin((nowMs + own) / 520);
    const wide = 1 - 0.2 * (1 + sway);
    context.drawImage(this.#crystal, x - (SPRITE_PX * wide) / 2, y - SPRITE_PX / 2 + sway * 1.5, SPRITE_PX * wide, SPRITE_PX);
    const phase = ((nowMs + own * 3) % GLINT_MS) / GLINT_MS / GLINT_PART;
    if (isCalm || phase > 1) return;
    const reach = 9 * Math.sin(phase * Math.PI);
    facet(context, palette.glint, [x - 3 - reach, y - 5], [x - 3, y - 6], [x - 3 + reach, y - 5], [x - 3, y - 4]);
    facet(context, palette.glint, [x - 3, y - 5 - reach], [x - 2, y - 5], [x - 3, y - 5 + reach], [x - 4, y - 5]);
  }

  /** Paint a bullet with a tail in its ship's colour. */
  bullet(context, { x, y, vx, vy }, hull, palette) {
    const glow = this.#glowOf(hull);
    context.drawImage(glow, x - GLOW_PX / 2, y - GLOW_PX / 2, GLOW_PX, GLOW_PX);
    context.lineCap = "round";
    context.strokeStyle = hull;
    context.lineWidth = 5;
    context.beginPath();
    context.moveTo(x - vx * TAIL_TICKS, y - vy * TAIL_TICKS);
    context.lineTo(x, y);
    context.stroke();
    context.strokeStyle = palette.bolt;
    context.lineWidth = 2.6;
    context.beginPath();
    context.moveTo(x - vx * 0.5, y - vy * 0.5);
    context.lineTo(x, y);
    context.stroke();
  }

  #glowOf(colour) {
    const known = this.#glows.get(colour);
    if (known) return known;
    if (this.#glows.size >= MOST_GLOWS) this.#glows.clear();
    const made = spriteOf(GLOW_PX, 1, (context) => {
      const soft = context.createRadialGradient(0, 0, 0, 0, 0, GLOW_PX / 2);
      soft.addColorStop(0, colour);
      soft.addColorStop(1, `${colour.slice(0, 7)}00`);
      context.globalAlpha = 0.5;
      context.fillStyle = soft;
      context.fillRect(-GLOW_PX / 2, -GLOW_PX / 2, GLOW_PX, GLOW_PX);
    });
    this.#glows.set(colour, made);
    return made;
  }

  /** Paint what is left of what happened; the context is that of the field. */
  sparks(context, { sparks, rings }) {
    for (const { x, y, size, colour, leftMs, lifeMs } of sparks) {
      if (leftMs <= 0) continue;
      context.globalAlpha = Math.min(1, (1.6 * leftMs) / lifeMs);
      context.fillStyle = colour;
      context.beginPath();
      context.arc(x, y, size * (0.4 + (0.6 * leftMs) / lifeMs), 0, 2 * Math.PI);
      context.fill();
    }
    for (const { x, y, reach, colour, leftMs, lifeMs } of rings) {
      const left = Math.max(0, leftMs / lifeMs);
      context.globalAlpha = left;
      context.strokeStyle = colour;
      context.lineWidth = 1 + 7 * left * left;
      context.beginPath();
      context.arc(x, y, reach * (1 - left * left), 0, 2 * Math.PI);
      context.stroke();
    }
    context.globalAlpha = 1;
  }

  /** Write what rises; the context is that of the screen. */
  words(context, words, { left, top, scale }, palette) {
    context.font = `800 17px ${palette.font}`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.lineWidth = 4;
    context.strokeStyle = palette.halo;
    for (const { x, y, text, colour, leftMs, lifeMs } of words) {
      context.globalAlpha = Math.max(0, Math.min(1, (2 * leftMs) / lifeMs));
      context.strokeText(text, left + x * scale, top + y * scale);
      context.fillStyle = colour;
      context.fillText(text, left + x * scale, top + y * scale);
    }
    context.globalAlpha = 1;
  }

  /** Paint an arrow at the edge of the screen, smaller for those who are far. */
  arrow(context, { x, y, angle, distance, colour }, palette) {
    const size = Math.max(0.65, 1.15 - distance / 2400);
    context.save();
    context.translate(x, y);
    context.rotate(angle);
    context.scale(size, size);
    // An open angle: what is filled is a ship.
    context.lineJoin = context.lineCap = "round";
    context.beginPath();
    context.moveTo(-5, -9);
    context.lineTo(5, 0);
    context.lineTo(-5, 9);
    context.strokeStyle = palette.halo;
    context.lineWidth = 8;
    context.stroke();
    context.strokeStyle = palette.paints(colour).hull;
    context.lineWidth = 4;
    context.stroke();
    context.restore();
  }
}
