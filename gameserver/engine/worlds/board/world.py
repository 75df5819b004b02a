"""The lane `board`: decides commands, gathers notes, applies events. Each part is a module beside this one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gameserver.engine.worlds import BaseWorld, Decided, Happening, Who
from gameserver.engine.worlds.board import checkpoints, drags, packing
from gameserver.engine.worlds.board.commands import COMMANDS, NOTED, Drop, Edit, Grab, Keep, Move, Restore, Upload
from gameserver.engine.worlds.board.decide import COMMIT, edit
from gameserver.engine.worlds.board.presence import Presence
from gameserver.engine.worlds.board.reduce import apply
from gameserver.engine.worlds.board.scene import Scene
from gameserver.engine.worlds.board.uploads import Uploads
from gameserver.engine.worlds.board.work import SHAPES_A_TOKEN, work


class World(BaseWorld):
    """The board of docs/board.md. Its state is `scene`; notes and uploads are memory beside it."""

    name = "board"
    commands = COMMANDS
    journalled = frozenset({"board.edited", "board.grabbed", "board.moved", "board.dropped", "board.kept", "board.restored"})
    ephemeral = frozenset({"board.pointed"})
    passing = frozenset({"board.edited", "board.grabbed", "board.moved", "board.dropped", "board.restored"})
    heavy = frozenset({"board.edited", "board.moved", "board.dropped", "board.grabbed", "board.restored"})
    has_state = True
    noted = frozenset(str(command.__struct_config__.tag) for command in NOTED)
    unanswered = noted
    max_frame = 64 * 1024
    frames = 30.0
    rate, burst = 60.0, 120.0

    def __init__(self) -> None:
        self.scene = Scene()
        self._notes = drags.Notes()
        self._presence = Presence()
        self._uploads = Uploads()
        self._packed = packing.Packed()

    def decide(self, who: Who, command: Any, at: int) -> Decided:
        """What docs/board.md section 2 says of the command; the reply has its `outcome`. Raises Rejected with the codes of section 6."""
        if isinstance(command, Edit):
            did, outcome = edit(self.scene, command, who.id, self._uploads)
            return Decided((("board.edited", {"op": command.op, "did": did}),), {"outcome": outcome})
        if isinstance(command, Grab):
            grabbed, outcome = drags.grab(self.scene, command)
            return Decided((grabbed,), {"outcome": outcome})
        if isinstance(command, Drop):
            dropped, outcome = drags.drop(self.scene, command, who.id)
            return Decided((dropped,), {"outcome": outcome})
        if isinstance(command, Keep):
            kept = checkpoints.keep(self.scene, command)
            return Decided((kept,), {"outcome": COMMIT, "key": kept[1]["key"]})
        if isinstance(command, Restore):
            kept, restored = checkpoints.restore(self.scene, command)
            return Decided((kept, restored), {"outcome": COMMIT, "undo": kept[1]["key"]})
        assert isinstance(command, Upload)
        self._uploads.take(who.id, command)
        return Decided(reply={"outcome": COMMIT})

    def cost(self, command: Any) -> int:
        """One more for each hundred shapes that it touches: a board of thousands takes time, and others wait meanwhile."""
        return min(int(self.burst), 1 + work(self.scene, command) // SHAPES_A_TOKEN)

    def note(self, who: Who, command: Any, at: int) -> None:
        """Keep in mind the totals of a drag, or where somebody is. Refuses nothing: what comes late is no matter."""
        if isinstance(command, Move):
            self._notes.take(self.scene, command, who.id)
        else:
            self._presence.take(who, command, at)

    @property
    def has_notes(self) -> bool:
        """Whether a drag moved, or somebody is to be told of."""
        return not (self._notes.is_empty and self._presence.is_empty)

    def gather(self, at: int) -> tuple[Happening, ...]:
        """`board.moved` and `board.pointed`, as far as there is something to tell."""
        moved, pointed = self._notes.gather(self.scene), self._presence.gather(at)
        happened: tuple[Happening, ...] = (("board.moved", moved),) if moved else ()
        return (*happened, ("board.pointed", pointed)) if pointed else happened

    def apply(self, event: Mapping[str, Any]) -> None:
        """The only place where the state changes."""
        if event["ev"] in self.journalled:
            apply(self.scene, event)
            self._packed.take(event)

    def snapshot(self) -> Any:
        """With what is deleted and what checkpoints hold."""
        return packing.snapshot(self.scene)

    def view(self) -> Any:
        """Without these."""
        return self._packed.view(self.scene)

    def restore(self, data: Any) -> None:
        """From what `snapshot` gave."""
        self.scene = packing.restore(data)
        self._packed.forget()
