"""What keeps pages of strangers, open in a browser on the same machine, from starting runs.

Dagster's webserver has no login and answers whoever asks: a form on any page can send it a
mutation, a mere link too, and a page whose name is made to mean this machine can read the answers.
Programs, which send none of the headers that browsers add, are let through as before.
"""

from __future__ import annotations

from collections.abc import Sequence

from asgi_cross_origin_protection import CrossOriginProtection
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
"""Names of this machine that a browser on it may use."""
_FOREIGN = PlainTextResponse(
    "Refused: this request comes from a page of another origin. Behind a proxy, let it pass the "
    "Host header on with its port, and name that host in MOS_UI_HOST.",
    status_code=403,
)
_BY_GET = PlainTextResponse(
    "Refused: GraphQL by GET, since a mere link could change things. Send it with POST.",
    status_code=405,
    headers={"allow": "POST"},
)
_FOREIGN_SOCKET = WebSocketClose(code=1008, reason="another origin")


def guarded(app: ASGIApp, hosts: Sequence[str]) -> ASGIApp:
    """`app` behind three checks.

    The Host header is one of `hosts` (against DNS rebinding), what may change something comes
    from the same origin by Fetch Metadata or else by the Origin header, WebSockets included, and
    GraphQL is not answered by GET.
    """
    checked = CrossOriginProtection(app, deny_app=_FOREIGN)

    async def each(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await _socket(app, scope, receive, send)
        elif scope["type"] == "http" and _is_graphql_by_get(scope):
            await _BY_GET(scope, receive, send)
        else:
            await checked(scope, receive, send)

    return TrustedHostMiddleware(each, allowed_hosts=list(hosts), www_redirect=False)


async def _socket(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """A WebSocket of the same origin as one that may change something must be."""

    async def open_(_scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, send)

    as_change = {**scope, "type": "http", "method": "POST"}
    await CrossOriginProtection(open_, deny_app=_FOREIGN_SOCKET)(as_change, receive, send)


def _is_graphql_by_get(scope: Scope) -> bool:
    """Whether this would be carried out; a browser that asks for a page gets the playground."""
    if scope["method"] not in ("GET", "HEAD") or not scope["path"].rstrip("/").endswith("/graphql"):
        return False
    accepted = b",".join(value for name, value in scope["headers"] if name == b"accept")
    return b"text/html" not in accepted
