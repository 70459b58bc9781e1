"""The demo corpus: what it shows, how it is spoilt, who rates it, and how it is rendered."""

from mos_assets.demo.render import DEMO_NAME, DEMO_VERSION, render_demo

__all__ = ["DEMO_NAME", "DEMO_VERSION", "render_demo"]
