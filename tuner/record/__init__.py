"""What is known of a search: its events on disk, and the trials that follow from them."""
