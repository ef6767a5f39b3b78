"""The console of a search: what it knows, the lines it says, the listener that shows them."""
