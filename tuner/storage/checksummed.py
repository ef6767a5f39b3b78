"""Bytes that carry their own length and SHA-256, so that torn or altered ones are never used.

A sealed object is one line `tuner-sealed <bytes> <sha256>`, both of all that follows; then one line
of JSON that says what it is, readable without the rest; then the body.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

_MAGIC = b"tuner-sealed"
HEAD_BYTES = 65536
"""Enough of an object for its label."""


class Damaged(Exception):  # noqa: N818 - it says what happened
    """The bytes are not what was sealed."""


def with_checksum(label: Mapping[str, Any], body: bytes) -> bytes:
    """Return the label and the body under their with_checksum."""
    rest = json.dumps(label, allow_nan=False).encode() + b"\n" + body
    digest = hashlib.sha256(rest).hexdigest().encode()
    return b"%s %d %s\n" % (_MAGIC, len(rest), digest) + rest


def checked_body(data: bytes) -> tuple[dict[str, Any], bytes]:
    """Return label and body; raises Damaged where a byte is missing, added or altered."""
    first, _, rest = data.partition(b"\n")
    words = first.split(b" ")
    if len(words) != 3 or words[0] != _MAGIC:
        raise Damaged("it does not begin with a with_checksum")
    if words[1] != b"%d" % len(rest):
        raise Damaged(
            f"it is {len(rest):,} bytes long instead of {words[1].decode(errors='replace')}"
        )
    if words[2] != hashlib.sha256(rest).hexdigest().encode():
        raise Damaged("its SHA-256 is another")
    line, _, body = rest.partition(b"\n")
    label: dict[str, Any] = json.loads(line)
    return label, body


def label_of(head: bytes) -> dict[str, Any] | None:
    """Return the label in the beginning of a sealed object, unchecked; None where none is."""
    try:
        label = json.loads(head.split(b"\n", 2)[1])
    except (IndexError, ValueError):
        return None
    return label if isinstance(label, dict) else None
