"""Frames by diffusion: noise becomes a face, step by step, under what is heard and felt."""
