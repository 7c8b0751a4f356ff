"""Networks that make motion, one file each."""
