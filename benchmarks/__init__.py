"""Figures, each as a ratio to a floor measured in the same run: `make bench`, or `python -m benchmarks.NAME`."""
