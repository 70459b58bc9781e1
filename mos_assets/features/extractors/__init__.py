"""Every extractor, one file each; a file here that defines one is all that adding one takes."""

from importlib import import_module
from pkgutil import iter_modules

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
