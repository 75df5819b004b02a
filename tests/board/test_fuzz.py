"""The board's two ends, through anything: a few seeds of tests/board/fuzz.py."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.board import fuzz
from tests.board.tabs import NODE

pytestmark = pytest.mark.skipif(NODE is None, reason="Node is not installed")


@pytest.mark.parametrize("seed", range(100, 105))
def test_every_tab_shows_the_owners_board_in_the_end(seed: int) -> None:
    """[BD75] Whatever people do, whatever is lost and whoever dies: in the end every tab shows the owner's board to the last bit."""
    played = fuzz.run(seed, 700)
    outcomes = Counter[str]()
    for name, times in played.replies.items():
        outcomes[name.split(" ")[1]] += times
    assert outcomes["commit"] > 20
    assert len(played.owner.entries) > 20
    assert played.owner.room.epoch > 1


def test_a_tab_that_shows_something_else_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """[BD76] The comparison is none of nothing: an owner whose board was changed by other means than events differs from all tabs."""
    compare = fuzz.Fuzz.compare

    def changed(played: fuzz.Fuzz) -> None:
        played.owner.world.scene.top += 1
        compare(played)

    monkeypatch.setattr(fuzz.Fuzz, "compare", changed)
    with pytest.raises(
        AssertionError, match=r"seed 100, step 60: tab 0 has another state(.|\n)*Again: python -m tests\.board\.fuzz --seed 100 --steps 60"
    ):
        fuzz.run(100, 60)
