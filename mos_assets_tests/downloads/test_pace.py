"""Back-off, Retry-After and the rate, without a clock to wait for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mos_assets.downloads.pace import backoff_s, retry_after_s
from mos_assets.downloads.plan import Limits

LIMITS = Limits()
NOW = datetime(2026, 5, 8, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        *((None, 0.0), ("", 0.0), ("7", 7.0), (" 7 ", 7.0), ("0", 0.0), ("-5", 0.0), ("1.5", 0.0)),
        *(("soon", 0.0), ("99999999", 120.0), ("9" * 400, 0.0), ("nan", 0.0), ("inf", 0.0)),
        (format_datetime(NOW + timedelta(seconds=30), usegmt=True), 30.0),
        (format_datetime(NOW - timedelta(seconds=30), usegmt=True), 0.0),
        (format_datetime(NOW + timedelta(days=400), usegmt=True), 120.0),
        ("Fri, 08 May 2026 12:00:30", 30.0),
        ("Fri, 99 May 2026 12:00:30 GMT", 0.0),
    ],
)
def test_retry_after_in_every_spelling(header: str | None, seconds: float) -> None:
    assert retry_after_s(header, LIMITS, NOW) == seconds


@given(st.text(max_size=40))
def test_any_retry_after_is_bounded(header: str) -> None:
    assert 0.0 <= retry_after_s(header, LIMITS, NOW) <= LIMITS.pause_s


@given(st.text(max_size=20), st.integers(1, 12))
def test_back_off_doubles_is_bounded_and_the_same_every_time(name: str, attempt: int) -> None:
    pause = backoff_s(name, attempt, LIMITS)
    whole = LIMITS.backoff_s * 2 ** (attempt - 1)
    assert min(LIMITS.pause_s, whole / 2) <= pause <= min(LIMITS.pause_s, whole)
    assert pause == backoff_s(name, attempt, LIMITS)
