"""Request bodies that come packed: unpacked up to the size that an unpacked one may have."""

from __future__ import annotations

import zlib

from mock_providers.asgi import BODY_LIMIT, Request

_GZIP = 16 + zlib.MAX_WBITS


def unpack(request: Request) -> int | None:
    """Unpacks the body in its place; otherwise the status with which it is refused, and the body is gone.

    415 for another encoding than gzip, 400 for what is no gzip, 413 for what grows beyond the limit.
    """
    encoding = request.header(b"content-encoding")
    if not encoding or encoding.lower() == b"identity":
        return None
    packed, request.body = request.body, b""
    if encoding.lower() not in {b"gzip", b"x-gzip"}:
        return 415
    parts, size = [], 0
    try:
        while packed:
            # a file may be several, one behind the other
            unpacking = zlib.decompressobj(_GZIP)
            part = unpacking.decompress(packed, BODY_LIMIT + 1 - size)
            size += len(part)
            if size > BODY_LIMIT:
                request.too_large = True
                return 413
            if not unpacking.eof:
                return 400
            parts.append(part)
            packed = unpacking.unused_data
    except zlib.error:
        return 400
    request.body = b"".join(parts)
    return None if parts else 400
