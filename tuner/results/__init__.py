"""What a search leaves for people: trials.csv, best.yaml, curves.png."""
