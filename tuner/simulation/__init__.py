"""Searches whose training is looked up or computed in place of done: no Ray, no torch, no wait."""
