"""Motion: Tracks in, Tracks out."""
