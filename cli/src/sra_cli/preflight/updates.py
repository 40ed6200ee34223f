"""Checks the update API: one login, and one export of today's changes in one small dataset."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from fundata_ingest.catalogue import Catalogue
from fundata_ingest.formats.batches import FileProblem
from fundata_ingest.formats.file_heads import HEAD_BYTES, inspect_file
from fundata_ingest.update_steps import make_account
from fundata_ingest.updates.update_api import ApiTiming, CredentialsError, UpdateApi
from sra_shared.kit.errors import ConfigError, FatalError, RetryableError
from sra_shared.kit.http import RefusedAddressError, make_outbound_transport
from sra_shared.kit.settings import FundataSettings

_DATASET = "BenchmarkGeneral"
# an export takes seconds to minutes
_TIMING = ApiTiming(poll_deadline=120.0)


@dataclass(frozen=True)
class UpdateCheck:
    """The result of the export; `status` is granted, other_shape or error."""

    dataset: str
    status: str
    message: str = ""
    host: str | None = None

    def list_findings(self) -> list[str]:
        """Return what prevents updates from being loaded, in a sentence."""
        return [] if self.status == "granted" else [f"Update API, {self.dataset}: {self.message}"]

    def as_dict(self) -> dict[str, Any]:
        """This part in the form of `--json`."""
        return {
            "status": self.status,
            "dataset": self.dataset,
            "message": self.message or None,
            "export_host": self.host,
        }


async def check_updates(settings: FundataSettings, catalogue: Catalogue, *, is_sandbox: bool) -> UpdateCheck | None:
    """Log in and fetch one small export; None without an account. Raises ConfigError for invalid credentials."""
    account = make_account(settings)
    if account is None:
        return None
    dataset = catalogue.find_dataset(_DATASET)
    transport = make_outbound_transport(settings)
    async with httpx.AsyncClient(transport=transport, follow_redirects=False) as client:
        api = UpdateApi(client, replace(account, timing=_TIMING), settings, is_sandbox=is_sandbox)
        with tempfile.TemporaryDirectory(prefix="sra-preflight-") as folder:
            target = Path(folder, "export")
            try:
                language = dataset.languages[0] if dataset.languages else None
                today = datetime.now(UTC).date()
                execution_id = await api.request_export(str(dataset.endpoint), today, language)
                downloaded = await api.download(execution_id, target)
            except CredentialsError as error:
                raise ConfigError(error.message, next_step=error.next_step) from error
            except (RetryableError, FatalError, RefusedAddressError) as error:
                return UpdateCheck(_DATASET, "error", str(error))
            head = (await asyncio.to_thread(target.read_bytes))[:HEAD_BYTES]
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"[", b"{", b""):
        return UpdateCheck(_DATASET, "granted", host=downloaded.host)
    verdict = inspect_file(head, f"export of {_DATASET}", catalogue, dataset=dataset)
    if isinstance(verdict, FileProblem):
        return UpdateCheck(_DATASET, "other_shape", verdict.message, downloaded.host)
    return UpdateCheck(_DATASET, "granted", host=downloaded.host)
