"""The 3D head and its shapes."""
