"""Write docs/space-file.md: every key of a space file, from the models that check it.

python -m tuner.reference.space_file > docs/space-file.md
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from models.data.config import MOST
from tuner.cli.markdown import in_one_line, print_page, table
from tuner.space import Space

Node = Mapping[str, Any]

_HEAD = """\
# The space file

Made by `python -m tuner.reference.space_file > docs/space-file.md` from the models in `tuner/space`
that check the file.

A space file is YAML: what is searched, on which images, for how long.

```yaml
detector: two-discriminator-gan
data: {dataset: fashion-mnist, normal: [T-shirt/top], anomalies_per_normal: 0.1, clusters: 3}
objective: best_auroc
search:
  abc_weight: {log: [0.1, 5]}
  patch_n: {int: [1, 9]}
  generator_lr: {log: [2e-5, 1e-3]}
fixed: {reconstruction_weight: 1}
scales:
  cpu: {width: 16, epochs: 8, trials: 32}
  gpu: {width: 64, epochs: 50, trials: 200}
```

The five domains (`uniform`, `log`, `int`, `log_int`, `choice`) and every hyperparameter of every
detector are in [hyperparameters.md](hyperparameters.md). `--set KEY=VALUE` changes any key from the
command line: `--set "data.normal=[Shirt]"`, `--set "search.patch_n={int: [1, 5]}"`. All mistakes
in a file are reported at once, each with its line and the nearest valid name. Aliases and merge
keys (`<<: *name`) are read. A file has at most 100,000 bytes, 5,000 values, aliases counted as what
they stand for, and 20 levels; whole numbers go to 1,000,000,000. Editors that read
`# yaml-language-server: $schema=schema.json` complete and check the file by
`search_spaces/schema.json`.

## Keys
"""
_CONDITIONS = """
## Conditions: `when`

Beside its domain, a hyperparameter may say `when` it is searched:

```yaml
detector: kd-cae
search:
  optimizer: {choice: [adadelta, adam]}
  learning_rate: {log: [0.1, 2], when: {optimizer: adadelta}}
  adam_learning_rate:
    log: [1e-4, 1e-2]
    when: {optimizer: [adam]}
```

A condition names another hyperparameter with one value, or a list of those that are allowed; where
several are named, all must hold. It may name what is searched as a choice, in whole numbers or in
steps, and what has conditions itself; one that holds in every trial, or in none, is refused, and
`--set fixed.optimizer=adam` takes those out that then hold. In a trial where it does not hold, and
in one where what it names is inactive itself, the hyperparameter is inactive: it is not drawn, the
detector has its default, and tables, figures, Weights & Biases and Optuna have no value of it. What
`require` says of an inactive hyperparameter need not be met. A published set is trained as it is
published; what would be inactive in it is shown as inactive.

TPE models the hyperparameters that stand in the same trials together, each such group by itself;
`gp` and `cmaes` learn what all trials have, and draw what has conditions at random. `qmc` leaves
out of its points what is inactive, and `grid` counts those that differ in nothing else once.
`--from` takes over a trial whose inactive hyperparameters had the defaults. The report tells no
importance of what has conditions: fANOVA takes what all trials have.
"""
_SAMPLERS = """
All are Optuna's:

