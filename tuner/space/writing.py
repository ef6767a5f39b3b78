"""From a Space to the YAML that reads back equal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml

from tuner.space.model import Space
from tuner.space.yaml_loader import add_resolvers
from tuner.storage.files import replace_file


class _Inline(dict[str, object]):
    """A mapping that is written on one line."""


class _Dumper(yaml.SafeDumper):
    """Quotes every word that our reader, or a plain YAML 1.1 reader, takes for a number."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _inline(dumper: yaml.SafeDumper, data: _Inline) -> yaml.Node:
    return dumper.represent_mapping("tag:yaml.org,2002:map", data, flow_style=True)


def _list(dumper: yaml.SafeDumper, data: list[object]) -> yaml.Node:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=True)


add_resolvers(_Dumper)
_Dumper.add_representer(_Inline, _inline)
_Dumper.add_representer(list, _list)


def space_text(space: Space, data: Mapping[str, object] | None = None) -> str:
    """Return the space as YAML, every field written out; `data` has other words for some of it."""
    unsaid = {"trials", "epochs"} - space.model_fields_set  # every scale says its own
    content = space.model_dump(mode="python", exclude_none=True, exclude=unsaid)
    content["data"] |= data or {}
    for section in ("sampler", "scheduler", "resources", "budget", "wandb"):
        content[section] = _Inline(content[section])
    for unsaid_one in ("budget", "require"):
        if not content[unsaid_one]:
            del content[unsaid_one]
    for section in ("search", "scales"):
        content[section] = {name: _Inline(inner) for name, inner in content[section].items()}
    return yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def dump_space(space: Space, path: Path, heading: str = "") -> None:
    """Write the space whole or not at all; `heading` becomes comment lines at the top."""
    comment = "".join(f"# {line}".rstrip() + "\n" for line in heading.splitlines())
    text = comment + space_text(space)
    replace_file(path, lambda draft: draft.write_text(text, encoding="utf-8"))
