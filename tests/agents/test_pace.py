"""The pace of calls against a played server, in played time."""

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count, pairwise

import pytest

from gravity.agents.rate.pace import Pace, Ticket

LATENCY = 0.1
Capacity = Callable[[float], int]


@dataclass
class Played:
    """A server that works on `capacity(time)` calls at a time and refuses others at once, as it does with a share of
    all, `background`. One that `queues` refuses nothing and takes longer instead."""

    pace: Pace
    capacity: Capacity
    background: float = 0.0
    queues: bool = False
    wait: float | None = None
    now: float = 0.0
    sent: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    limits: list[tuple[float, float]] = field(default_factory=list)

    def run(self, seconds: float) -> None:
        """Somebody always has a call to make, until the clock says so."""
        chance, order = random.Random(1), count()
        ends: list[tuple[float, int, Ticket, bool]] = []
        working = 0
        while self.now < seconds:
            while (delay := self.pace.delay(self.now)) == 0:
                ticket = self.pace.begin(self.now)
                self.sent.append(self.now)
                room = self.capacity(self.now)
                if chance.random() < self.background or (working >= room and not self.queues):
                    heapq.heappush(ends, (self.now + 0.005, next(order), ticket, False))
                    continue
                working += 1
                took = LATENCY * chance.uniform(0.9, 1.1) * max(1.0, working / room)
                heapq.heappush(ends, (self.now + took, next(order), ticket, True))
            # Never before now: time goes on to the next end of a call, or of a pause.
            moments = [ends[0][0]] if ends else []
            moments += [self.now + delay] if delay is not None else []
            self.now = min(moments)
            while ends and ends[0][0] <= self.now:
                _, _, ticket, good = heapq.heappop(ends)
                working -= good
                self.pace.end()
                if good:
                    self.pace.answered(ticket, self.now)
                    self.answered.append(self.now)
                else:
                    self.pace.refused(ticket, self.now, self.wait)
                self.limits.append((self.now, self.pace.limit))

    def rate(self, begin: float, end: float) -> float:
        """Answers a second between two times."""
        return sum(begin <= at < end for at in self.answered) / (end - begin)

    def requests(self, begin: float, end: float) -> int:
        return sum(begin <= at < end for at in self.sent)

    def mean_limit(self, begin: float) -> float:
        """The mean limit from `begin`, by time."""
        seen = [(at, limit) for at, limit in self.limits if at >= begin]
        spans = [(after - at, limit) for (at, limit), (after, _) in pairwise(seen)]
        return sum(span * limit for span, limit in spans) / sum(span for span, _ in spans)


def played(capacity: int | Capacity, most: int = 64, **more: object) -> Played:
    steady = capacity if callable(capacity) else lambda _: capacity
    return Played(Pace(most, random.Random(1)), steady, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("capacity", [1, 3, 10, 40])
def test_it_comes_near_what_the_server_bears(capacity: int) -> None:
    server = played(capacity)
    server.run(60)
    assert capacity / 2 <= server.mean_limit(20) <= capacity + 1
    # Few calls are refused on the way.
    assert server.requests(20, 60) <= 1.1 * server.rate(20, 60) * 40


def test_it_rises_to_its_bound_where_the_server_bears_more() -> None:
    server = played(1000, most=32)
    server.run(5)
    assert server.pace.limit == 32
    assert server.rate(2, 5) * LATENCY > 30


def test_it_stops_rising_where_answers_grow_slower() -> None:
    server = played(10, queues=True)
    server.run(20)
    assert 10 <= server.mean_limit(5) < 40
    assert server.rate(5, 20) * LATENCY > 9


def test_the_capacity_drops_of_a_sudden() -> None:
    server = played(lambda now: 40 if now < 20 else 4)
    server.run(60)
    assert server.requests(20, 21) < server.requests(19, 20) / 2
    assert server.mean_limit(40) <= 5
    assert server.requests(30, 60) <= 1.2 * server.rate(30, 60) * 30


def test_background_refusals_do_not_bring_it_to_a_crawl() -> None:
    server = played(1000, most=32, background=0.1, wait=0.05)
    server.run(60)
    assert server.rate(10, 60) * LATENCY > 28
    assert 0 < server.pace.background < 0.25


def test_load_is_told_from_background_refusals() -> None:
    server = played(lambda now: 1000 if now < 30 else 6, most=32, background=0.1, wait=0.05)
    server.run(90)
    assert server.mean_limit(20) > server.mean_limit(60)
    assert server.mean_limit(60) < 16


def test_lasting_refusals_end_in_few_calls_and_pass() -> None:
    server = played(lambda now: 0 if 20 <= now < 50 else 40)
    server.run(110)
    before, after = server.requests(19, 20), server.requests(20, 21)
    assert after < before / 4
    assert server.requests(25, 50) <= 25
    assert server.rate(90, 110) > server.rate(10, 20) / 2


def test_the_pause_that_the_server_asks_for_holds_for_all() -> None:
    server = played(lambda now: 0 if 20 <= now < 21 else 1000, wait=7.0)
    server.run(40)
    refused = min(at for at in server.sent if at >= 20)
    # What was under way by the time of the refusal is none of it.
    assert server.requests(refused + 0.01, refused + 7) == 0
    assert server.requests(refused + 7, 40) > 0


def test_an_outage_pauses_all() -> None:
    pace = Pace(32)
    for number in range(6):
        ticket = pace.begin(0)
        pace.end()
        assert pace.delay(0) == 0, number
        pace.failed(ticket, 0.1)
    assert (pace.delay(0.1) or 0) > 0
    assert pace.limit == 4


def test_a_call_sent_before_a_halving_does_not_halve_again() -> None:
    pace = Pace(32)
    tickets = [pace.begin(0) for _ in range(8)]
    for ticket in tickets:
        pace.end()
        pace.refused(ticket, 0.1, None)
    assert pace.limit == 4


def test_no_more_calls_are_sent_than_the_server_says_it_takes() -> None:
    pace = Pace(32)
    pace.allow(now=0, remaining=2, reset=60)
    for _ in range(2):
        assert pace.delay(1) == 0
        pace.begin(1)
    assert pace.delay(1) is None
    pace.allow(now=1, remaining=0, reset=60)
    assert pace.delay(1) == 60
    assert pace.delay(61) == 0
