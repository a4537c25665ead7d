"""What a resource goes through, counted in Describes that show it; or in seconds, where a number is no integer.

A phase lasts for `polls` Describes, and until `ready()`; the Describe after that runs its `end` and shows the next.
So whoever does not look sees nothing move, and whoever acts on what was last shown acts on what is so.
"""
import time
from dataclasses import dataclass
from typing import Callable, Optional, Union


@dataclass
class Phase:
    status: str  # what is shown; "" is what the resource rests at
    polls: Union[int, float]
    end: Optional[Callable] = None
    ready: Optional[Callable] = None
    hidden: bool = False  # Describe does not know the resource
    since: Optional[float] = None  # when it became the first; seconds count from then

    def lasts(self):
        """Once more, for a Describe."""
        if isinstance(self.polls, float):
            return time.monotonic() < self.since + self.polls
        self.polls -= 1
        return self.polls >= 0


class TimeLine:
    def __init__(self, rest="available"):
        self.rest, self.phases = rest, []

    def add(self, status, polls, end=None, ready=None, hidden=False):
        """A phase without polls lasts until the next Describe begins."""
        self.phases.append(Phase(status, polls, end, ready, hidden, None if self.phases else time.monotonic()))

    def clear(self):
        self.phases = []

    @property
    def busy(self):
        return bool(self.phases)

    @property
    def status(self):
        """What is so, to those who do not look."""
        return (self.phases[0].status or self.rest) if self.phases else self.rest

    @property
    def hidden(self):
        return bool(self.phases) and self.phases[0].hidden

    def look(self):
        """A Describe: moves on, and says what is shown now; None while hidden."""
        while self.phases:
            phase = self.phases[0]
            if phase.lasts():
                break
            if phase.ready and not phase.ready():
                break
            self.phases.pop(0)
            if self.phases:
                self.phases[0].since = time.monotonic()
            if phase.end:
                phase.end()
        return None if self.hidden else self.status
