"""Apps: the command line and whatever else a person or a program talks to."""
