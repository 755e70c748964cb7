"""What is said in PostgreSQL's protocol, as bytes."""

from __future__ import annotations

SSL, GSS, CANCEL = 80877103, 80877104, 80877102
"""What a client may ask for before it begins, in PostgreSQL's own numbers."""
START = (8 + 10).to_bytes(4, "big") + (3 << 16).to_bytes(4, "big") + b"user\0me\0\0\0"


def message(kind: bytes, body: bytes) -> bytes:
    return kind + (len(body) + 4).to_bytes(4, "big") + body


def first(code: int, body: bytes = b"") -> bytes:
    """A message without a letter, as a client begins with."""
    return (8 + len(body)).to_bytes(4, "big") + code.to_bytes(4, "big") + body


def bind(portal: bytes, name: bytes, *values: bytes | None, formats: int = 0) -> bytes:
    given = b"".join(
        (-1).to_bytes(4, "big", signed=True) if value is None else len(value).to_bytes(4, "big") + value
        for value in values
    )
    counted = formats.to_bytes(2, "big") + bytes(2 * formats) + len(values).to_bytes(2, "big")
    return message(b"B", portal + b"\0" + name + b"\0" + counted + given + (0).to_bytes(2, "big"))


READY = {state: message(b"Z", state) for state in (b"I", b"T", b"E")}
SYNC = message(b"S", b"")


def query(text: bytes) -> bytes:
    return message(b"Q", text + b"\0")


def parse(name: bytes, text: bytes) -> bytes:
    return message(b"P", name + b"\0" + text + b"\0" + bytes(2))


def execute(portal: bytes = b"") -> bytes:
    return message(b"E", portal + b"\0" + bytes(4))


def complete(tag: bytes) -> bytes:
    return message(b"C", tag + b"\0")
