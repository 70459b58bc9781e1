"""Clip folders as they are now, at little cost while nothing changes.

A folder whose modification and change times are what they were has lost and gained no file, so its
digest is taken from the catalogue, a SQLite file. Files that are replaced in place change no
folder: some of them are looked at in every look, in turn, and all of them in a thorough one. The
catalogue is a cache: it may be deleted at any time, and is made anew. Only files that had lied
about their time until then are not known any more.
"""

from mos_assets.corpora.catalogue.catalogue import Catalogue, FolderView

__all__ = ["Catalogue", "FolderView"]
