"""The clips of a manifest: which are missing, and downloading them within bounds (SPEC 4).

What was done before comes in as plain rows, and what is done goes out through a callback.
"""
