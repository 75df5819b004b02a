// Where a thing that is moved or resized comes to rest: at the grid, or at the edges and middles of its neighbours.
// Pure; reads no messages, sends none.

export const GRID_PX = 8;

/**
 * What to add to a moved box so that it is in line with something, and the lines to show for it.
 *
 * A neighbour within `reach` is taken before the grid; the nearest one wins.
 * @param {number[]} box [left, top, right, bottom] of what is moved, where the pointer wants it
 * @param {number[][]} neighbours bounds of the shapes around, those in view
 * @param {{reach: number, hasGrid: boolean, edges?: {x: number[], y: number[]}}} options
 *   reach: how near counts, in pixels of the board. edges: which of left (0), middle (0.5) and right (1) move; all if not given
 * @returns {{dx: number, dy: number, guides: {axis: "x" | "y", at: number, from: number, to: number}[]}}
 */
export function snapped(box, neighbours, { reach, hasGrid, edges = { x: [0, 0.5, 1], y: [0, 0.5, 1] } }) {
  const across = nearest(box, neighbours, 0, edges.x, reach);
  const down = nearest(box, neighbours, 1, edges.y, reach);
  const dx = across ? across.by : hasGrid ? toGrid(box, 0, edges.x) : 0;
  const dy = down ? down.by : hasGrid ? toGrid(box, 1, edges.y) : 0;
  const moved = [box[0] + dx, box[1] + dy, box[2] + dx, box[3] + dy];
  const guides = [];
  if (across) guides.push(...lines(moved, neighbours, 0, edges.x));
  if (down) guides.push(...lines(moved, neighbours, 1, edges.y));
  return { dx, dy, guides };
}

/** The nearest multiple of the grid. */
export function onGrid(value) {
  return Math.round(value / GRID_PX) * GRID_PX;
}

function toGrid(box, axis, edges) {
  // A box that is moved as a whole has its corner on the grid; of one that is resized it is the edge that moves.
  const edge = edges.includes(0) ? 0 : edges.at(-1);
  if (edge === undefined) return 0;
  const value = stop(box, axis, edge);
  return onGrid(value) - value;
}

function stop(box, axis, part) {
  return box[axis] + (box[axis + 2] - box[axis]) * part;
}

function nearest(box, neighbours, axis, edges, reach) {
  let best = null;
  for (const edge of edges) {
    const mine = stop(box, axis, edge);
    for (const other of neighbours) {
      for (const part of [0, 0.5, 1]) {
        // Middles are in line with middles only: an edge at somebody's middle looks like chance.
        if ((edge === 0.5) !== (part === 0.5)) continue;
        const by = stop(other, axis, part) - mine;
        if (Math.abs(by) <= reach && (!best || Math.abs(by) < Math.abs(best.by))) best = { by };
      }
    }
  }
  return best;
}

function lines(box, neighbours, axis, edges) {
  const cross = 1 - axis;
  const found = new Map();
  for (const edge of edges) {
    const at = stop(box, axis, edge);
    for (const other of neighbours) {
      if (![0, 0.5, 1].some((part) => (edge === 0.5) === (part === 0.5) && Math.abs(stop(other, axis, part) - at) < 0.01)) continue;
      const line = found.get(at) ?? { axis: axis ? "y" : "x", at, from: box[cross], to: box[cross + 2] };
      line.from = Math.min(line.from, other[cross]);
      line.to = Math.max(line.to, other[cross + 2]);
      found.set(at, line);
    }
  }
  return [...found.values()];
}
