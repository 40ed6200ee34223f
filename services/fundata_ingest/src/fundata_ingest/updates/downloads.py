"""Downloads finished exports from the URLs that the vendor names, into files of bounded size."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

import httpx

from sra_shared.kit.errors import FatalError, RetryableError
from sra_shared.kit.http import BodyTooLargeError, Bound, ExchangeError, find_proxy, iterate_body, load_certificates
from sra_shared.kit.http.addresses import AddressRules, find_host
from sra_shared.kit.http.public_download import PublicDownloads
from sra_shared.kit.settings import OutboundSettings


@dataclass(frozen=True)
class Downloaded:
    """A downloaded file: its SHA-256, and the host that served it, None for a sandbox's stand-in."""

    sha256: str
    host: str | None


class ExportDownloads:
    """Downloads exports; the link carries its own signature, and no credentials of ours are sent."""

    def __init__(
        self,
        rules: AddressRules,
        most_bytes: int,
        outbound: OutboundSettings,
        *,
        check: Callable[[], None],
        check_response: Callable[[httpx.Response], None],
        web: PublicDownloads | None = None,
    ) -> None:
        """`check` raises if the work must stop, `check_response` if the response is not for this database."""
        certificates = load_certificates(outbound.ssl_cert_file, outbound.ssl_cert_dir)
        self._web = web or PublicDownloads(rules, certificates, find_proxy=partial(find_proxy, outbound))
        self._bound = Bound.of(most_bytes)
        self._check = check
        self._check_response = check_response

    async def fetch(self, url: str, target: Path) -> Downloaded:
        """Download an export into a file.

        Raises RefusedAddressError for a forbidden address, FatalError for an export that is too large, RetryableError if it is
        incomplete; then no file remains on disk.
        """
        self._check()
        try:
            async with self._web.open(url) as (response, final):
                self._check_response(response)
                if response.status_code != httpx.codes.OK:
                    raise RetryableError(
                        f"The download server returned status {response.status_code}.",
                        next_step="A new link is requested.",
                    )
                sha256 = await self._write(response, target)
                return Downloaded(sha256, None if self._web.rules.is_own(final) else find_host(final))
        except ExchangeError as error:
            raise RetryableError(
                f"The download was interrupted ({error.cause}).", next_step="It is retried."
            ) from error

    async def _write(self, response: httpx.Response, target: Path) -> str:
        digest = hashlib.sha256()
        output: BinaryIO = await asyncio.to_thread(target.open, "wb")
        try:
            with output:
                async for piece in iterate_body(response, self._bound):
                    self._check()
                    digest.update(piece)
                    await asyncio.to_thread(output.write, piece)
        except BaseException as error:
            target.unlink(missing_ok=True)
            if isinstance(error, BodyTooLargeError):
                raise FatalError(
                    f"The export is larger than DOWNLOAD_MAX_MB allows ({self._bound.decoded >> 20:,} MB).",
                    next_step="Raise it and provide space in the temporary folder, or request fewer days with --from.",
                ) from error
            raise
        return digest.hexdigest()
