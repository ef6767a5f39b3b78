"""What the words of a report mean: a list at its end, and each word where it stands first."""

import re
from collections.abc import Mapping

from markupsafe import Markup, escape

from models import detectors
from tuner.report.material import Material

_WORDS = {
    "AUROC": "how well scores order the images: the chance that an anomaly scores higher than a "
    "normal image. 1 is perfect, 0.5 is guessing",
    "AUPRC": "the mean precision over all recalls; guessing has the share of anomalies",
    "PCA": "principal components, a detector that trains nothing: it scores an image by what is "
    "left of it once the main directions in which normal images differ are taken out",
    "autoencoder": "a network that remakes normal images from a short code; what it remakes badly "
    "is anomalous",
    "mixture": "a score that is a weighted sum of score parts, its weights fitted on labelled "
    "validation images",
    "reconstruction error": "how far an image is from what the detector makes of it; it needs no "
    "anomaly to be known",
    "published defaults": "a set of settings that was published for this detector, tried as it is",
    "validation": "images that choose: the epoch that is kept, the best trial, the threshold",
    "test": "images that fit and choose nothing: they judge what a retrain has made",
    "retrained": "trained again from the start with fresh seeds, and then tested",
    "seeds": "the starting numbers of chance: trainings with others differ by luck alone",
    "trial": "one set of settings, trained once",
    "threshold": "the score above which an image is called anomalous",
    "95% interval": "a range made so that 95 of 100 such ranges hold the true figure: of test "
    "figures by drawing images (and, for a difference, seeds) again, a bootstrap; of candidates by "
    "Student's t over seeds",
    "standard error": "how far the value may be off by the choice of images alone",
    "early stopping": "ending trials that do badly before they have trained all epochs (here by "
    "ASHA, successive halving)",
    "rungs": "the epochs at which early stopping compares trials",
    "false alarms": "normal images that are called anomalous",
    "synthetic anomalies": "defects painted into normal images where there are no real ones",
}


def words_of(material: Material) -> dict[str, str]:
    """The words by name, then the published sets, then the settings that were searched."""
    detector = material.space.detector
    known = {each.name: each.meaning for each in detectors.hyperparameters(detector)}
    of_paper = f"a set of settings that was published for the detector {detector}"
    sets = dict.fromkeys(detectors.published(detector), of_paper)
    settings = {name: known[name] for name in material.space.search if name in known}
    settings = {name: text for name, text in settings.items() if "_" in name}  # no plain word
    return _WORDS | sets | settings


class Explaining:
    """Marks each word where it is met first, with what it means."""

    def __init__(self, words: Mapping[str, str]) -> None:
        self._left = dict(words)

    def __call__(self, text: str) -> Markup:
        """The text as HTML; a filter of templates."""
        if not self._left:
            return escape(text)
        longest = sorted(self._left, key=len, reverse=True)
        pattern = r"(?<![\w-])(" + "|".join(map(re.escape, longest)) + r")(?![\w-])"
        parts = re.split(pattern, text)
        return Markup("").join(self._marked(part) for part in parts)

    def _marked(self, part: str) -> Markup:
        about = self._left.pop(part, None)
        if about is None:
            return escape(part)
        return Markup('<abbr title="{}">{}</abbr>').format(about, part)
