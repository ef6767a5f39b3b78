"""The tables of docs/ that are made from schema, parsers and docstrings, a module each page."""
