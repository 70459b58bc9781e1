"""Which clip is judged in which fold."""
