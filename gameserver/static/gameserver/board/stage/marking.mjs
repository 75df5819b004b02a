// What is marked, reckoned anew when it may have changed: what is selected, hovered over, in the focus, selected by others.
// Reads no messages, sends none.

import { boundsOf, corners, isPointed } from "./geometry.mjs";
import { boxAround, endsOf, isFree } from "./transform.mjs";

/** More outlines than this are a blot. */
const OUTLINES_MOST = 200;
const RING_PX = 8;

/** Marks of one stage. */
export class Marking {
  isStale = true;

  constructor(stage) {
    this.stage = stage;
  }

  /** Give the glass what there is to mark now. */
  mark() {
    this.isStale = false;
    const { stage } = this;
    const { desk, board, paper, glass } = stage;
    const isSelecting = (desk.tool === "select" || desk.readOnly) && !stage.editor?.isOpen;
    const shapes = isSelecting ? stage.selected().map(({ id }) => paper.shown(id)) : [];
    const one = shapes.length === 1 ? shapes[0] : null;
    const ends = (!desk.readOnly && one && endsOf(one)) || [];
    const hasOutlines = (shapes.length > 1 || stage.isDragging || desk.readOnly) && shapes.length <= OUTLINES_MOST && !ends.length;
    const isHovered = board.has(stage.hovered) && !desk.selection.has(stage.hovered);
    glass.set({
      own: hasOutlines ? shapes.map((shape) => this.outline(shape)) : [],
      hover: isHovered ? this.outline(paper.shown(stage.hovered)) : null,
      focus: board.has(stage.focused) ? this.#ring(paper.shown(stage.focused)) : null,
      ends: ends.map((end) => stage.toScreen(end)),
      others: stage.presence?.outlines() ?? [],
    });
    const box = ends.length || desk.readOnly || stage.isDragging ? null : boxAround(shapes);
    glass.handles.show(box, { keepsRatio: one?.kind === "text" || !isFree(shapes), isFlat: one?.kind === "text" });
  }

  /** Show the lines that something is in line with. */
  guide(guides) {
    const line = ({ axis, at, from, to }) => {
      const isUpright = axis === "x";
      const start = this.stage.toScreen(isUpright ? { x: at, y: from } : { x: from, y: at });
      const end = this.stage.toScreen(isUpright ? { x: at, y: to } : { x: to, y: at });
      // Half a pixel off: a line of one pixel lies on a row of them, not between two.
      const crisp = (value) => Math.round(value) + 0.5;
      return { x1: crisp(start.x), y1: crisp(start.y), x2: crisp(end.x), y2: crisp(end.y) };
    };
    this.stage.remark({ guides: guides.map(line) });
  }

  /** The outline of a shape on the screen: its corners, or the two ends of a straight line. */
  outline(shape) {
    const points = (isPointed(shape) && endsOf(shape)) || corners(shape);
    return points.map((point) => this.stage.toScreen(point));
  }

  /** A ring about a shape, clear of it, so that it is seen around thin lines, too. */
  #ring(shape) {
    const [left, top, right, bottom] = boundsOf(shape);
    const [a, b] = [this.stage.toScreen({ x: left, y: top }), this.stage.toScreen({ x: right, y: bottom })];
    const [x1, y1, x2, y2] = [a.x - RING_PX, a.y - RING_PX, b.x + RING_PX, b.y + RING_PX];
    return [{ x: x1, y: y1 }, { x: x2, y: y1 }, { x: x2, y: y2 }, { x: x1, y: y2 }];
  }
}
