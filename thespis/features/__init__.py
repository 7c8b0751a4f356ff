"""Features: Speech in, Tracks out."""
