"""The figures of a retrained run as a notebook gets them: complete without the page's script."""

import numpy as np

from tests.tuner.report.conftest import Runs
from tuner.report.material import read_material
from tuner.report.plotly_figures import plotly_figures
from tuner.report.writing import sections_of


def test_a_figure_would_wait_for_a_script_that_no_notebook_has(runs: Runs) -> None:
    folder = runs["retrained"]
    material = read_material(folder)
    figures = plotly_figures(sections_of(material))
    assert {"roc", "pr", "scores"} <= figures.keys()
    assert material.metrics is not None
    place = material.metrics["configuration"]["seeds"].index(material.metrics["model_seed"])
    threshold = material.metrics["test"]["threshold"]["seeds"][place]
    with np.load(folder.scores) as stored:
        scores, anomalous = stored["test_best"][place], stored["test_label"].astype(bool)

    normals, anomalies = figures["scores"].data
    assert np.allclose(np.sort(normals.x), np.sort(scores[~anomalous]), rtol=1e-4)
    assert np.allclose(np.sort(anomalies.x), np.sort(scores[anomalous]), rtol=1e-4)
    assert normals.xbins == anomalies.xbins
    (line,) = figures["scores"].layout.shapes
    assert line.x0 == line.x1 == threshold
    low, high = figures["scores"].layout.xaxis.range
    assert low < threshold < high

    ring = figures["roc"].data[-1]
    flagged, found = (scores[~anomalous] > threshold).mean(), (scores[anomalous] > threshold).mean()
    assert (ring.x[0], ring.y[0]) == (flagged, found)


def test_panels_would_be_pressed_into_the_height_of_one(runs: Runs) -> None:
    figures = plotly_figures(sections_of(read_material(runs["finished"])))
    assert figures["curves"].layout.height is None
    rows = figures["slices"].layout.grid.rows
    assert rows == 1 or figures["slices"].layout.height == rows * 260
