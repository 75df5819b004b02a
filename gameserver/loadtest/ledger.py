"""Which command led to which event: no command may lead to two, and its reply names the one that was shown. Pure."""

from __future__ import annotations

from gameserver.loadtest.wire import Marks


class Applied:
    """The refs of one bot that were seen as events: a whole number and the holes below it, so that it stays small."""

    __slots__ = ("highest", "holes")

    def __init__(self) -> None:
        self.highest = 0
        self.holes: set[int] = set()

    def add(self, ref: int) -> bool:
        """Take in a ref; False if it was there before."""
        if ref > self.highest:
            self.holes.update(range(self.highest + 1, ref))
            self.highest = ref
            return True
        if ref in self.holes:
            self.holes.remove(ref)
            return True
        return False


class Ledger:
    """One for a process. It looks at each event once, whichever of its bots is shown it first."""

    def __init__(self, mine: range) -> None:
        self.has_skipped = False
        """Whether a bot was away for too long: what nobody here was shown is no fault then."""
        self._mine = mine
        self._seq = 0
        self._applied: dict[int, Applied] = {}
        self._seq_of: dict[tuple[int, int], int] = {}

    def note(self, marks: Marks, upto: int) -> int:
        """Take in what was shown, up to that number; how many of its commands had led to an event before."""
        doubled = 0
        if upto > self._seq:
            for seq, mark in marks:
                if seq <= self._seq:
                    continue
                if not self._applied.setdefault(mark.bot, Applied()).add(mark.ref):
                    doubled += 1
                elif mark.bot in self._mine:
                    self._seq_of[mark.bot, mark.ref] = seq
            self._seq = upto
        return doubled

    def is_right(self, bot: int, ref: int, seq: int) -> bool:
        """Whether a reply gives the number of the event that was shown for a command of ours. It is asked once for each."""
        shown = self._seq_of.pop((bot, ref), None)
        return shown == seq or (shown is None and self.has_skipped)
