"""Request bodies that come packed: unpacked up to the size that an unpacked one may have."""

from __future__ import annotations

import zlib

from mock_providers.asgi import BODY_LIMIT, Request

_GZIP = 16 + zlib.MAX_WBITS
_MOST_FILES = 1000
"""Files behind one another: as many as a body has that was packed in blocks of 32 kB."""
_PIECE = 16 * 1024
"""Bytes unpacked in one go: what is left of it is copied where one file ends and the next begins."""


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
    try:
        body = _unpacked(packed)
    except zlib.error:
        return 400
    if body is None:
        request.too_large = True
        return 413
    request.body = body
    return None


def _unpacked(packed: bytes) -> bytes | None:
    """What was packed, in one file or several; None if it is too large. Raises zlib.error for what is none."""
    parts, size, files = [], 0, 0
    unpacking = None
    for start in range(0, len(packed), _PIECE):
        piece = packed[start : start + _PIECE]
        while piece:
            if unpacking is None:
                files += 1
                if files > _MOST_FILES:
                    raise zlib.error("too many files")
                unpacking = zlib.decompressobj(_GZIP)
            parts.append(unpacking.decompress(piece, BODY_LIMIT + 1 - size))
            size += len(parts[-1])
            if size > BODY_LIMIT:
                return None
            piece = unpacking.unused_data
            if unpacking.eof:
                unpacking = None
    if unpacking is not None or not files:
        raise zlib.error("not whole")
    return b"".join(parts)
