"""What usually goes wrong, looked at before a search costs anything."""
