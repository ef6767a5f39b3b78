"""K configurations that train as one: their networks stacked, their steps fused."""
