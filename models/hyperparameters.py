"""What a detector lets people set: names, defaults, ranges and where each comes from.

Torch-free, so that a space file can be checked before torch is imported.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from models.names import shown, unknown

Value = float | int | str
"""A value of a hyperparameter."""


@dataclass(frozen=True, kw_only=True)
class Hyperparameter:
    """One setting of a detector.

    Numbers have `low` and `high` (both allowed values), words have `choices`. The type of the
    default is the type of the setting: an int default takes whole numbers only.
    `high_at` is the highest value that means anything at some image sides.
    `meaning` is one line for people, `source` says where default and range come from.
    `log` says on which scale it is best searched. `structural` settings change shapes or code,
    so trials that share a fused training step must agree on them; others may differ per lane.
    """

    name: str
    default: Value
    low: float | None = None
    high: float | None = None
    choices: tuple[Value, ...] | None = None
    high_at: Mapping[int, float] = field(default_factory=dict)
    log: bool = False
    structural: bool = False
    meaning: str
    source: str

    def __post_init__(self) -> None:
        if self.choices is None and (self.low is None or self.high is None):
            raise ValueError(f"{self.name}: give either choices or both low and high")
        if self.log and (self.low is None or self.low <= 0):
            raise ValueError(f"{self.name}: a log range needs a low above 0, got {self.low}")
        self.check(self.default)

    def check(self, value: object) -> Value:
        """The value in the setting's own type; ValueError says what is allowed."""
        if self.choices is not None:
            for choice in self.choices:
                if type(choice) is type(value) and choice == value:
                    return choice
            allowed = ", ".join(map(str, self.choices))
            raise ValueError(f"{self.name} is {shown(value)}, allowed are: {allowed}")
        return self._check_number(value)

    def _check_number(self, value: object) -> Value:
        kind = "a whole number" if isinstance(self.default, int) else "a number"
        allowed = f"{kind} from {self.low:g} to {self.high:g}"
        problem = f"{self.name} is {shown(value)}, allowed is {allowed}"
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(problem)
        if not self.low <= value <= self.high:  # type: ignore[operator] # nor is NaN
            raise ValueError(problem)
        if isinstance(self.default, int):
            if value != int(value):
                raise ValueError(problem)
            return int(value)
        return float(value)


def resolve_values(
    hyperparameters: Sequence[Hyperparameter], values: Mapping[str, object], owner: str
) -> dict[str, Value]:
    """Defaults overlaid with `values`; every mistake is named in one ValueError, a line each."""
    known = {hyperparameter.name: hyperparameter for hyperparameter in hyperparameters}
    resolved = {name: hyperparameter.default for name, hyperparameter in known.items()}
    problems = []
    for name, value in values.items():
        if name not in known:
            problems.append(unknown(f"hyperparameter of {owner}", name, sorted(known)))
            continue
        try:
            resolved[name] = known[name].check(value)
        except ValueError as problem:
            problems.append(str(problem))
    if problems:
        raise ValueError("\n".join(problems))
    return resolved


def numbers(hyperparameters: Mapping[str, Value]) -> dict[str, float]:
    """The hyperparameters that are numbers: what losses and scores are given."""
    return {
        key: float(value) for key, value in hyperparameters.items() if not isinstance(value, str)
    }
