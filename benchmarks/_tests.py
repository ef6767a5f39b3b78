"""Imported first, it lets a benchmark import `tests`, which is not installed."""

import sys

from _running import ROOT

if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))
