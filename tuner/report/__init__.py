"""The report of a search: one HTML file with everything in it, computed from the record."""
