"""Direction: what the user asks for, read from words, files and scripts."""
