"""Dubbing: new lips on the frames of a video, everything else of it left as it is."""
