"""One line of what the doctor says."""

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What was looked at, how it stands, and what to do where it is not well."""

    verdict: Verdict
    subject: str
    text: str
    remedy: str = ""


def ok(subject: str, text: str) -> Finding:
    """It is well."""
    return Finding(verdict="ok", subject=subject, text=text)


def warn(subject: str, text: str, remedy: str) -> Finding:
    """A search would run; it could go wrong or be slower than need be."""
    return Finding(verdict="warn", subject=subject, text=text, remedy=remedy)


def fail(subject: str, text: str, remedy: str) -> Finding:
    """A search would not run, or lose something."""
    return Finding(verdict="fail", subject=subject, text=text, remedy=remedy)
