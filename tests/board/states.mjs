// States of the board in one form, so that they can be compared. Reads no messages, sends none.

/** A scene as tests/vectors/board writes it: shapes by id, drags by number. */
export function stateOf(scene) {
  const shapes = [...scene.ids()].sort().map((id) => scene.get(id));
  const drags = [...scene.drags.values()].sort((one, other) => one.drag - other.drag);
  const { top, bottom, next, checkpoints } = scene;
  return JSON.parse(JSON.stringify({ shapes, drags, top, bottom, next, checkpoints }));
}

/** What a Board shows, in the same form. */
export function shownBy(board) {
  return JSON.parse(JSON.stringify([...board.inOrder()].sort().map((id) => board.get(id))));
}
