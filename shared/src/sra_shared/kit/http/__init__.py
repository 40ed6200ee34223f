"""What all HTTP clients of a process share: certificates, bounded bodies, exchanges, checks of untrusted addresses."""

from sra_shared.kit.http.addresses import RefusedAddressError, normalise_host
from sra_shared.kit.http.bodies import BodyError, BodyTooLargeError, Bound, iterate_body
from sra_shared.kit.http.outbound import find_proxy, is_direct, load_certificates, make_outbound_transport
from sra_shared.kit.http.request import (
    ExchangeError,
    HttpResponse,
    open_response,
    read_location,
    send_request,
    send_request_blocking,
)
from sra_shared.kit.http.retry_after import read_retry_after

__all__ = [
    "BodyError",
    "BodyTooLargeError",
    "Bound",
    "ExchangeError",
    "HttpResponse",
    "RefusedAddressError",
    "find_proxy",
    "is_direct",
    "iterate_body",
    "load_certificates",
    "make_outbound_transport",
    "normalise_host",
    "open_response",
    "read_location",
    "read_retry_after",
    "send_request",
    "send_request_blocking",
]
