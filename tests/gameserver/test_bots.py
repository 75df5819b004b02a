"""Bots at an arena without sockets: what they see, what they want, and how well they do."""

from __future__ import annotations

from math import hypot
from random import Random
from struct import pack

import pytest

from gameserver.bots import sight
from gameserver.bots.arena import MAX_INPUTS, TURN
from gameserver.bots.brain import ALARM_TICKS, Brain, State, is_clear, turn_to
from gameserver.bots.player import MOST_UNDER_WAY, Player
from gameserver.bots.sight import Other, Seen
from tests.gameserver.arenas import Table

ME = State(2000.0, 2000.0, 0.0, 0.0, 0, 3, 7)
RIGHT, DOWN = 0, 256


def frame(*, tick: int = 100, you: int = sight.SHIP, ack: int = 0, waiting: int = 1, heading: int = 0, vx: float = 0.0) -> bytes:
    """A frame with one ship, one bullet and one crystal in one cell."""
    head = pack("<BIBHIddddHBBIBB", 2, tick, you, 7, ack, 2000.0, 2000.0, vx, 0.0, heading, 0, 3, 0, waiting, 1)
    cell = pack("<BBBB", 9, 1, 1, 1) + pack("<HHHbbBB", 3, 16 * 2100, 16 * 2000, -8, 16, 64, 14) + pack("<HHHbb", 3, 32, 48, 56, -4)
    return head + cell + pack("<HH", 1600, 160)


def brain(skill: float = 1.0, seed: int = 1) -> Brain:
    return Brain(skill, Random(seed))


def inputs_of(message: bytes) -> list[tuple[int, int]]:
    """Turn and flags of each."""
    assert len(message) == 10 + 2 * message[9]
    return [(turn - 256 if turn > 127 else turn, flags) for turn, flags in zip(message[10::2], message[11::2], strict=True)]


# Sight


def test_what_is_in_a_frame() -> None:
    """[AR100] A bot sees of a frame what docs/arena.md says is in it, and counts it without reading it."""
    found = sight.look(frame())
    assert found.ships == [Other(3, 2100.0, 2000.0, -1.0, 2.0, is_safe=True)]
    assert found.bullets == [Other(3, 2.0, 3.0, 14.0, -1.0)]
    assert found.crystals == [(100.0, 10.0)]
    assert sight.count(frame()) == 3
    head = sight.read(frame(ack=5))
    assert (head.tick, head.you, head.slot, head.ack, head.x, head.hull) == (100, sight.SHIP, 7, 5, 2000.0, 3)


@pytest.mark.parametrize("data", [b"", b"\x01" + bytes(60), frame()[:50]])
def test_what_is_no_frame(data: bytes) -> None:
    """[AR100] Bytes that are no frame are refused, whether they are read or counted."""
    with pytest.raises(ValueError, match="no frame"):
        sight.read(data)
    with pytest.raises(ValueError, match="no frame"):
        sight.count(data[:53])


@pytest.mark.parametrize("data", [frame()[:-1], frame() + b"\x00", frame()[:56]])
def test_a_frame_that_is_cut(data: bytes) -> None:
    """[AR100] A frame whose cells do not fill it is found out when it is counted."""
    with pytest.raises(ValueError, match="fill"):
        sight.count(data)


def test_frames_of_the_world_are_read_whole() -> None:
    """[AR100] Every frame of a running arena is read to its last byte, and the counts are those of what is seen."""
    table = Table()
    for number in range(3):
        table.seat(f"bot{number}", 0.5, number)
    table.run(300)
    data = table.world.frame("bot0")
    assert data is not None
    found = sight.look(data)
    assert sight.count(data) == len(found.ships) + len(found.bullets) + len(found.crystals) > 5
    assert any(ship.slot == 0 for ship in found.ships)


# Wishes


def test_the_short_way() -> None:
    """[AR101] A bot turns by the short way."""
    assert [turn_to(0, 1, 0), turn_to(0, 0, 1), turn_to(0, 0, -1), turn_to(1000, 1, 0), turn_to(10, 1, 0)] == [0, 256, -256, 24, -10]


