"""The Dagster layer: one file an asset with its checks beside it. Load, call, store, report."""
