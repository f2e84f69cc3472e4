"""How many calls at a time a server bears, learnt from what becomes of them. Time is passed in; nothing waits here.

The limit starts low, rises by one an answer while answers stay as quick as they were, and is halved when the server
refuses for its load; then everybody pauses. A halving is a trial: where half as many calls are refused just as often,
load is not the reason, and the limit goes back. Such background refusals (a tenth of the calls, say) then cost the
refused call its own pause and nobody else's, until many more are refused than that. Where halving did help, the limit
rises quickly to four fifths of what was refused and slowly from there.
"""

import random
from collections import deque
from dataclasses import dataclass

FIRST = 8  # calls at a time to start with
SOON, TRIAL = 8, 16  # outcomes after a halving that say whether it helped: with refusals among them, and without
WINDOW = 48  # outcomes that the share of refusals is taken over
HEAVY, FEW = 0.35, 4  # a share of refusals that no trial is needed for, and how many it takes
OUTAGE = 6  # calls that came to nothing, with no answer between them, that are no accident
SLOWER = 2.0  # times the best mean latency, above which the limit does not rise
NEAR = (0.8, 1.25)  # shares of the limit that was refused between which it rises slowly
FORGET = 1.0002  # how the best mean latency ages with each answer, since prompts change
PAUSE, LONGEST = 0.25, 30.0  # seconds: the first pause where the server names none, and the longest


_chance = random.Random()


def pause(tries: int, chance: random.Random | None = None) -> float:
    """Seconds to wait after so many tries (from 1) that came to nothing: doubled each time, with jitter."""
    return float(min(PAUSE * 2 ** min(tries - 1, 10), LONGEST) * (chance or _chance).uniform(0.5, 1))


@dataclass(frozen=True)
class Ticket:
    """A call under way: when it began, after how many halvings, and whether it filled the limit."""

    begun: float
    halvings: int
    filled: bool


class Pace:
    """The pace of calls to one model at one address; at most `most` at a time. All times are seconds of one clock."""

    def __init__(self, most: int, chance: random.Random | None = None) -> None:
        self.most = most
        self.limit = float(min(FIRST, most))
        self.in_flight = 0
        self.background = 0.0
        self._chance = chance or random.Random()
        self._ceiling = float("inf")
        self._halvings = 0
        self._trial: float | None = None  # the limit before the halving that is on trial
        self._refusals: deque[bool] = deque(maxlen=WINDOW)
        self._silent = 0  # calls since the last answer that came to nothing
        self._dry = 0  # halvings since the last answer
        self._paused_until = 0.0
        self._allowed, self._allowed_until = 0, 0.0
        self._mean: float | None = None
        self._best = float("inf")

    def delay(self, now: float) -> float | None:
        """Seconds until a call may begin: 0 for at once, None for when one that is under way has ended."""
        if now < self._paused_until:
            return self._paused_until - now
        most = min(self.limit, self.most)
        if now < self._allowed_until:
            if self._allowed < 1:
                return self._allowed_until - now
            most = min(most, self._allowed)
        return 0.0 if self.in_flight < max(1, int(most)) else None

    def begin(self, now: float) -> Ticket:
        """A call begins."""
        self.in_flight += 1
        return Ticket(now, self._halvings, self.in_flight >= int(self.limit))

    def end(self) -> None:
        """A call has ended, whatever became of it."""
        self.in_flight -= 1

    def answered(self, ticket: Ticket, now: float) -> None:
        """The server answered."""
        self._silent = self._dry = 0
        took = now - ticket.begun
        self._mean = took if self._mean is None else self._mean + (took - self._mean) / TRIAL
        self._best = min(self._best * FORGET, self._mean)
        self._note(ticket, refused=False)
        if ticket.filled and self._trial is None and self._mean <= SLOWER * self._best:
            near = NEAR[0] * self._ceiling < self.limit + 1 and self.limit <= NEAR[1] * self._ceiling
            step = 1 / self.limit if near else 1.0
            self.limit = min(float(self.most), self.limit + step)

    def refused(self, ticket: Ticket, now: float, wait: float | None) -> None:
        """The server refused for its load, and asked to `wait` so many seconds, or did not say."""
        if ticket.halvings < self._halvings:
            # Sent before the halving: it says nothing about what came of that, but its pause holds.
            if wait is not None and not self.background:
                self._pause(now, wait)
            return
        self._silent += 1
        self._note(ticket, refused=True)
        if self._is_load():
            self._halve(now, wait, on_trial=not self._is_heavy(HEAVY))

    def failed(self, ticket: Ticket, now: float) -> None:
        """No answer, for a reason that need not be load: a failure of the server, a lost connection."""
        self._silent += 1
        if ticket.halvings == self._halvings and self._silent >= OUTAGE:
            self._halve(now, None, on_trial=False)

    def allow(self, now: float, remaining: int, reset: float) -> None:
        """The server said how many calls it still takes in the next `reset` seconds."""
        self._allowed, self._allowed_until = remaining, now + reset

    def _is_load(self) -> bool:
        if self._trial is not None:
            return self._is_heavy(HEAVY)
        return not self.background or self._is_heavy(max(HEAVY, 2 * self.background + 0.1))

    def _is_heavy(self, bar: float) -> bool:
        count = sum(self._refusals)
        return count >= FEW and count / len(self._refusals) > bar

    def _note(self, ticket: Ticket, refused: bool) -> None:
        if ticket.halvings != self._halvings:
            return
        self._refusals.append(refused)
        seen, some = len(self._refusals), any(self._refusals)
        if self._trial is None or seen < (SOON if some else TRIAL) or self._is_heavy(HEAVY):
            return
        if some:
            self.background = sum(self._refusals) / seen
            self.limit, self._ceiling = self._trial, float("inf")
        else:
            self.background = 0.0
        self._trial = None

    def _halve(self, now: float, wait: float | None, on_trial: bool) -> None:
        limit = min(self.limit, self.most)
        if not self._dry:
            self._ceiling = limit
        self._trial = limit if on_trial else None
        self.limit = max(1.0, limit / 2)
        self._halvings += 1
        self._dry += 1
        self._refusals.clear()
        self._pause(now, pause(self._dry, self._chance) if wait is None else wait)

    def _pause(self, now: float, wait: float) -> None:
        self._paused_until = max(self._paused_until, now + wait)
