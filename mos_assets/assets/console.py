"""What a run prints on the console: a user's mistake is one message, without a stack trace.

Dagster prints the stack of every failed step. Where the step failed with `dagster.Failure`
(a mistake that the user can mend), or because a blocking check did not pass, that stack holds
Dagster's own frames only and buries the message. The full event stays in the event log.
"""

from __future__ import annotations

import logging

MESSAGE_ONLY = ("Failure", "DagsterAssetCheckFailedError")
"""Errors whose message says all that the reader needs."""
_STACK = "\n\nStack Trace:"


class StackFilter(logging.Filter):
    """Cuts the stack off the messages of failures that the user can mend."""

    def filter(self, record: logging.LogRecord) -> bool:
        event = getattr(record, "dagster_event", None)
        error = getattr(getattr(event, "event_specific_data", None), "error", None)
        if error is not None and error.cls_name in MESSAGE_ONLY:
            record.msg = record.getMessage().split(_STACK)[0].rstrip() + "\n"
            record.args = ()
        return True


class RunLogger(logging.Logger):
    """The logger class of this process; Dagster makes its console logger, `dagster`, from it."""

    def __init__(self, name: str, level: int = logging.NOTSET) -> None:
        super().__init__(name, level)
        if name == "dagster":
            self.addFilter(StackFilter())


def install() -> None:
    """Make loggers created from here on `RunLogger`s, unless somebody else has set a class."""
    if logging.getLoggerClass() is logging.Logger:
        logging.setLoggerClass(RunLogger)
