"""Seeds as pure functions of what they are for, so that no order of events can change them."""

import hashlib


def derive(search_seed: int, purpose: str, number: int) -> int:
    """A seed of 31 bits for the `number`-th use of `purpose` in the search seeded `search_seed`."""
    text = f"{search_seed}/{purpose}/{number}".encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:4], "big") >> 1


def trial_seed(search_seed: int, number: int) -> int:
    """The seed that a trial of a search trains with."""
    return derive(search_seed, "trial", number)
