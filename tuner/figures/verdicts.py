"""What the figures come to, in plain sentences: is the best worth it, where is it weak."""

from collections.abc import Mapping

from models.data.registry import FOLDER
from tuner.cli.text import aligned
from tuner.figures.metrics import BEST, DEFAULTS, PCA, Metrics, keyed_blocks, shown_blocks
from tuner.figures.words import MIXTURE_IS_SUPERVISED, interval_text, prose, spread_text

MOST_KINDS = 12


def lead_sentence(metrics: Metrics) -> str:
    """How far ahead of the published defaults the best is, or else of the best baseline; or ""."""
    key = _yardstick(metrics)
    if not key:
        return ""
    return _same(metrics, key) or _over("It", keyed_blocks(metrics)[key], metrics["ahead"][key])


_MORE_THAN_LUCK = "That is more than luck: other test images and seeds would hardly turn it round."
_OWN_SEEDS = (
    " Its seeds had a part in choosing it among the candidates, which favours it a little; those "
    "of the others had none."
)


def luck_sentence(metrics: Metrics) -> str:
    """Whether what `lead_sentence` says is more than luck; "" where there is nothing to say."""
    key = _yardstick(metrics)
    if not key or _same(metrics, key):
        return ""
    low, high = metrics["ahead"][key]["ci95"]
    if low > 0:
        return f"{_MORE_THAN_LUCK}{_OWN_SEEDS if 'chosen_among' in metrics else ''}"
    if high < 0:
        return "That is no bad luck: other test images and seeds would hardly turn it round."
    return "That may be luck: other test images or seeds could turn it round."


def _yardstick(metrics: Metrics) -> str:
    """The key of what the best is held against first: published defaults, or the best baseline."""
    ahead, blocks = metrics.get("ahead", {}), keyed_blocks(metrics)
    known = [key for key in blocks if key in ahead]
    if DEFAULTS in known:
        return DEFAULTS
    strength = lambda key: float(blocks[key]["test"]["auroc"]["mean"])  # noqa: E731
    return max(known, key=strength, default="")


def verdict_lines(metrics: Metrics) -> list[str]:
    """The same as lines of at most 100 characters."""
    return [line for sentences in verdict_sentences(metrics) for line in prose(sentences)]


def verdict_sentences(metrics: Metrics) -> list[str]:
    """Whether the best is ahead of PCA and of the published defaults on test, and by what score.

    First what is compared fairly.
    """
    ahead, blocks = metrics.get("ahead", {}), keyed_blocks(metrics)
    found = []
    if PCA in ahead and metrics["detector"] != PCA:
        over = (_over_pca_fairly(metrics, blocks[PCA]), _over_pca(metrics, blocks[PCA], ahead[PCA]))
        found.append(" ".join(filter(None, over)))
    for key in (DEFAULTS, metrics["detector"]):
        if key in ahead:
            said = _same(metrics, key) or _over(_named(metrics), blocks[key], ahead[key])
            claim = _claim(metrics, ahead[key]) if key == DEFAULTS else ""
            found.append(" ".join(filter(None, [said, claim])))
    return [*found, *_on_mixtures(metrics, blocks)]


def _over_pca_fairly(metrics: Metrics, pca: Metrics) -> str:
    """A mixture has seen labels, PCA has not: what they are without them."""
    error = metrics.get("error_auroc")
    if not _is_mixed(metrics) or error is None:
        return ""
    figure = metrics.get("ahead_by_error", {}).get(PCA)
    difference = error["mean"] - pca["test"]["auroc"]["mean"]
    where = "ahead of" if difference > 0 else "behind"
    if figure is not None and not (is_ahead(figure) or is_behind(figure)):
        where = f"not shown to be {where}"
    interval = "" if figure is None else f" ({interval_text(figure['ci95'])})"
    return (
        f"By its reconstruction error alone, which like PCA has seen no label, {metrics['label']} "
        f"is {where} PCA by {abs(difference):.4f}{interval}: that is the fair comparison."
    )


def _on_mixtures(metrics: Metrics, blocks: Mapping[str, Metrics]) -> list[str]:
    """Both scores of each contender that is judged by a mixture, and what that means."""
    mixed = [block for block in blocks.values() if _is_mixed(block)]
    if not mixed:
        return []
    both = [
        f"{block['label']} by its reconstruction error alone: test AUROC "
        f"{spread_text(block['error_auroc'])}, by its mixture "
        f"{spread_text(block['test']['auroc'])}."
        for block in mixed
        if "error_auroc" in block
    ]
    return [" ".join([*both, _errors_apart(metrics)]).strip(), MIXTURE_IS_SUPERVISED]


def _errors_apart(metrics: Metrics) -> str:
    """How far the best is ahead of the published set by the error alone, where that is known."""
    figure = metrics.get("ahead_by_error", {}).get(DEFAULTS)
    if figure is None or "error_auroc" not in metrics.get(DEFAULTS, {}):
        return ""
    interval = interval_text(figure["ci95"])
    return f"By the error alone the difference is {figure['auroc']:+.4f} ({interval})."


