"""The clips of a manifest: which are missing, and downloading them within bounds.

What was done before comes in as plain rows, and what is done goes out through a callback. The
door of the room: nothing behind it is imported from elsewhere.
"""

from mos_assets.downloads.corpus import download_clips, manifest_urls
from mos_assets.downloads.plan import DownloadProgress, DownloadSummary
from mos_assets.downloads.plan import Limits as DownloadLimits

__all__ = [
    "DownloadLimits",
    "DownloadProgress",
    "DownloadSummary",
    "download_clips",
    "manifest_urls",
]
