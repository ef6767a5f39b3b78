"""S3 and servers that speak its language, over pyarrow, which comes with Ray Tune.

The only module that imports pyarrow, which hands no condition (If-None-Match) on with a PUT. A PUT
to S3 is whole or nothing; S3 checks its sum.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

from models.names import unknown
from tuner.errors import TunerError
from tuner.storage.base import Storage, StorageError

if TYPE_CHECKING:
    from pyarrow.fs import S3FileSystem

_OPTIONS = ("region", "endpoint_override")
_CONNECT_S = 5.0
_ANSWER_S = 30.0
_ATTEMPTS = 3
_REMEDIES = {
    "NO_SUCH_BUCKET": "the bucket does not exist; make it, or correct its name",
    "ACCESS_DENIED": "permission is denied; the credentials in use need to list, read, write and "
    "delete there",
    "INVALID_ACCESS_KEY_ID": "the access key is not known there; see `aws sts get-caller-identity`",
    "SIGNATURE_DOES_NOT_MATCH": "the secret key is wrong; see `aws sts get-caller-identity`",
    "MISSING_AUTHENTICATION_TOKEN": "no credentials were found; see `aws configure`",
    "NETWORK_CONNECTION": "it cannot be reached",
    "SLOW_DOWN": "it asks to slow down",
}


def open_s3(place: str) -> S3Storage:
    """Return the storage of an `s3://bucket/prefix?region=...&endpoint_override=...`."""
    parts = urlsplit(place)
    options = dict(parse_qsl(parts.query))
    if "@" in parts.netloc or "@" in options.get("endpoint_override", ""):
        raise TunerError(
            "--storage: credentials do not belong into the name, where they would be recorded; "
            "give them by AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or the machine's role"
        )
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", parts.netloc):
        raise TunerError(f"--storage: s3:// must be followed by a bucket's name; got {place!r}")
    for option in options:
        if option not in _OPTIONS:
            raise TunerError(f"--storage: {unknown('option', option, _OPTIONS)}")
    return S3Storage(bucket=parts.netloc, prefix=parts.path.strip("/"), **options)


@dataclass(frozen=True, kw_only=True)
class S3Storage(Storage):
    """A prefix of a bucket."""

    bucket: str
    prefix: str
    region: str | None = None
    endpoint_override: str | None = None

    @property
    def uri(self) -> str:
        """The name, without anything secret."""
        options = {name: value for name in _OPTIONS if (value := getattr(self, name))}
        query = f"?{urlencode(options)}" if options else ""
        return f"s3://{self._path('').rstrip('/')}{query}"

    def within(self, name: str) -> S3Storage:
        """Return the prefix one step deeper."""
        return replace(self, prefix=f"{self.prefix}/{name}".strip("/"))

    def put(self, key: str, data: bytes) -> None:
        """Put the object; one that fails half-way never appears."""
        with self._explained("written"):
            stream = self._files.open_output_stream(self._path(key))
            stream.write(data)
            stream.close()

    def get(self, key: str, limit: int | None = None) -> bytes | None:
        """Get the object, or only its beginning."""
        try:
            with self._explained("read"), self._files.open_input_file(self._path(key)) as file:
                return bytes(file.read() if limit is None else file.read(limit))
        except FileNotFoundError:
            return None

    def sizes(self, prefix: str = "") -> dict[str, int]:
        """List the objects."""
        from pyarrow import fs  # noqa: PLC0415

        selector = fs.FileSelector(
            self._path(prefix).rstrip("/"), recursive=True, allow_not_found=True
        )
        with self._explained("read"):
            found = self._files.get_file_info(selector)
        start = len(self._path(""))
        return {info.path[start:]: info.size for info in found if info.type == fs.FileType.File}

    def names(self) -> list[str]:
        """List the prefixes one step down."""
        from pyarrow import fs  # noqa: PLC0415

        selector = fs.FileSelector(self._path("").rstrip("/"), allow_not_found=True)
        with self._explained("read"):
            found = self._files.get_file_info(selector)
        return sorted(info.base_name for info in found if info.type == fs.FileType.Directory)

    def modified(self, key: str) -> float | None:
        """Return the object's time, which the server sets."""
        with self._explained("read"):
            moment = self._files.get_file_info(self._path(key)).mtime
        return moment.timestamp() if moment is not None else None

    def delete(self, key: str) -> None:
        """Delete the object."""
        try:
            with self._explained("written"):
                self._files.delete_file(self._path(key))
        except FileNotFoundError:
            pass

    def __getstate__(self) -> dict[str, object]:
        """The connection stays behind: each process makes its own, with its own credentials."""
        return {name: value for name, value in self.__dict__.items() if name != "_files"}

    def _path(self, key: str) -> str:
        return "/".join(part for part in (self.bucket, self.prefix) if part) + f"/{key}"

    @cached_property
    def _files(self) -> S3FileSystem:
        from pyarrow import fs  # noqa: PLC0415 - 0.2 s, and only where there is S3

        make: Callable[..., S3FileSystem] = fs.S3FileSystem
        return make(
            region=self.region,
            endpoint_override=self.endpoint_override,
            connect_timeout=_CONNECT_S,
            request_timeout=_ANSWER_S,
            retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=_ATTEMPTS),
            allow_delayed_open=True,  # small objects in one request
            background_writes=False,
        )

    @contextmanager
    def _explained(self, done: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise
        except OSError as error:
            text = f"The storage {self.uri} cannot be {done}: {_words(error)}"
            raise StorageError(text) from error


def _words(error: OSError) -> str:
    found = re.search(r"AWS Error (\w+)", str(error))
    if found and found[1] in _REMEDIES:
        return _REMEDIES[found[1]]
    said = " ".join(str(error).split())
    return re.sub(r" ?\(Request ID: [^)]*\)", "", said)[:300]