def test_it_aims_where_somebody_will_be() -> None:
    """[AR101] Of who flies across, the best bot aims ahead by as far as they get while the bullet is on its way; it fires when it is on."""
    prey = Other(1, 2400.0, 2000.0, 0.0, 6.0)
    mind = next(mind for mind in (brain(seed=seed) for seed in range(20)) if _looked(mind, prey)._is_firing)
    wish = mind.steer(100, ME)
    assert 40 < wish.turn < 110
    assert not wish.fires
    aimed = mind.steer(100, ME._replace(heading=wish.turn))
    assert (aimed.turn, aimed.fires) == (0, True)


def _looked(mind: Brain, *ships: Other, me: State = ME) -> Brain:
    mind.look(100, me, Seen(list(ships), [], [(2000.0, 2300.0)]), ())
    return mind


def test_whom_it_leaves_alone() -> None:
    """[AR101] It hunts nobody who cannot be hit, who is far away, behind a rock, or when it is hurt: then it goes for a crystal."""
    near = Other(1, 2400.0, 2000.0, 0.0, 0.0)
    assert abs(_looked(brain(), near).steer(100, ME).turn) < 5
    hurt = ME._replace(hull=1)
    assert _looked(brain(), near, me=hurt).steer(100, hurt).turn == DOWN
    for ship in (near._replace(is_safe=True), near._replace(x=3500.0), near._replace(slot=ME.slot)):
        assert _looked(brain(), ship).steer(100, ME).turn == DOWN
    mind = brain()
    mind.look(100, ME, Seen([near], [], [(2000.0, 2300.0)]), [(2200.0, 2000.0, 60.0)])
    assert mind.steer(100, ME).turn == DOWN


def test_it_goes_for_crystals() -> None:
    """[AR101] With nobody to hunt it turns to one of the nearest crystals, thrusts once it faces it, and does not fire."""
    mind = brain()
    mind.look(100, ME, Seen([], [], [(2000.0, 2300.0)]), ())
    assert mind.steer(100, ME) == (DOWN, False, False)
    assert mind.steer(100, ME._replace(heading=DOWN)) == (0, True, False)


def test_it_keeps_off_walls_and_rocks() -> None:
    """[AR102] Towards a wall it pushes back, towards a rock to the side that is nearer, whatever it was after."""
    wall = ME._replace(x=3900.0, vx=8.0)
    assert abs(_looked(brain(), me=wall).steer(100, wall).turn) == 512
    fast = ME._replace(vx=8.0)
    for y, side in ((2010.0, -1), (1990.0, 1)):
        mind = brain()
        mind.look(100, fast, Seen([], [], []), [(2200.0, y, 60.0)])
        turn = mind.steer(100, fast).turn
        assert 256 < turn * side < 400
    assert is_clear(0, 0, 1000, 0, [(500.0, 80.0, 60.0)])
    assert not is_clear(0, 0, 1000, 0, [(500.0, 70.0, 60.0)])


def test_it_dodges_bullets() -> None:
    """[AR102] The best bot gets out of the way of a bullet that would hit, for a moment; the worst never does, nor of its own."""
    for y, side in ((2010.0, -1), (1990.0, 1)):
        bullet = Other(1, 1800.0, y, 14.0, 0.0)
        mind = brain()
        mind.look(100, ME, Seen([], [bullet], []), ())
        assert mind.steer(101, ME).turn == 256 * side
        assert mind.steer(100 + ALARM_TICKS, ME).turn != 256 * side
    for mind, harmless in ((brain(0.0), bullet), (brain(), bullet._replace(slot=ME.slot)), (brain(), bullet._replace(vx=-14.0))):
        mind.look(100, ME, Seen([], [harmless], [(2000.0, 1700.0)]), ())
        assert mind.steer(101, ME).thrusts is False


def test_the_same_seed_wishes_the_same() -> None:
    """[AR103] Bots are seeded: the same arena goes the same way twice."""

    def played() -> list[tuple[int, float, float]]:
        table = Table()
        for number in range(4):
            table.seat(f"bot{number}", number / 3, number)
        table.run(600)
        return [(ship.slot, ship.x, ship.y) for ship in table.world.game.ships.all]

    assert played() == played()


# Inputs


