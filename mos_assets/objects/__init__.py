"""Objects that are no local files: of a bucket of an S3-compatible server, or in memory.

`location` is the door: whole objects, read, listed and put under a condition. `backends` has a row
a scheme, `failures` says what went wrong in words. Nothing here renames, locks or appends: no such
server can.
"""

from mos_assets.objects.location import Found, Location

__all__ = ["Found", "Location"]
