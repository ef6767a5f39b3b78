"""Detectors that tests alone know, a folder each as in `models.detectors`."""

from pathlib import Path

FOLDER = str(Path(__file__).parent)
