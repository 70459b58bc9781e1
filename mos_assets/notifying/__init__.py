"""Telling people outside of the UI: one message to an address or to a command.

Knows nothing of Dagster; `automation/notifications.py` says what is worth a message.
"""

from mos_assets.notifying.message import Kind, Message
from mos_assets.notifying.send import check_target, send

__all__ = ["Kind", "Message", "check_target", "send"]
