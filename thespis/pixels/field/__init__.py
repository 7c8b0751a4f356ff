"""Fields of one person: where light comes from in a head, learned from a video of it and moved by voice and face."""