- `qmc`, the default (a scrambled Sobol' sequence), covers the space evenly, best with a power of
  two beside the published sets, and learns nothing. With `type: promote` it found good
  configurations after less training than `tpe` and `tpe-qmc` on each of three tables of recorded
  curves ([results](results.md#search)): the first epochs of some tens of trials say too little of
  their last ones.
- `tpe-qmc` takes the first `startup_trials` configurations and then every second one from that
  sequence, the others from `tpe`: it learns, from the trials of `--from` too, and goes on looking
  everywhere.
- `tpe` (tree-structured Parzen estimator, multivariate) takes ranges and choices, learns from
  stopped trials by how far they came, and suggests in milliseconds at any number of trials.
- `gp` (a Gaussian process with expected improvement) gets more out of few trials that take long:
  tens to some hundreds. It looks at 300 ended trials at most.
- `cmaes` (CMA-ES) learns ranges alone and begins in their middle; choices are drawn at random
  beside. It wants hundreds of trials, and the package `cmaes`.
- `random` is the baseline.
- `grid` tries all combinations, in an order of its own, of `choice`, `int`, `log_int`, and of
  `uniform` with a step. More trials than combinations are refused.

`gp` and `cmaes` know complete trials alone; here a trial that was stopped counts with its last
value, as most are. Whatever a sampler draws follows from seed and record, so that a resume draws
what the search would have drawn.

What `require` forbids is never suggested: a suggestion that does not meet it is drawn again with
another seed, and after some draws at random; `grid` leaves such combinations out. An example is
`require: [patch_n <= 5, encoder_weight + abc_weight <= 4]`: names, numbers and 'words', with
`+ - *` and `< <= > >= == !=`.

`--from RUN` begins a new search with an earlier one, and may be repeated. Its best configuration is
tried after the published sets. Samplers that learn use its trials too, as far as they are
comparable: what is fixed has the same value, what is searched lies in its domain, and objective,
epochs, images and split are the same. The command says what it leaves out. All of it is recorded:
the earlier run is not needed again.
"""
_EARLY_STOPPING = """
Early stopping is asynchronous successive halving (ASHA; Li et al., MLSys 2020). The rungs are
`grace_epochs` and its multiples by powers of `reduction_factor`: epochs 1, 3, 9, ... by default.
The two types differ in what happens to a trial that is not in the best third (1 in
`reduction_factor`) at a rung:

- `stop` ends it, as Ray Tune's `AsyncHyperBandScheduler` does. It is compared with those that
  reached the rung before it.
- `promote` pauses it with its checkpoint and frees its worker (the paper's Algorithm 2). It goes on
  when it is among the best third of all that have reached the rung by then and a worker is free;
  promotions go before new trials. Trials still paused at the end of the search are reported to
  Optuna as pruned; where `--trials` is raised later, new trials are compared with them, but they
  themselves do not go on. Each rung needs `reduction_factor` trials before one is promoted, so in a
  search of few trials none may reach the last epoch.

`tuner.new` and the files in `search_spaces/` set `promote`, which needed less training in real
searches (`benchmarks/early_stopping.py`). A file that names no type gets `stop`, as those of
earlier versions did.

The published sets of a detector's hyperparameters are tried first and always run to the end, so the
reported gain over them compares full trainings.
"""
_COLUMNS = ("key", "type", "default", "meaning")
_KINDS = {
    "number": "number",
    "string": "string",
    "boolean": "boolean",
    "array": "list",
    "object": "mapping",
}
_WORDS = {
    "search": "mapping of names to domains",
    "fixed": "mapping of names to values",
    "storage_limit": "size or `none`",
}
_AFTER = {"sampler": _SAMPLERS, "scheduler": _EARLY_STOPPING}
_SIZES = ((10**9, "GB"), (10**6, "MB"))
_REQUIRED = tuple(Space.model_json_schema()["required"])
_OF_A_SCALE = ("trials", "epochs")  # required too, but for a file whose scales all say them


def main(argv: Sequence[str] | None = None) -> int:
    """Print the page, in Markdown."""
    return print_page(argv, "tuner.reference.space_file", __doc__, page)


def page() -> str:
    """Return a table of the keys, and one of each section."""
    schema = Space.model_json_schema()
    keys: dict[str, Node] = schema["properties"]
    sections = dict(_sections(schema))
    lines = [_HEAD, *table(_COLUMNS, [_key(name, keys[name], sections) for name in keys])]
    lines.append(_CONDITIONS.rstrip())
    for name, node in sections.items():
        lines += ["", f"## `{_title(name)}`", "", str(node["description"]), ""]
        lines += table(_COLUMNS, [_row(key, each) for key, each in node["properties"].items()])
        lines += [_AFTER[name].rstrip()] if name in _AFTER else []
    return "\n".join(lines) + "\n"


def _title(name: str) -> str:
    return "scales.<name>" if name == "scales" else name


def _sections(schema: Node) -> Iterator[tuple[str, Node]]:
    """The keys that have keys of their own, in the file's order."""
    for name, node in schema["properties"].items():
        if (section := _section(node, schema)) is not None:
            yield name, section


def _section(node: Node, schema: Node) -> Node | None:
    inner = node.get("additionalProperties")
    place = node.get("$ref") or (inner.get("$ref") if isinstance(inner, Mapping) else None)
    if place:
        found: Node = schema["$defs"][str(place).rpartition("/")[2]]
        return found
    return node if "properties" in node else None


def _key(name: str, node: Node, sections: Mapping[str, Node]) -> Sequence[str]:
    if name not in sections:
        return _row(name, node)
    about = node.get("description") or sections[name]["description"]
    kind = "mapping of names to sections" if name == "scales" else "section"
    return f"`{name}`", f"[{kind}](#{_anchor(name)})", "", in_one_line(about)


def _anchor(name: str) -> str:
    """As GitHub makes it from a heading."""
    return _title(name).replace(".", "").replace("<", "").replace(">", "")


def _row(name: str, node: Node) -> Sequence[str]:
    return f"`{name}`", _type(name, node), _default(name, node), in_one_line(node["description"])


def _default(name: str, node: Node) -> str:
    if "default" not in node:
        return "required" if name in _REQUIRED else ""
    value = node["default"]
    if name in _OF_A_SCALE or value is None:
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if name == "storage_limit":
        of, unit = next(size for size in _SIZES if value >= size[0])
        return f"`{value / of:g} {unit}`"
    return f"`{value}`"


def _type(name: str, node: Node) -> str:
    return " or ".join(_kinds(name, node))


def _kinds(name: str, node: Node) -> Iterator[str]:
    if name in _WORDS:
        yield _WORDS[name]
    elif "anyOf" in node:
        for each in node["anyOf"]:
            yield from _kinds(name, each)
    elif "const" in node:
        yield f"`{node['const']}`"
    elif "enum" in node:
        yield ", ".join(f"`{each}`" for each in node["enum"])
    elif node["type"] == "integer":
        yield f"integer{_range(node)}"
    elif node["type"] != "null":
        yield _KINDS[node["type"]]


def _range(node: Node) -> str:
    low, high = node.get("minimum"), node.get("maximum")
    if low is None:
        return ""
    unbounded = high is None or high == MOST  # the page says once how large a number may be
    return f" ≥ {low}" if unbounded else f" from {low} to {high}"


if __name__ == "__main__":
    sys.exit(main())
