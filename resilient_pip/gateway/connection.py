"""One connection to the gateway: who is at its other end is found out once, not for each request."""

from __future__ import annotations

from typing import Any

from anyio import to_thread
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from resilient_pip.gateway.peers import is_ours


class Connection(H11Protocol):
    """uvicorn's side of a connection that serves this user's processes only."""

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        self.app = OnlyOurs(self.app)


class OnlyOurs:
    """The application as one connection reaches it: for this user's processes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._is_ours: bool | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if self._is_ours is None:
            self._is_ours = await to_thread.run_sync(is_ours, tuple(scope["client"]), tuple(scope["server"]))
        if self._is_ours:
            await self._app(scope, receive, send)
        else:
            await PlainTextResponse("not yours\n", 403)(scope, receive, send)
