"""Networks and layers that detectors share."""
