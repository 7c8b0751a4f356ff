"""Export: results in, files out."""
