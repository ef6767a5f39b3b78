"""Optuna's study: who suggests, in memory and in study.db."""
