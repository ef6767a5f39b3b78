"""What a device is fastest at, measured before a search: how many lanes."""
