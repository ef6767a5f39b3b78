"""What a search does so that a lost machine costs little: copies, a lease, pruning, a restore."""
