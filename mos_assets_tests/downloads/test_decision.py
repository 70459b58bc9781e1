"""What a run does about a clip follows from its row and the disk alone."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from mos_assets.downloads.decision import NO_URL, Decision, Step, decide
from mos_assets.records import Download, DownloadState

URLS = st.sampled_from(["", "http://one/a", "http://two/a"])


@st.composite
def rows(draw: st.DrawFn) -> Download:
    done = draw(st.booleans())
    return Download(
        corpus="konvid-150k",
        clip_name="a.mp4",
        url=draw(URLS),
        state=DownloadState.DONE if done else DownloadState.FAILED,
        permanent=not done and draw(st.booleans()),
        reason=None if done else draw(st.sampled_from(["status 404", "time-out"])),
        attempts=draw(st.integers(0, 9)),
        size_bytes=7 if done else None,
        updated_at=datetime(2026, 5, 8, tzinfo=UTC),
    )


@given(st.none() | rows(), URLS, st.booleans())
def test_what_is_on_disk_is_never_asked_for(row: Download | None, url: str, again: bool) -> None:
    assert decide(row, url=url, on_disk=True, again=again) == Decision(Step.PRESENT)


@given(st.none() | rows(), st.booleans())
def test_without_an_address_there_is_nothing_to_ask(row: Download | None, again: bool) -> None:
    assert decide(row, url="", on_disk=False, again=again) == Decision(Step.SKIP, NO_URL)


@given(st.none() | rows(), URLS.filter(bool), st.booleans())
def test_a_clip_is_skipped_for_its_own_permanent_failure_and_for_nothing_else(
    row: Download | None, url: str, again: bool
) -> None:
    found = decide(row, url=url, on_disk=False, again=again)
    final = row is not None and row.permanent and row.url == url and not again
    assert found.step is (Step.SKIP if final else Step.FETCH)
    assert found.reason == (row.reason if final and row is not None else None)
