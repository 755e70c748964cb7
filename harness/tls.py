"""TLS and HTTP version of the harness's clients: the authorities are read only where a URL needs them."""

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


def http1_too(url: str, *, http2: bool) -> bool:
    """Whether a client of `url` may speak HTTP/1.1, where it may speak HTTP/2.

    Over TLS the server chooses. Without it nobody can: HTTP/2 is spoken from the first byte (RFC 9113, section 3.3).
    """
    return not (http2 and url.lower().startswith("http:"))
