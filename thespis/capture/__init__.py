"""Capture: pictures and video in, faces and Tracks out."""
