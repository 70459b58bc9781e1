"""Settings of the service around the runs; a run's own form does not show them."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field, field_validator

from mos_assets.notifying import check_target
from mos_assets.settings.choices import Executor

_OWNER = re.compile(
    r"[A-Za-z0-9_%+-]+(\.[A-Za-z0-9_%+-]+)*@([A-Za-z0-9][A-Za-z0-9-]*\.)+[A-Za-z]{2,}|team:[A-Za-z0-9_.-]+"
)
"""Stricter than Dagster, which takes anything after `team:`."""
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[?[0-9a-fA-F:]+\]?")


class ServiceSettings(BaseModel):
    """What sensors, schedules and pruning do, and where steps run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    OF_ALL: ClassVar[frozenset[str]] = frozenset({"executor", "keep_runs_days", "ui_host"})
    """One for all projects of a service."""

    executor: Annotated[
        Executor,
        Field(
            description="Where steps run: in_process or multiprocess; read when Dagster loads the "
            "code."
        ),
    ] = Executor.IN_PROCESS
    automation: Annotated[
        bool, Field(description="Sensors and schedules are on from the start; the UI can differ.")
    ] = True
    tick_s: Annotated[
        int, Field(ge=1, le=86_400, description="Seconds between two looks of a sensor.")
    ] = 60
    retrain_cron: Annotated[
        str, Field(description="When the scheduled retrain starts, as cron says it, in UTC.")
    ] = "0 3 * * 0"
    removal_share: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="Where more than this share of a corpus's clips or labels is gone, a "
            "sensor asks before it retrains; 1 never asks.",
        ),
    ] = 0.1
    freshness_days: Annotated[
        int,
        Field(
            ge=0,
            le=3650,
            description="The UI marks a verdict and a card older than this as stale; 0: never.",
        ),
    ] = 8
    keep_candidates: Annotated[
        int,
        Field(
            ge=1,
            description="Candidates of each head that pruning keeps with report and predictions, "
            "the newest ones; released and accepted ones stay besides.",
        ),
    ] = 50
    keep_runs_days: Annotated[
        int,
        Field(ge=1, description="Dagster's runs older than this are pruned with their logs."),
    ] = 180

    owners: Annotated[
        str,
        Field(
            description="Whom the UI names as owners of the assets, comma-separated: e-mail "
            "addresses, or team:NAME; empty: nobody."
        ),
    ] = ""
    notify: Annotated[
        str,
        Field(
            description="Who is told when a verdict changes, a run fails or a sensor asks: an "
            "http(s) address that takes JSON by POST, or a command that reads it; empty: nobody."
        ),
    ] = ""
    ui_host: Annotated[
        str,
        Field(
            description="Host names besides those of this machine by which browsers may reach the "
            "UI of `mos dev`, comma-separated: that of a proxy before it."
        ),
    ] = ""

    @property
    def ui_hosts(self) -> tuple[str, ...]:
        """Host names besides those of this machine."""
        return tuple(name.strip() for name in self.ui_host.split(",") if name.strip())

    @property
    def owner_names(self) -> tuple[str, ...]:
        """Whom the UI names as owners."""
        return tuple(name.strip() for name in self.owners.split(",") if name.strip())

    @field_validator("owners")
    @classmethod
    def _people_or_teams(cls, value: str) -> str:
        for name in value.split(","):
            if name.strip() and not _OWNER.fullmatch(name.strip()):
                raise ValueError("must be e-mail addresses or team:NAME, comma-separated")
        return value

    @field_validator("ui_host")
    @classmethod
    def _plain_hosts(cls, value: str) -> str:
        for name in value.split(","):
            if name.strip() and not _HOST.fullmatch(name.strip()):
                raise ValueError("must be plain host names without port or path, comma-separated")
        return value

    @field_validator("notify")
    @classmethod
    def _reachable(cls, value: str) -> str:
        if value:
            check_target(value)
        return value

    @field_validator("retrain_cron")
    @classmethod
    def _five_fields(cls, value: str) -> str:
        if len(value.split()) != 5:
            raise ValueError("must be five fields of cron, such as '0 3 * * 0'")
        return value
