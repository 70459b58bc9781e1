"""The guard before the UI: what browsers with a stranger's page, and programs, get through."""

from contextlib import nullcontext

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from mos_assets.webserver.guard import LOOPBACK_NAMES, guarded

HERE = "http://127.0.0.1:3000"
PROXY = "mos.example.org"


async def _answer(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"did {request.method}")


async def _talk(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text("hello")
    await socket.close()


@pytest.fixture(scope="module")
def client() -> TestClient:
    app = Starlette(
        routes=[
            Route("/graphql", _answer, methods=["GET", "POST"]),
            Route("/secret/graphql", _answer, methods=["GET", "POST"]),
            Route("/report_asset_materialization/{key}", _answer, methods=["POST"]),
            Route("/assets", _answer),
            WebSocketRoute("/graphql", _talk),
        ]
    )
    app.add_middleware(guarded, hosts=[*LOOPBACK_NAMES, PROXY])
    return TestClient(app, base_url=HERE)


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("POST", "/graphql", {}, 200),
        ("POST", "/graphql", {"origin": HERE}, 200),
        ("POST", "/graphql", {"origin": HERE, "sec-fetch-site": "same-origin"}, 200),
        ("POST", "/graphql", {"origin": f"https://{PROXY}", "host": PROXY}, 200),
        ("POST", "/graphql", {"origin": f"https://{PROXY}:8443", "host": f"{PROXY}:8443"}, 200),
        ("POST", "/graphql", {"origin": f"https://{PROXY}:8443", "host": PROXY}, 403),
        ("POST", "/graphql", {"origin": "http://127.0.0.1:8888"}, 403),
        ("POST", "/graphql", {"origin": "http://evil.example"}, 403),
        ("POST", "/graphql", {"origin": "null"}, 403),
        ("POST", "/graphql", {"sec-fetch-site": "cross-site"}, 403),
        ("POST", "/graphql", {"origin": HERE, "sec-fetch-site": "same-site"}, 403),
        ("POST", "/report_asset_materialization/raw_corpus", {"origin": "http://a.example"}, 403),
        ("POST", "/graphql", {"host": "evil.example:3000"}, 400),
        ("GET", "/assets", {"host": "evil.example:3000"}, 400),
        ("GET", "/assets", {"host": "127.0.0.1.evil.example"}, 400),
        ("GET", "/assets", {"host": "localhost:4000"}, 200),
        ("GET", "/assets", {"host": "[::1]:3000"}, 200),
        ("GET", "/assets", {"sec-fetch-site": "cross-site"}, 200),
        ("GET", "/graphql?query=mutation{a}", {}, 405),
        ("GET", "/secret/graphql?query=mutation{a}", {"sec-fetch-site": "none"}, 405),
        ("GET", "/graphql", {"accept": "text/html,*/*"}, 200),
    ],
)
def test_requests(
    client: TestClient, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    answer = client.request(method, path, headers={"accept": "*/*", **headers})
    assert answer.status_code == status
    assert (answer.text == f"did {method}") == (status == 200)


@pytest.mark.parametrize(
    ("headers", "opens"),
    [
        ({}, True),
        ({"origin": HERE}, True),
        ({"origin": "http://evil.example"}, False),
        ({"origin": "http://127.0.0.1:8888"}, False),
        ({"origin": HERE, "host": "evil.example"}, False),
    ],
)
def test_web_sockets(client: TestClient, headers: dict[str, str], opens: bool) -> None:
    told = {"host": HERE.removeprefix("http://"), **headers}
    refused = pytest.raises((WebSocketDisconnect, WebSocketDenialResponse))
    with (
        nullcontext() if opens else refused,
        client.websocket_connect("/graphql", headers=told) as socket,
    ):
        assert socket.receive_text() == "hello"
