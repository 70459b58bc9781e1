"""Whether the files of a corpus are what they were, at little cost while nothing changes.

A folder whose modification and change times are what they were has lost and gained no file, so its
digest is taken from the catalogue, a SQLite file. Files that are replaced in place change no
folder: some of them are looked at in every scan, in turn, and all of them in a thorough one. The
catalogue is a cache: it may be deleted at any time, and is made anew. Only files that had lied
about their time until then are not known any more.
"""

from mos_assets.watching.catalogue import Catalogue
from mos_assets.watching.signature import corpus_signature
from mos_assets.watching.watched_files import watched_files

__all__ = ["Catalogue", "corpus_signature", "watched_files"]
