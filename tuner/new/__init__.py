"""What `tuner.new` finds out about a folder of pictures, and what it makes of that."""
