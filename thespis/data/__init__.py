"""Data sets: iterables of Clips."""
