"""What the numbers of motion mean."""
