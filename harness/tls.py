"""TLS of the harness's HTTP clients: the certificate authorities are read only where a URL needs them."""

from __future__ import annotations

import ssl

import httpx


def tls(url: str) -> ssl.SSLContext:
    """What a client of `url` verifies with.

    httpx reads all authorities for each client, which takes 40 ms of CPU and more. A client that speaks plain HTTP gets
    a context that trusts nobody instead: TLS, should it come to that, is refused.
    """
    if url.lower().startswith("http:"):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return httpx.create_ssl_context(trust_env=False)
