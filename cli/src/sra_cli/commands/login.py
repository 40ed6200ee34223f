"""`./sra login`: prints a link that logs a browser in, which saves typing the token."""

from __future__ import annotations

from sra_cli.commands.refresh import find_target
from sra_cli.gateway_client import GatewayClient
from sra_cli.home import Home
from sra_cli.output import HomeOption, JsonOption, Output
from sra_cli.settings import read_settings
from sra_shared.kit.settings import ScheduleSettings


def login(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Print a link that logs a browser in to the dashboard, once, within ten minutes. The code is in the fragment.

    The link uses DASHBOARD_URL if it is set, otherwise the gateway's own address.
    """
    output = Output(as_json=as_json)
    target = find_target(Home(home))
    with GatewayClient(target.gateway_url, target.token) as client:
        link = client.make_login_link(read_settings(ScheduleSettings).dashboard_url)
    if not as_json:
        output.console.print(f"Dashboard: {link}", markup=False, soft_wrap=True)
        output.print_note("The link logs in once, within ten minutes.")
    output.finish({"status": "completed", "link": link})
