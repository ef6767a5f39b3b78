"""From scores to figures: AUROC and its kin, the mixture of score parts, thresholds."""
