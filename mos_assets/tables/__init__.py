"""Tables as strangers write them, read within limits: comma-separated, Parquet, JSON lines."""
