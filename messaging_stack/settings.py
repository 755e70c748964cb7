"""Every setting, read from the environment: the upper-case name of each field below."""

from __future__ import annotations

import os
import socket
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from messaging_stack.errors import SettingsError


class Settings(BaseSettings):
    """The stack's settings; durations end in their unit, secrets never show in a repr."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, env_ignore_empty=True)

    postgres_host: str = "127.0.0.1"
    postgres_port: int = Field(default=5432, ge=1, le=65535)
    postgres_user: str = "messaging"
    postgres_password: SecretStr = SecretStr("")
    postgres_db: str = "messaging"
    postgres_pool_size: int = Field(default=16, ge=1, le=200)

    redis_host: str = "127.0.0.1"
    redis_port: int = Field(default=6379, ge=1, le=65535)
    redis_password: SecretStr | None = None
    redis_db: int = Field(default=0, ge=0)
    redis_publish_timeout_s: float = Field(
        default=30.0, gt=0, description="How long an XADD may take before it is handed to the relay"
    )

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535, description="0 picks a free one; the log says which")
    public_url: str = Field(
        default="http://127.0.0.1:8080", description="Where the providers reach the API; signatures cover it"
    )
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    sync_message_processing: bool = Field(
        default=False, description="Calls the provider while the client waits: the wrong way"
    )
    webhook_signatures: Literal["required", "off"] = "required"
    inbound_parse_token: SecretStr | None = Field(
        default=None, description="If set, inbound mail must carry it as ?token="
    )
    sendgrid_webhook_public_key: str | None = Field(default=None, description="Base64 SPKI, as SendGrid shows it")

    twilio_base_url: str = "https://api.twilio.com"
    twilio_account_sid: str = ""
    twilio_auth_token: SecretStr = SecretStr("")
    sendgrid_base_url: str = "https://api.sendgrid.com"
    sendgrid_api_key: SecretStr = SecretStr("")
    provider_timeout_s: float = Field(default=10.0, gt=0)
    email_default_subject: str = "(no subject)"

    worker_name: str = Field(default_factory=lambda: f"{socket.gethostname()}-{os.getpid()}", min_length=1)
    worker_concurrency: int = Field(default=128, ge=1, le=4096)
    worker_batch: int = Field(default=100, ge=1, le=4096)
    worker_block_ms: int = Field(default=5000, ge=1)
    worker_claim_idle_ms: int = Field(default=30_000, ge=10, description="An entry that idles so long has a dead owner")
    worker_metrics_port: int | None = Field(
        default=None, ge=1, le=65535, description="If set, the worker serves /metrics there"
    )
    shutdown_timeout_s: float = Field(default=20.0, gt=0, description="How long a stop waits for what is under way")

    max_retries: int = Field(default=5, ge=0, le=100)
    retry_base_s: float = Field(default=1.0, gt=0)
    retry_max_s: float = Field(default=300.0, gt=0)

    @field_validator("public_url", "twilio_base_url", "sendgrid_base_url")
    @classmethod
    def _http_url(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("expected an http:// or https:// URL with a host")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _retry_bounds(self) -> Settings:
        if self.retry_max_s < self.retry_base_s:
            raise ValueError("RETRY_MAX_S must not be less than RETRY_BASE_S")
        return self

    def require_provider_credentials(self) -> None:
        """Fails where a process that calls providers couldn't."""
        values = {
            "TWILIO_ACCOUNT_SID": self.twilio_account_sid,
            "TWILIO_AUTH_TOKEN": self.twilio_auth_token.get_secret_value(),
            "SENDGRID_API_KEY": self.sendgrid_api_key.get_secret_value(),
        }
        missing = [name for name, value in values.items() if not value]
        if missing:
            raise SettingsError(
                f"{', '.join(missing)} not set: this process calls the providers; set each in the environment"
            )


def load_settings() -> Settings:
    """Reads the environment; raises SettingsError with one line that names every bad setting."""
    try:
        return Settings()
    except ValidationError as error:
        complaints = "; ".join(
            f"{'_'.join(str(part) for part in found['loc']).upper() or 'settings'}: {found['msg']}"
            for found in error.errors(include_input=False, include_url=False)
        )
        raise SettingsError(f"bad settings: {complaints}") from None
