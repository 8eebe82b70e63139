"""Files on their way to pip: sent as they come in, never ended short."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from resilient_pip.errors import ResilientPipError
from resilient_pip.gateway.seams import Files, Following
from resilient_pip.index.byte_ranges import Unsatisfiable, read_range
from resilient_pip.model import RemoteFile

_BINARY = "application/octet-stream"


class FileAnswer:
    """The response (an ASGI application) that sends one file, or the part of it that is asked for."""

    def __init__(
        self,
        file: RemoteFile,
        *,
        files: Files,
        size: int | None,
        etag: str,
        failed: Callable[[ResilientPipError], Response],
    ) -> None:
        self._file = file
        self._files = files
        self._size = size
        self._etag = etag
        self._failed = failed
        self._started = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request.

        Raises:
            ResilientPipError: the file failed on its way; the server then breaks the connection.
        """
        request = Request(scope)
        if request.method == "HEAD" and self._size is not None:
            await self._head(self._size)(scope, receive, send)
            return

        async def noticed(message: Message) -> None:
            self._started = True
            await send(message)

        try:
            async with self._files.follow(self._file) as following:
                response = self._response(request, await following.size(), following)
                await response(scope, receive, noticed)
        except ResilientPipError as error:
            if self._started:
                raise
            await self._failed(error)(scope, receive, send)

    async def _pass_on(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        try:
            async for chunk in chunks:
                yield chunk
        except ResilientPipError as error:
            self._failed(error)  # recorded here: some versions of Starlette raise it in a group
            raise

    def _response(self, request: Request, size: int, following: Following) -> Response:
        if request.method == "HEAD":
            return self._head(size)
        try:
            part = read_range(self._asked_range(request), size)
        except Unsatisfiable:
            return Response(status_code=416, headers={"Content-Range": f"bytes */{size}"})
        start, end = part or (0, size)
        headers = self._headers(end - start)
        if part:
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
        return StreamingResponse(
            self._pass_on(following.read(start, end)),
            status_code=206 if part else 200,
            headers=headers,
            media_type=_BINARY,
        )

    def _asked_range(self, request: Request) -> str | None:
        """Give the Range header, unless it was meant for another file than this one (If-Range)."""
        if request.headers.get("if-range", self._etag) != self._etag:
            return None
        return request.headers.get("range")

    def _head(self, size: int) -> Response:
        return Response(headers=self._headers(size), media_type=_BINARY)

    def _headers(self, length: int) -> dict[str, str]:
        return {"Content-Length": str(length), "ETag": self._etag, "Accept-Ranges": "bytes"}
