"""Pixels: a Track and a Portrait in, frames out."""
