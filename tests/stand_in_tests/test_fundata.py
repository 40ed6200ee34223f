"""Log in, request, poll and download an export; its records, and requested faults."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from fundata_ingest.catalogue import load_catalogue
from sra_stand_in.fundata.datasets import BY_ENDPOINT, DATASETS
from sra_stand_in.server import StandIn
from sra_testing.stand_in import run_stand_in

LOADS = "fund/getload"
NAVPS = "fund/getdailynavps"


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=30) as made:
        yield made


def sign_in(stand_in: StandIn, client: httpx.Client) -> None:
    response = client.post(f"{stand_in.fundata_auth_url}/authenticate", json={"key": "k", "secret": "s"})
    assert response.status_code == 200
    client.headers["Authorization"] = response.json()["token"]


def request_export(stand_in: StandIn, client: httpx.Client, endpoint: str, **params: str) -> str:
    response = client.get(f"{stand_in.fundata_api_url}/{endpoint}", params={"fromdate": "2020-01-01"} | params)
    assert response.status_code == 200, response.text
    execution_id: str = response.json()["execution_id"]
    return execution_id


def poll(stand_in: StandIn, client: httpx.Client, execution_id: str) -> dict[str, str]:
    response: dict[str, str] = client.get(f"{stand_in.fundata_api_url}/getresults/{execution_id}").json()
    return response


def fetch_url(stand_in: StandIn, client: httpx.Client, endpoint: str, **params: str) -> str:
    execution_id = request_export(stand_in, client, endpoint, **params)
    for _ in range(20):
        response = poll(stand_in, client, execution_id)
        if response["status"] == "Succeeded":
            return response["url"]
        assert response == {"status": "Running"}
    raise AssertionError("the export never succeeded")


def fetch_rows(stand_in: StandIn, client: httpx.Client, endpoint: str, **params: str) -> list[dict[str, str]]:
    text = client.get(fetch_url(stand_in, client, endpoint, **params)).text
    return list(csv.DictReader(io.StringIO(text)))


def test_the_datasets_are_those_of_the_catalogue_and_each_has_an_endpoint() -> None:
    catalogue = load_catalogue()
    assert {name: one.columns for name, one in DATASETS.items()} == {
        one.name: one.column_names for one in catalogue.datasets if one.endpoint is not None
    }
    assert len(BY_ENDPOINT) == len(DATASETS) >= 21


@pytest.mark.parametrize("endpoint", list(BY_ENDPOINT))
def test_every_endpoint_gives_the_columns_of_its_seed_file(
    stand_in: StandIn, client: httpx.Client, endpoint: str
) -> None:
    sign_in(stand_in, client)
    response = client.get(fetch_url(stand_in, client, endpoint))
    assert response.headers["content-type"] == "text/csv"
    rows = list(csv.reader(io.StringIO(response.text)))
    assert tuple(rows[0]) == BY_ENDPOINT[endpoint].columns
    assert len(rows) > 1
    assert {len(row) for row in rows} == {len(rows[0])}
    keys = {row[1] for row in rows[1:]}
    assert keys <= ({"412000", "412003", "412006", "412009"} | {str(900000 + number) for number in range(5)})
    assert len({row[0] for row in rows[1:]}) == len(rows) - 1


def test_credentials_and_tokens(stand_in: StandIn, client: httpx.Client) -> None:
    address = f"{stand_in.fundata_auth_url}/authenticate"
    assert client.post(address, json={"key": "k", "secret": "invalid"}).status_code == 401
    assert client.post(address, json={"key": "k"}).status_code == 400
    assert client.post(address, content=b"{").status_code == 400
    data = f"{stand_in.fundata_api_url}/{LOADS}?fromdate=2025-01-01"
    assert client.get(data).status_code == 401
    sign_in(stand_in, client)
    assert client.get(data).status_code == 200
    bearer = {"Authorization": f"Bearer {client.headers['Authorization']}"}
    assert client.get(data, headers=bearer).status_code == 401


def test_a_token_expires_and_can_be_revoked(stand_in: StandIn, client: httpx.Client) -> None:
    data = f"{stand_in.fundata_api_url}/{LOADS}?fromdate=2025-01-01"
    stand_in.set_fundata(token_seconds=0.0)
    sign_in(stand_in, client)
    assert client.get(data).status_code == 401
    stand_in.set_fundata(token_seconds=60.0, revoke_next=1)
    sign_in(stand_in, client)
    assert client.get(data).status_code == 401
    sign_in(stand_in, client)
    assert client.get(data).status_code == 200


def test_parameters_are_checked(stand_in: StandIn, client: httpx.Client) -> None:
    sign_in(stand_in, client)
    base = stand_in.fundata_api_url
    assert client.get(f"{base}/{LOADS}").status_code == 400
    assert client.get(f"{base}/{LOADS}?fromdate=09/26/2025").status_code == 400
    assert client.get(f"{base}/fund/getgeneral?fromdate=2025-01-01&language=de").status_code == 400
    assert client.get(f"{base}/fund/getnothing?fromdate=2025-01-01").status_code == 403
    assert client.get(f"{base}/getresults/unknown").status_code == 404


def test_language_and_fromdate_choose_records(stand_in: StandIn, client: httpx.Client) -> None:
    sign_in(stand_in, client)
    both = fetch_rows(stand_in, client, "fund/getgeneral")
    french = fetch_rows(stand_in, client, "fund/getgeneral", language="fr")
    assert french == [row for row in both if row["Language"] == "FR"]
    recent = fetch_rows(stand_in, client, NAVPS, fromdate="2025-12-29")
    days = ["2025-12-29", "2025-12-30", "2025-12-31", "2026-01-02", "2026-01-05", "2026-01-06"]
    assert sorted({row["ChangeDate"] for row in recent}) == days
    corrected = [row for row in recent if row["Date"] < row["ChangeDate"]]
    assert len(corrected) == len(days)
    assert fetch_rows(stand_in, client, LOADS, fromdate="2030-01-01") == []


def test_values_move_like_those_of_a_fund(stand_in: StandIn, client: httpx.Client) -> None:
    sign_in(stand_in, client)
    moved = [float(row["NAVPSPercentChange"]) for row in fetch_rows(stand_in, client, NAVPS) if row["PreviousDate"]]
    assert len(moved) > 400
    assert max(abs(change) for change in moved) < 3


def test_a_day_later_only_adds(stand_in: StandIn, client: httpx.Client) -> None:
    sign_in(stand_in, client)
    before = fetch_rows(stand_in, client, "fund/gettopholding")
    values = fetch_rows(stand_in, client, NAVPS)
    stand_in.set_as_of("2026-01-07")
    after = fetch_rows(stand_in, client, "fund/gettopholding")
    changed = [row for row in after if row not in before]
    assert {row["ChangeDate"] for row in changed} == {"2026-01-07"}
    assert {row["RecordId"] for row in after} == {row["RecordId"] for row in before}
    more = [row for row in fetch_rows(stand_in, client, NAVPS) if row not in values]
    assert {row["ChangeDate"] for row in more} == {"2026-01-07"}
    assert len(more) == 4 + 1


def test_running_then_succeeded(stand_in: StandIn, client: httpx.Client) -> None:
    sign_in(stand_in, client)
    stand_in.set_fundata(pending_polls=2)
    execution_id = request_export(stand_in, client, LOADS)
    statuses = [poll(stand_in, client, execution_id)["status"] for _ in range(4)]
    assert statuses == ["Running", "Running", "Succeeded", "Succeeded"]
    stand_in.set_fundata(pending_polls=0, pending_seconds=30.0)
    assert poll(stand_in, client, request_export(stand_in, client, LOADS)) == {"status": "Running"}


def test_failed_empty_and_repeated_exports(stand_in: StandIn, client: httpx.Client) -> None:
    sign_in(stand_in, client)
    stand_in.set_fundata(pending_polls=0, fail_next=1)
    assert poll(stand_in, client, request_export(stand_in, client, LOADS)) == {"status": "Failed"}
    assert fetch_rows(stand_in, client, LOADS)
    stand_in.set_fundata(empty_next=1)
    assert client.get(fetch_url(stand_in, client, LOADS)).text == ",".join(DATASETS["FundLoads"].columns) + "\n"
    first, second = request_export(stand_in, client, LOADS), request_export(stand_in, client, LOADS)
    assert first != second
    stand_in.set_fundata(same_execution=True)
    first, second = request_export(stand_in, client, LOADS), request_export(stand_in, client, LOADS)
    assert first == second


def test_an_expired_link_is_replaced_by_a_new_request(stand_in: StandIn, client: httpx.Client) -> None:
    sign_in(stand_in, client)
    stand_in.set_fundata(pending_polls=0, expire_next=1)
    execution_id = request_export(stand_in, client, LOADS)
    refused = client.get(poll(stand_in, client, execution_id)["url"])
    assert refused.status_code == 403
    assert "Request has expired" in refused.text
    assert client.get(poll(stand_in, client, execution_id)["url"]).status_code == 200


def test_a_link_needs_no_token(stand_in: StandIn, client: httpx.Client) -> None:
    sign_in(stand_in, client)
    assert httpx.get(fetch_url(stand_in, client, LOADS)).status_code == 200


def test_a_cut_file(stand_in: StandIn, client: httpx.Client) -> None:
    sign_in(stand_in, client)
    stand_in.set_fundata(cut_next=1)
    url = fetch_url(stand_in, client, NAVPS)
    with pytest.raises(httpx.RemoteProtocolError):
        client.get(url)
    assert client.get(url).status_code == 200


def test_the_json_form(stand_in: StandIn, client: httpx.Client) -> None:
    sign_in(stand_in, client)
    plain = fetch_rows(stand_in, client, NAVPS)
    holdings = fetch_rows(stand_in, client, "fund/gettopholding")
    stand_in.set_fundata(format="json")
    text = client.get(fetch_url(stand_in, client, NAVPS)).text
    rows = json.loads(text, parse_float=str, parse_int=str)
    assert {row["api_version"] for row in rows} == {"2.1"}
    assert [row["identifier"] for row in rows] == [row["InstrumentKey"] for row in plain]
    assert [row["NAVPS"] for row in rows] == [row["NAVPS"] for row in plain]
    grouped = json.loads(client.get(fetch_url(stand_in, client, "fund/gettopholding")).text)
    assert len(grouped) == 4
    assert sum(len(row["holdings"]) for row in grouped) == len(holdings)
    assert all("RecordId" not in row for row in grouped)


def test_the_records_of_a_tree(tmp_path: Path, client: httpx.Client) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "quotes").mkdir()
    columns = DATASETS["FundLoads"].columns
    loads = [["7", "412003", "EN", "ABC1", "Open", "Front", "5.00", "Active", "2025-01-15"]]
    write_csv(tmp_path / "data/FundLoadsSeed.csv", [[name.lower() for name in columns], *loads, ["too", "short"]])
    navps = dict.fromkeys(DATASETS["FundDailyNAVPS"].columns, "") | {
        "RecordId": "41",
        "InstrumentKey": "412003",
        "Date": "12/31/2025",
        "NAVPS": "10.12345678",
        "RecordState": "Active",
        "ChangeDate": "2025-12-31",
    }
    write_csv(tmp_path / "quotes/FundDailyNAVPSSeed.csv", [list(navps), list(navps.values())])
    with run_stand_in(fundata_tree=tmp_path) as running:
        sign_in(running, client)
        first = fetch_rows(running, client, NAVPS)
        assert first[0] == navps
        assert [(row["RecordId"], row["Date"]) for row in first[1:]] == [
            ("42", "2026-01-02"),
            ("43", "2026-01-05"),
            ("44", "2026-01-06"),
        ]
        assert first[1]["PreviousNAVPS"] == "10.12345678"
        assert float(first[1]["NAVPS"]) == pytest.approx(10.12, rel=0.05)
        changed = fetch_rows(running, client, LOADS)
        assert [(row["RecordId"], row["InstrumentKey"]) for row in changed] == [("7", "412003")]
        assert changed[0]["ChangeDate"] > "2025-01-15"
        assert fetch_rows(running, client, "fund/getotherfees") == []


def write_csv(path: Path, rows: list[list[str]]) -> None:
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)
