"""Scoring one's own clips: which ones, which reference each, which head, what is written."""
