"""LivePortrait's networks (Guo et al. 2024), written by us, and the renderer that they make."""
