"""Who reads the certificate authorities: a client of an https URL, and no other; nobody goes without verifying."""

from __future__ import annotations

import ssl
from collections.abc import Callable

import pytest

from harness.tls import tls as harness_tls
from messaging_stack.providers.http import provider_tls
from mock_providers.client.protocol import tls as mocks_tls


@pytest.mark.parametrize("tls", [harness_tls, mocks_tls, provider_tls])
@pytest.mark.parametrize(
    ("url", "reads"), [("http://127.0.0.1:4010", False), ("HTTP://localhost", False), ("https://api.twilio.com", True)]
)
def test_authorities_are_read_where_they_are_needed(
    tls: Callable[[str], ssl.SSLContext], url: str, reads: bool
) -> None:
    context = tls(url)
    assert bool(context.get_ca_certs()) is reads
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_one_provider_with_tls_is_enough() -> None:
    assert provider_tls("http://127.0.0.1:4010", "https://api.sendgrid.com").get_ca_certs()
