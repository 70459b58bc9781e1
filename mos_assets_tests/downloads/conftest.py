from collections.abc import Iterator

import pytest

from mos_assets_tests.downloads.serving import Site, serve


@pytest.fixture
def site() -> Iterator[Site]:
    with serve() as found:
        yield found
