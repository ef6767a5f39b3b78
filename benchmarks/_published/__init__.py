"""The published figures beside ours: what is trained, which rows follow, and how they are shown."""
