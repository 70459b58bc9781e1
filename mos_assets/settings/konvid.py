"""What settings, corpora and releases know of KonViD by name."""

KONVID_150K = "konvid-150k"
KONVID_CORPORA = frozenset({"konvid-1k", KONVID_150K, "synthetic"})
"""Corpora whose heads share the id `konvid_mos_head_v1`."""
KONVID_150K_FLOOR = 5_000
"""Fewer label rows than this are hardly KonViD-150k."""
