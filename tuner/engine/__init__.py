"""A search's trials from the first to the last: what is tried, decided and recorded. No Ray."""
