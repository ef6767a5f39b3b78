"""A search looked at from another shell or machine, while it runs: its console, its report."""
