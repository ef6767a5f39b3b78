"""Data sets, where their files come from, and the splits a search uses; torch only in `images`."""