def _is_mixed(block: Metrics) -> bool:
    """Whether its figures are by a mixture; earlier versions wrote the error's beside it alone."""
    return "supervision" in block or "error_auroc" in block


def by_mixture(block: Metrics) -> str:
    """What stands behind the figures of a mixture; "" behind others."""
    return " (by its mixture)" if _is_mixed(block) else ""


def _named(block: Metrics) -> str:
    label = "PCA" if block["label"] == PCA else block["label"]
    return f"{label}{by_mixture(block)}"


def is_ahead(figure: Metrics) -> bool:
    """Whether the whole interval of the paired difference is above 0."""
    return bool(figure["ci95"][0] > 0)


def is_behind(figure: Metrics) -> bool:
    """Whether all of it is below 0."""
    return bool(figure["ci95"][1] < 0)


def _over_pca(metrics: Metrics, pca: Metrics, figure: Metrics) -> str:
    interval = interval_text(figure["ci95"])
    if is_ahead(figure):
        return f"{_named(metrics)} is ahead of PCA by {figure['auroc']:.4f} ({interval})."
    reached = f"PCA, which trains nothing, reaches {pca['test']['auroc']['mean']:.4f}"
    if is_behind(figure):
        return (
            f"{reached}: {_named(metrics)} is behind it by {-figure['auroc']:.4f} ({interval}) "
            "and not worth its compute on these images."
        )
    return (
        f"{reached}, and {_named(metrics)} is not shown to be ahead of it: "
        f"{figure['auroc']:+.4f} ({interval})."
    )


def _same(metrics: Metrics, key: str) -> str:
    """Say that the best is this very configuration, or ""."""
    contenders = metrics["configuration"]["contenders"]
    if contenders[key] != contenders[BEST]:
        return ""
    return f"No gain over {keyed_blocks(metrics)[key]['label']}: the best found is that set itself."


def _over(best: str, other: Metrics, figure: Metrics) -> str:
    """The gain over another: shown, not shown, or a loss."""
    interval = interval_text(figure["ci95"])
    if is_ahead(figure):
        return f"{best} is ahead of {_named(other)} by {figure['auroc']:.4f} ({interval})."
    if is_behind(figure):
        return f"{best} is behind {_named(other)} by {-figure['auroc']:.4f} ({interval})."
    return f"No gain shown over {_named(other)}: {figure['auroc']:+.4f} ({interval})."


def _claim(metrics: Metrics, figure: Metrics) -> str:
    """What became of the gain that the search saw, where it is not shown on test.

    Reports of earlier versions do not say what it saw.
    """
    claimed = metrics.get("claimed_gain", 0)
    if claimed <= 0 or is_ahead(figure):
        return ""
    seen = f"The gain of {claimed:+.4f} that the search saw on validation"
    if figure["auroc"] <= 0:
        return f"{seen} is gone on test."
    return f"{seen} is not shown on test: chance explains what is left of it."


def pixel_lines(metrics: Metrics) -> list[str]:
    """How well each contender's maps find the masked defects."""
    blocks = [block for block in shown_blocks(metrics).values() if "pixels" in block]
    if not blocks:
        return []
    rows = [
        (
            block["label"],
            spread_text(block["pixels"]["auroc"]),
            spread_text(block["pixels"]["pro"]),
        )
        for block in blocks
    ]
    known, images = blocks[0]["pixels"]["images"], metrics["splits"]["test"]["images"]
    of = f"all {images:,}" if known == images else f"{known:,} of {images:,}"
    return [
        *aligned([("", "pixel AUROC", "PRO"), *rows]),
        *prose(
            f"Of the anomaly maps, over {of} test images, those whose pixels are known. PRO is the "
            "mean share of a defect that is found while at most 30% of normal pixels are flagged. "
            "Chance has 0.5 and 0.15."
        ),
    ]


def kind_lines(metrics: Metrics) -> list[str]:
    """The best's AUROC by kind of anomaly in a folder, weakest first; and of unseen kinds."""
    kinds = metrics.get("by_kind", {})
    if metrics["configuration"]["data"]["dataset"] != FOLDER:
        kinds = {}
    ordered = weakest_first(kinds)
    rows = [_kind_row(name, figure) for name, figure in ordered[:MOST_KINDS]]
    more = len(ordered) - MOST_KINDS
    lines = aligned([("kind, weakest first", "images", "AUROC"), *rows]) if rows else []
    lines += [f"and {more} more, in metrics.json under by_kind"] if more > 0 else []
    for name, words in (("seen", "seen before test"), ("unseen", "unseen until test")):
        if name in metrics:
            figure = metrics[name]
            lines += prose(
                f"Anomalies of kinds {words}: AUROC {spread_text(figure['auroc'])} "
                f"over {figure['images']:,} images"
            )
    return lines


def weakest_first(kinds: Metrics) -> list[tuple[str, Metrics]]:
    """Kinds of anomalies with their figures: that of the lowest AUROC first."""
    return sorted(kinds.items(), key=lambda one: (one[1]["auroc"]["mean"], one[0]))


def _kind_row(name: str, figure: Metrics) -> tuple[str, str, str]:
    return name, f"{figure['images']:,}", spread_text(figure["auroc"])
