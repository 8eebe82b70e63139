"""The gateway's own URLs, and what they stand for."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import quote, unquote, urlsplit

from resilient_pip.index.pages import ListedFile
from resilient_pip.model import ProjectName, RemoteFile


class Links:
    """Makes URLs under one unguessable base and finds again what they were made for."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._mention = re.compile(re.escape(base) + r"(?:[\w.~/%#?&=-]*[\w/])?")
        self._listed: dict[tuple[int, str], ListedFile] = {}

    def index_url(self, number: int) -> str:
        """Give the index URL of one source, as pip takes it."""
        return f"{self._base}/{number}/simple/"

    def links_url(self, number: int) -> str:
        """Give the URL of the page with everything that one --find-links source lists."""
        return f"{self._base}/{number}/links/"

    def file_url(self, number: int, listed: ListedFile) -> str:
        """Give the URL of a file; pip reads the file's name off its last segment."""
        file = listed.file
        key = hashlib.sha256(file.url.encode()).hexdigest()[:16]
        self._listed[number, key] = listed
        return f"{self._base}/{number}/files/{file.project}/{key}/{quote(file.filename)}"

    def is_known(self, number: int, key: str) -> bool:
        """Whether a URL with this key was made."""
        return (number, key) in self._listed

    def find(self, number: int, project: str, key: str, filename: str) -> ListedFile | None:
        """Give what a file's URL was made for."""
        listed = self._listed.get((number, key))
        known = listed and (listed.file.project, listed.file.filename) == (ProjectName(project), filename)
        return listed if known else None

    def remote_file(self, url: str) -> RemoteFile | None:
        """Give the file that one of these URLs stands for; None for any other URL."""
        base = urlsplit(self._base)
        parts = urlsplit(url)
        if (parts.scheme, parts.netloc) != (base.scheme, base.netloc) or not parts.path.startswith(
            base.path + "/"
        ):
            return None
        match parts.path.removeprefix(base.path).split("/"):
            case ["", number, "files", project, key, filename] if number.isdecimal():
                listed = self.find(int(number), project, key, unquote(filename))
                return listed.file if listed else None
            case _:
                return None

    def in_upstreams_words(self, text: str) -> str:
        """Put for each of these URLs in a text that of the file upstream; of others only the secret goes."""
        return self._mention.sub(self._name, text)

    def _name(self, mention: re.Match[str]) -> str:
        address, _, _ = mention[0].partition("#")
        for suffix in ("", ".metadata"):
            if address.endswith(suffix) and (file := self.remote_file(address.removesuffix(suffix))):
                return file.safe_url + suffix
        return "gateway:" + mention[0].removeprefix(self._base)
