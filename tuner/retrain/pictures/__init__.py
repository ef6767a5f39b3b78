"""The pictures of a test report, a figure each."""
