"""Live sessions: a portrait that speaks, listens and idles while somebody watches (docs/live.md)."""
