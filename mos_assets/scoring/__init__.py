"""Scoring clips of one's own: which clips, which reference each, which head, and what is written."""
