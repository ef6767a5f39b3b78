"""What all commands share: options, exit codes, signals, and lines on the console."""
