"""A store in a bucket, which runs on several machines share.

`state` is the one object that says whose it is and which tables are current, and `lease` changes it
by conditional writes alone. `mirror` moves files between the bucket and this machine's working
folder, `tables` copies the DuckDB file for it, `journals` what is measured and not a shard yet.
`session` holds all of that together for a run. Nothing relies on a rename or a lock of the bucket.
"""
