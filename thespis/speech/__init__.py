"""Speech: bytes and text in, samples with a clock out."""
