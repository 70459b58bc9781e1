"""Files and bytes: reading within bounds, replacing whole, locks of the kernel, hashes."""
