// One picture of the field: what a view has, in the order in which it lies. Reads no messages, sends none.

import { COS, SIN } from "../core/rules.mjs";
import { bearings } from "./bearings.mjs";
import { Ground } from "./ground.mjs";
import { UNKNOWN } from "./palette.mjs";
import { paintRock, pathsOf, shapeOf } from "./rocks.mjs";
import { ShipPainter } from "./ships.mjs";
import { Sparks } from "./sparks.mjs";
import { ThingPainter } from "./things.mjs";

/** Px that a ship reaches beyond its middle, with flame and name. */
const SHIP_REACH = 60;
const KILL_POINTS = 5;
/** How much a moment of the own ship shakes. Explosions near by do, too, but less. */
const SHAKES = { hit: 0.5, destroyed: 1, bump: 0.35 };
const NEAR_PX = 420;
/** How soon the red edge of a hit is over: it falls to a third in this time. */
const HURT_MS = 170;
/** A hull that smokes. */
const LAST_HULL = 1;

export class Scene {
  #ground = new Ground();
  #ships = new ShipPainter();
  #things = new ThingPainter();
  #rocks = null;
  #paths = [];
  #colours = new Map();
  #edge = null;
  #hurt = 0;

  /** @param {{eye: import("./eye.mjs").Eye, palette: import("./palette.mjs").Palette, random: () => number, isCalm: () => boolean}} options
   *   isCalm: whether nothing shakes and flies about */
  constructor({ eye, palette, random, isCalm }) {
    Object.assign(this, { eye, palette, random, isCalm, sparks: new Sparks({ random, isCalm }) });
  }

  /** Colours, size or density of pixels are others. */
  prepare(context, pixelRatio) {
    const { eye, palette } = this;
    this.#ground.prepare(context, palette, eye.scale, pixelRatio);
    this.#things.prepare(palette, eye.scale * pixelRatio);
    const [x, y, reach] = [eye.width / 2, eye.height / 2, Math.hypot(eye.width, eye.height) / 2];
    this.#edge = context.createRadialGradient(x, y, reach * 0.55, x, y, reach);
    this.#edge.addColorStop(0, `${palette.hurt}00`);
    this.#edge.addColorStop(1, palette.hurt);
  }

  /** The rocks of the round. @param {{x: number, y: number, radius: number}[]} rocks @param {number} seed */
  enter(rocks, seed) {
    if (rocks === this.#rocks) return;
    this.#rocks = rocks;
    this.#paths = rocks.map(({ radius }, index) => pathsOf(shapeOf(seed, index, radius)));
  }

  /** Let effects fly and shake; each is told once. */
  happen(view) {
    const { eye, palette, sparks } = this;
    for (const effect of view.effects) {
      const ship = view.find(effect.slot);
      const { hull, lit } = palette.paints(ship?.colour ?? this.#colours.get(effect.slot) ?? UNKNOWN);
      const colours = { crystal: [palette.crystal, palette.crystalLit], bump: [palette.rockLit, palette.rock] }[effect.kind] ?? [hull, lit, palette.flame];
      sparks.burst(effect.kind, { x: effect.x, y: effect.y, vx: ship?.vx, vy: ship?.vy }, colours);
      if (effect.kind === "hit") this.#ships.flash(effect.slot, effect.at);
      const isOwn = view.role !== "nobody" && effect.slot === view.slot;
      if (effect.kind === "hit" && isOwn && !this.isCalm()) this.#hurt = 0.75;
      if (effect.kind === "crystal" && isOwn) sparks.word("+1", effect, palette.crystal);
      if (effect.kind === "destroyed" && view.role !== "nobody" && effect.by === view.slot) sparks.word(`+${KILL_POINTS}`, effect, palette.ink);
      const isNear = effect.kind === "destroyed" && Math.hypot(effect.x - eye.x, effect.y - eye.y) < NEAR_PX;
      if (!this.isCalm() && (isOwn || isNear)) eye.shake((SHAKES[effect.kind] ?? 0) * (isOwn ? 1 : 0.4));
    }
  }

  /** Paint what is seen at a moment, `passedMs` after the last one. The context's unit is a pixel of the page. */
  paint(context, view, nowMs, passedMs) {
    const { eye, palette, sparks } = this;
    const mood = { nowMs, isCalm: this.isCalm(), flicker: this.random() };
    this.#trail(view, passedMs);
    sparks.pass(passedMs);
    this.#ground.paint(context, eye, palette);
    context.save();
    context.translate(eye.left, eye.top);
    context.scale(eye.scale, eye.scale);
    this.#paintRocks(context);
    for (const crystal of view.crystals) if (eye.sees(crystal.x, crystal.y, 20)) this.#things.crystal(context, crystal, palette, mood);
    for (const bullet of view.bullets) if (eye.sees(bullet.x, bullet.y, 40)) this.#paintBullet(context, bullet);
    for (const ship of view.ships) if (ship !== view.own && eye.sees(ship.x, ship.y, SHIP_REACH)) this.#ships.paint(context, ship, palette, mood);
    if (view.own) this.#ships.paint(context, view.own, palette, mood);
    this.#things.sparks(context, sparks);
    context.restore();
    this.#paintLabels(context, view);
    this.#paintHurt(context, passedMs);
  }

  #paintHurt(context, passedMs) {
    this.#hurt *= Math.exp(-passedMs / HURT_MS);
    if (this.#hurt < 0.02) return;
    context.globalAlpha = this.#hurt;
    context.fillStyle = this.#edge;
    context.fillRect(0, 0, this.eye.width, this.eye.height);
    context.globalAlpha = 1;
  }

  #paintRocks(context) {
    const rocks = this.#rocks ?? [];
    rocks.forEach(({ x, y, radius }, index) => {
      if (!this.eye.sees(x, y, radius)) return;
      context.save();
      context.translate(x, y);
      paintRock(context, this.#paths[index], radius, this.palette);
      context.restore();
    });
  }

  #paintBullet(context, bullet) {
    const { hull } = this.palette.paints(this.#colours.get(bullet.slot) ?? UNKNOWN);
    this.#things.bullet(context, bullet, hull, this.palette);
  }

  /** Engines leave sparks behind; whose colour is whose is kept for bullets that outlive their ships. */
  #trail(view, passedMs) {
    for (const ship of view.ships) {
      if (ship.colour) this.#colours.set(ship.slot, ship.colour);
      if (ship.isHeld || !this.eye.sees(ship.x, ship.y, SHIP_REACH)) continue;
      const heading = Math.floor(ship.heading);
      if (ship.isThrusting) this.sparks.burn(ship, COS[heading], SIN[heading], this.palette.flame, passedMs);
      if (ship.hull === LAST_HULL) this.sparks.burn(ship, COS[heading], SIN[heading], this.palette.rockEdge, passedMs / 2);
    }
  }

  #paintLabels(context, view) {
    const { eye, palette } = this;
    for (const ship of view.ships) {
      if (!eye.sees(ship.x, ship.y, SHIP_REACH)) continue;
      this.#ships.label(context, ship, eye.left + ship.x * eye.scale, eye.top + ship.y * eye.scale, eye.scale, palette);
    }
    this.#things.words(context, this.sparks.words, eye, palette);
    const from = view.own ?? view.find(view.slot);
    if (!from) return;
    for (const bearing of bearings(eye, view.ships, from)) this.#things.arrow(context, bearing, palette);
  }
}
