// Mouse, pen, fingers and wheel: who gets them, the tool or the camera. Reads no messages, sends none.

import { panned, pinched, wheeled, zoomedAt } from "./camera.mjs";

const DOUBLE_MS = 400;
const DOUBLE_PX = 14;
/** Nearer to a side of the view than this a drag pans, faster the nearer; beyond it as fast as this many pixels a frame. */
const EDGE_PX = 28;
const EDGE_SPEED_PX = 14;
const LEFT = 0;
const MIDDLE = 1;

/** Listens on the stage's element. */
export class Pointer {
  /** Fingers on the screen: pointer id → point of the view. */
  #fingers = new Map();
  /** What the pointer that is down does: {how: "tool" | "pan" | "pinch" | "handle", id, last}. */
  #gesture = null;
  #lastPress = { time: -Infinity, x: 0, y: 0 };
  #isSpaceDown = false;
  /** Where the pointer is, in points of the view; null when it is not over the stage. */
  last = null;

  constructor(stage) {
    this.stage = stage;
    const { host } = stage;
    const on = (name, listener, options) => host.addEventListener(name, listener.bind(this), options);
    on("pointerdown", this.#down);
    on("pointermove", this.#move);
    on("pointerup", this.#up);
    on("pointercancel", this.#cancel);
    on("lostpointercapture", this.#lost);
    on("pointerleave", this.#leave);
    on("wheel", this.#wheel, { passive: false });
    on("contextmenu", (event) => event.preventDefault());
    on("mousedown", (event) => event.button === MIDDLE && event.preventDefault());
    this.#pinchOnTrackpad(on);
    this.toolChanged();
  }

  /** Space is down: the next drag pans. */
  setSpace(isDown) {
    this.#isSpaceDown = isDown;
    this.toolChanged();
  }

  /** Another tool is at hand: what the old one was at is given up. */
  toolChanged() {
    const { stage } = this;
    for (const [name, tool] of Object.entries(stage.tools)) if (name !== stage.desk.tool && tool.isBusy) this.#giveUp(tool);
    const isPanning = this.#gesture?.how === "pan";
    const canPan = this.#isSpaceDown || stage.desk.tool === "hand";
    stage.host.style.cursor = isPanning ? "grabbing" : canPan ? "grab" : (stage.tool?.cursor ?? "default");
    if (stage.desk.tool !== "select" && stage.hovered) stage.hovered = "";
  }

  /** Give up what the pointer is at; returns whether it was at anything. */
  giveUp() {
    const isBusy = Boolean(this.stage.tool?.isBusy);
    if (isBusy) this.#giveUp(this.stage.tool);
    return isBusy;
  }

  #giveUp(tool) {
    tool.cancel();
    if (this.#gesture?.how === "tool") this.#gesture = { ...this.#gesture, how: "nothing" };
  }

  #at(event) {
    const screen = this.#local(event);
    const { x, y } = this.stage.toBoard(screen);
    const { shiftKey: isShift, altKey: isAlt, ctrlKey, metaKey, pointerType } = event;
    return { x, y, screen, isShift, isAlt, isCommand: ctrlKey || metaKey, isTouch: pointerType === "touch" };
  }

  #local({ clientX, clientY }) {
    const box = this.stage.host.getBoundingClientRect();
    return { x: clientX - box.left - this.stage.host.clientLeft, y: clientY - box.top - this.stage.host.clientTop };
  }

  #down(event) {
    const { stage } = this;
    if (stage.editor.has(event.target)) return;
    const at = this.#at(event);
    this.last = at.screen;
    if (stage.editor.isOpen) stage.editor.close();
    stage.focus();
    if (event.pointerType === "touch") {
      this.#fingers.set(event.pointerId, at.screen);
      if (this.#fingers.size === 2) return this.#beginPinch();
    }
    if (this.#gesture) return;
    const canPan = this.#isSpaceDown || stage.desk.tool === "hand" || event.button === MIDDLE;
    // Handles hear the pointer themselves: nothing of the event is taken from them.
    if (!canPan && event.button === LEFT && stage.desk.tool === "select" && stage.glass.handles.isAt(at.screen)) {
      this.#gesture = { how: "handle", id: event.pointerId };
      return;
    }
    event.preventDefault();
    if (!canPan && event.button !== LEFT) return;
    stage.host.setPointerCapture(event.pointerId);
    stage.settle();
    this.#gesture = { how: canPan ? "pan" : "tool", id: event.pointerId, last: at.screen };
    this.toolChanged();
    if (canPan) return;
    if (this.#isDouble(event, at)) stage.tool.doublePress?.(at);
    else stage.tool.press(at);
    stage.request();
  }

  #isDouble(event, { screen }) {
    const before = this.#lastPress;
    const { tool } = this.stage.desk;
    const isNear = Math.hypot(screen.x - before.x, screen.y - before.y) < DOUBLE_PX;
    const isDouble = event.timeStamp - before.time < DOUBLE_MS && isNear && before.tool === tool;
    this.#lastPress = { time: isDouble ? -Infinity : event.timeStamp, ...screen, tool };
    return isDouble && Boolean(this.stage.tool.doublePress);
  }

  #move(event) {
    const { stage } = this;
    if (stage.editor.has(event.target) && !this.#gesture) return;
    const at = this.#at(event);
    this.last = at.screen;
    stage.presence.pointed(at);
    if (this.#fingers.has(event.pointerId)) {
      if (this.#gesture?.how === "pinch") return this.#pinch(event, at.screen);
      this.#fingers.set(event.pointerId, at.screen);
    }
    const gesture = this.#gesture;
    if (!gesture) return void stage.tool?.hover?.(at);
    if (gesture.id !== event.pointerId) return;
    if (gesture.how === "pan") {
      stage.lookAt(panned(stage.desk.camera, at.screen.x - gesture.last.x, at.screen.y - gesture.last.y));
      gesture.last = at.screen;
    } else if (gesture.how === "tool") {
      const events = event.getCoalescedEvents?.() ?? [];
      stage.tool.move({ ...at, path: events.length ? events.map((one) => stage.toBoard(this.#local(one))) : [at] });
      gesture.at = at;
      if (stage.tool.pansAtEdges) stage.request();
    }
  }

  /** With every frame: a drag that is at a side of the view goes on there. Returns whether it does. */
  frame() {
    const { how, at } = this.#gesture ?? {};
    const { stage } = this;
    if (how !== "tool" || !at || !stage.tool.pansAtEdges || !stage.tool.isBusy) return false;
    const [dx, dy] = [atEdge(at.screen.x, stage.size.width), atEdge(at.screen.y, stage.size.height)];
    if (!dx && !dy) return false;
    stage.lookAt(panned(stage.desk.camera, dx, dy));
    stage.tool.move({ ...at, ...stage.toBoard(at.screen) });
    return true;
  }

  #up(event) {
    this.#fingers.delete(event.pointerId);
    const gesture = this.#gesture;
    if (!gesture) return;
    if (gesture.how === "pinch") {
      if (!this.#fingers.size) this.#end();
      return;
    }
    if (gesture.id !== event.pointerId) return;
    this.#end();
    if (gesture.how === "tool") this.stage.tool.release(this.#at(event));
    this.stage.request();
  }

  #cancel(event) {
    this.#fingers.delete(event.pointerId);
    const gesture = this.#gesture;
    if (!gesture || (gesture.how === "pinch" ? this.#fingers.size : gesture.id !== event.pointerId)) return;
    this.#end();
    if (gesture.how === "tool") this.stage.tool.cancel();
  }

  #lost(event) {
    // A capture is lost without a word when a page is left by a key; what was drawn so far is kept.
    if (this.#gesture?.how === "tool" && this.#gesture.id === event.pointerId) this.#up(event);
  }

  #end() {
    this.#gesture = null;
    this.toolChanged();
  }

  #leave() {
    this.last = null;
    if (!this.stage.hovered) return;
    this.stage.hovered = "";
    this.stage.remark();
  }

  #beginPinch() {
    if (this.#gesture?.how === "handle") return;
    if (this.#gesture?.how === "tool") this.stage.tool.cancel();
    this.#gesture = { how: "pinch" };
  }

  #pinch(event, point) {
    const ids = [...this.#fingers.keys()].slice(0, 2);
    const before = ids.map((id) => this.#fingers.get(id));
    this.#fingers.set(event.pointerId, point);
    if (ids.length < 2) return;
    const { stage } = this;
    stage.lookAt(pinched(stage.desk.camera, stage.size, before, ids.map((id) => this.#fingers.get(id))));
  }

  #wheel(event) {
    event.preventDefault();
    const { stage } = this;
    const { zoom, dx, dy } = wheeled(event, stage.size.height);
    const { camera } = stage.desk;
    stage.lookAt(zoom ? zoomedAt(camera, stage.size, this.#local(event), camera.scale * zoom) : panned(camera, dx, dy));
    if (this.last) stage.presence.pointed(this.#at(event));
  }

  /** Safari tells of a pinch on a trackpad by events of its own. */
  #pinchOnTrackpad(on) {
    let before = 1;
    on("gesturestart", (event) => {
      event.preventDefault();
      before = this.stage.desk.camera.scale;
    });
    on("gesturechange", (event) => {
      event.preventDefault();
      if (this.#gesture?.how === "pinch") return;
      this.stage.lookAt(zoomedAt(this.stage.desk.camera, this.stage.size, this.#local(event), before * event.scale));
    });
  }
}

/** How far to push the board, for a pointer so far along a side of this length. */
function atEdge(value, length) {
  const before = Math.max(0, Math.min(1, 1 - value / EDGE_PX));
  const behind = Math.max(0, Math.min(1, 1 - (length - value) / EDGE_PX));
  return (before - behind) * EDGE_SPEED_PX;
}
