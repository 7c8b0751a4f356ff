"""Training: one loop for every network, its losses, its checkpoints, its log; see docs/training.md."""
