"""Numbers and values as the report writes them."""


def number(value: float) -> str:
    """A score."""
    return f"{value:.4f}"


def listed(words: list[str]) -> str:
    """One, two and three."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
