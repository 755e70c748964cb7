"""The Event Webhook's signature: ECDSA on P-256 over the timestamp and the exact bytes of the body."""

from __future__ import annotations

from base64 import b64encode

from mock_providers.spoilt import Signature, cut

SIGNATURE_HEADER = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP_HEADER = "X-Twilio-Email-Event-Webhook-Timestamp"


class SigningKey:
    """A key pair; made, or read from PEM: ValueError says what is wrong with it."""

    def __init__(self, pem: str | None = None) -> None:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec

        if pem is None:
            self._key = ec.generate_private_key(ec.SECP256R1())
        else:
            try:
                key = serialization.load_pem_private_key(pem.encode(), password=None)
            except (TypeError, ValueError, UnsupportedAlgorithm) as error:  # TypeError: it wants a password
                raise ValueError(str(error).split(". See ")[0]) from None
            if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
                raise ValueError("not an elliptic-curve key on P-256")
            self._key = key
        self.public_key = b64encode(
            self._key.public_key().public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        ).decode()
        """The public key as the vendor gives it out: base64 of the SPKI, without PEM lines."""

    @property
    def pem(self) -> str:
        """The private key, for keeping."""
        from cryptography.hazmat.primitives import serialization

        return self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()

    def sign(self, timestamp: str, body: bytes) -> str:
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec

        return b64encode(self._key.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))).decode()

    def headers(self, at: float, body: bytes, *, signature: Signature = "valid") -> dict[str, str]:
        """The headers of a body that is signed at a Unix time, or as the signature is to be bad."""
        if signature == "missing":
            return {}
        timestamp = str(int(at))
        key = SigningKey() if signature == "other-key" else self
        signed_at = str(int(at) - 1) if signature == "other-time" else timestamp
        signed = {"tampered": body + b" ", "other-body": b"[]"}.get(signature, body)
        headers = {SIGNATURE_HEADER: cut(key.sign(signed_at, signed), signature)}
        return headers if signature == "untimed" else {TIMESTAMP_HEADER: timestamp, **headers}
