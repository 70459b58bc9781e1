"""Dagster's webserver behind a guard, and `dagster dev` with that in the place of its own."""
