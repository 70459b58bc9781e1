"""How each kind of corpus lies on disk."""
