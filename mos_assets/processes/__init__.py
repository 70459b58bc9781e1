"""Processes: programs run within limits or as a tree, whether one lives, this one's collector."""
