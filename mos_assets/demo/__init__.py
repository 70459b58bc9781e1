"""The demo corpora: what they show, how it is spoilt, who rates it, and how they are rendered."""

from mos_assets.demo.render import DEMO, DEMO_SOURCE, Demo, render_demo

__all__ = ["DEMO", "DEMO_SOURCE", "Demo", "render_demo"]
