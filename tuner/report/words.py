"""Numbers and values as the report writes them."""


def number(value: float) -> str:
    """A score."""
    return f"{value:.4f}"


def setting_text(value: object) -> str:
    """A hyperparameter's value."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def listed(words: list[str]) -> str:
    """One, two and three."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
