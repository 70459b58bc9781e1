"""Sphinx's settings: `make docs` builds the site from these pages and from docstrings."""

from importlib.metadata import version as installed

project = "mos_assets"
release = installed("mos-assets")
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.viewcode"]
html_theme = "furo"
html_title = f"mos_assets {release}"
html_copy_source = False
html_show_copyright = False
exclude_patterns = ["_build"]
myst_heading_anchors = 4
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
