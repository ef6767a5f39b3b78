"""Who trains in which pack: the book that the registry of packs keeps. Knows no Ray."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from tuner.engine.attempt import AttemptGivenUpError

SUSPICIOUS = 2  # packs that a trial has lost in a row, from which on it is let in singly

Structure = tuple[tuple[str, object], ...]


@dataclass(frozen=True, kw_only=True)
class DeviceLocation:
    """Where a trial's resources are: a node, and a GPU of it by the number that Ray gave."""

    node: str
    device: str = ""


@dataclass(kw_only=True)
class Pack:
    """A pack worker: where it is, of which structure its lanes are, and whose they are."""

    name: str
    place: DeviceLocation
    structure: Structure
    trials: dict[int, int] = field(default_factory=dict)  # number -> attempt


class LaneAllocator:
    """Gives each trial a lane of a pack at its place, and takes it back.

    A pack of another structure is taken over once nobody trains in it: its process, its images and
    its device stay. Trials that share a lost pack are all under suspicion if it was not the first
    such loss since their last epoch: from then on no pack takes two of them at a time, so that the
    one at fault uses up its own retries and nobody else's.
    """

    def __init__(self, lanes: int) -> None:
        self._lanes = lanes
        self._made = 0
        self._losses: dict[int, int] = {}
        self._ended: set[tuple[int, int]] = set()
        self.packs: dict[str, Pack] = {}

    def allocate(
        self, number: int, attempt: int, place: DeviceLocation, structure: Structure
    ) -> Pack | None:
        """The pack of this attempt; None as long as it must wait for others under suspicion.

        Raises AttemptGivenUpError for one that Tune has let go of.
        """
        if (number, attempt) in self._ended:
            raise AttemptGivenUpError(f"attempt {attempt} at trial {number}")
        self._give_up(number)
        near = [pack for pack in self.packs.values() if pack.place == place]
        for pack in self._open(near, structure):
            if not (self._suspicious(number) and any(map(self._suspicious, pack.trials))):
                pack.trials[number] = attempt
                return pack
        if self._suspicious(number) and any(self._suspicious(n) for p in near for n in p.trials):
            return None
        return self._new(number, attempt, place, structure)

    def held(self, number: int) -> tuple[str, int] | None:
        """The pack's name and the attempt of the trial's present lane."""
        for pack in self.packs.values():
            if number in pack.trials:
                return pack.name, pack.trials[number]
        return None

    def release(self, number: int, attempt: int) -> Pack | None:
        """The pack that this attempt trained in, its lane free again."""
        self._ended.add((number, attempt))
        for pack in self.packs.values():
            if pack.trials.get(number) == attempt:
                del pack.trials[number]
                return pack
        return None

    def lost(self, name: str) -> Pack | None:
        """Forget a pack that is gone; None if it already is forgotten."""
        pack = self.packs.pop(name, None)
        for number in pack.trials if pack else ():
            self._losses[number] = self._losses.get(number, 0) + 1
        return pack

    def hung(self, number: int, attempt: int) -> str | None:
        """Forget the pack of this attempt, with all its trials under suspicion; its name."""
        for pack in self.packs.values():
            if pack.trials.get(number) == attempt:
                self.lost(pack.name)
                for other in pack.trials:
                    self._losses[other] = max(self._losses[other], SUSPICIOUS)
                return pack.name
        return None

    def reported(self, number: int) -> None:
        """The trial has come through an epoch."""
        self._losses.pop(number, None)

    def under_watch(self, number: int) -> bool:
        """Whether its next epoch is of interest to `reported`."""
        return number in self._losses

    def _open(self, near: Sequence[Pack], structure: Structure) -> list[Pack]:
        """Packs with a lane for this structure, first those that have it, then idle ones."""
        same = [p for p in near if p.structure == structure and len(p.trials) < self._lanes]
        idle = [p for p in near if p.structure != structure and not p.trials]
        for pack in idle[:1] if not same else ():
            pack.structure = structure
        return same or idle[:1]

    def _new(self, number: int, attempt: int, place: DeviceLocation, structure: Structure) -> Pack:
        self._made += 1
        device = f"gpu{place.device}" if place.device else "cpu"
        name = f"{place.node[:8]}-{device}-{self._made}"
        pack = Pack(name=name, place=place, structure=structure, trials={number: attempt})
        self.packs[name] = pack
        return pack

    def _give_up(self, number: int) -> None:
        for pack in self.packs.values():
            pack.trials.pop(number, None)

    def _suspicious(self, number: int) -> bool:
        return self._losses.get(number, 0) >= SUSPICIOUS
