"""Measures: functions of clips, files and performances, on whatever folder the user has."""
