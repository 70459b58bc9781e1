"""The plots of a head that meets the gate, drawn once."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import pytest

from mos_assets.reporting.plots import draw


@pytest.fixture(scope="session")
def drawn(good, tmp_path_factory):
    """Folder of the plots, and what they are."""
    folder = tmp_path_factory.mktemp("plots") / "new"
    return folder, draw(*good, folder)
