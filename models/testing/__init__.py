"""What somebody who writes a detector tests it with."""