def test_inputs_are_numbered_and_turn_no_faster_than_ships() -> None:
    """[AR104] A message has the next numbers, the tick that was seen, and turns within what a ship can; the last ones are none too many."""
    player = Player(brain())
    player.take(frame(tick=100, heading=DOWN))
    message = player.inputs(2)
    assert message[:10] == pack("<BIIB", 1, 1, 100, 2)
    assert all(abs(turn) <= TURN for turn, _ in inputs_of(message))
    assert player.inputs(2)[1:5] == pack("<I", 3)
    assert len(inputs_of(player.inputs(99))) == MAX_INPUTS


def test_inputs_that_are_under_way_count() -> None:
    """[AR104] What is under way has turned the ship already: it does not turn too far while answers are late."""
    player = Player(brain())
    player.take(frame(heading=24))
    turned = sum(turn for _ in range(20) for turn, _ in inputs_of(player.inputs(2)))
    # To the crystal at (100, 10), and no further: 20 times as far as two ticks turn would be 560.
    assert turned == turn_to(24, 100 - 2000, 10 - 2000)


def test_as_many_inputs_as_the_owner_needs() -> None:
    """[AR104] Where none wait one more is sent, where many do one less; none without a ship, nor while too many are unanswered."""
    player = Player(brain())
    assert player.inputs(2) == b""
    counts = []
    for waiting in (0, 1, 9):
        player.take(frame(waiting=waiting))
        counts.append(len(inputs_of(player.inputs(2))))
    assert counts == [3, 2, 1]
    player.take(frame(you=sight.NOBODY))
    assert player.inputs(2) == b""
    player.take(frame())
    messages = [player.inputs(10) for _ in range(30)]
    assert messages[-1] == b""
    sent = sum(len(inputs_of(message)) for message in messages if message)
    assert MOST_UNDER_WAY < sent <= MOST_UNDER_WAY + MAX_INPUTS


def test_an_owner_that_went_on_by_itself() -> None:
    """[AR104] Numbers go on behind what the owner has done, also when it coasted, or counts anew for another ship."""
    player = Player(brain())
    player.take(frame())
    player.inputs(2)
    for ack in (50, 3):
        player.take(frame(ack=ack))
        assert player.inputs(1)[1:5] == pack("<I", ack + 1)
    player.rejoin()
    player.take(frame(ack=0))
    assert player.inputs(1)[1:5] == pack("<I", 1)


def test_a_ship_that_comes_back_asks_for_nothing() -> None:
    """[AR104] While it is on its way back a bot's inputs are neutral."""
    player = Player(brain())
    player.take(frame(you=sight.RETURNING))
    assert inputs_of(player.inputs(2)) == [(0, 0), (0, 0)]


# Games


def test_bots_fly_well() -> None:
    """[AR105] In half a minute bots get somewhere, collect, hit rocks and walls hardly ever, and the owner never lacks their inputs."""
    table = Table()
    for number in range(6):
        table.seat(f"bot{number}", 0.5, number)
    bumps, speeds = 0, []
    touched: dict[int, bool] = {}
    for _ in range(1800):
        table.run(1)
        for ship in (ship for ship in table.world.game.ships.all if ship.is_live):
            edge = min(ship.x, ship.y, 4096 - ship.x, 4096 - ship.y) <= 16
            on = edge or any(hypot(ship.x - x, ship.y - y) - radius < 16.01 for x, y, radius in table.world.game.field.rocks)
            bumps += on and not touched.get(ship.slot, False)
            touched[ship.slot] = on
            speeds.append(hypot(ship.vx, ship.vy))
    assert bumps <= 6
    assert sum(speeds) / len(speeds) > 1.5
    assert all(table.points(name) > 5 for name in table.players)
    assert all(player.sight is not None and player.number - player.sight.ack < 10 for player in table.players.values())


def test_skill_is_what_it_says() -> None:
    """[AR105] The best bots destroy more ships than the worst, and even the best are hit: they can be beaten."""
    table = Table()
    for number in range(8):
        table.seat(f"bot{number}", float(number >= 4), number)
    happened = table.run(60 * 120)
    destroyed = [(event["by"], event["slot"]) for event in happened if event["ev"] == "arena.destroyed"]
    best = sum(by >= 4 for by, _ in destroyed)
    assert best > 2 * (len(destroyed) - best)
    assert any(slot >= 4 for _, slot in destroyed)
