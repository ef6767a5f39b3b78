"""What went wrong, in one line, as the reason of a trial's end. Imports neither torch nor ray."""

OUT_OF_MEMORY = (
    "out of memory: lower fixed.batch_normals, fixed.width or data.size, or give a trial more of "
    "the machine (resources)"
)
_NAMES = {"MemoryError", "OutOfMemoryError"}
_LONGEST = 300


def reason_of(error: BaseException) -> str:
    """The error's kind and text; memory that ran out, on GPU or host, is said with its remedy."""
    text = f"{type(error).__name__}: {' '.join(str(error).split())}"[:_LONGEST]
    if _NAMES & {kind.__name__ for kind in type(error).__mro__}:
        return f"{OUT_OF_MEMORY} ({text})"
    return text
