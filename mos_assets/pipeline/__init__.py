"""The use cases, from settings and a store to a result, without Dagster: one module a step."""
