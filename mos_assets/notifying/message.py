"""A message: what happened, and where to look."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Why somebody is told."""

    VERDICT = "verdict"
    """The verdict on a head is another one than before."""
    FAILURE = "failure"
    """A run failed."""
    QUESTION = "question"
    """A sensor waits for an answer."""


@dataclass(frozen=True, slots=True)
class Message:
    """text: one paragraph that says what and where; names in it come from strangers.
    where: what Dagster calls it, such as a run id or a sensor."""

    kind: Kind
    text: str
    where: str

    def to_json(self) -> bytes:
        """One object with `text`, as the webhooks of chat services take it, and beside it `kind`
        and `where` for programs."""
        told = {"text": self.text, "kind": str(self.kind), "where": self.where}
        return json.dumps(told, ensure_ascii=False, sort_keys=True).encode()
