"""One attempt to deliver one message: the provider is called, and what came of it becomes an outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

from messaging_stack.errors import DeliveryError, TransientDeliveryError
from messaging_stack.logs import get_logger
from messaging_stack.store.transitions import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from messaging_stack.providers.base import Outgoing, Provider
    from messaging_stack.retry import RetryPolicy

log = get_logger()


class Deliverer:
    """Calls the message's provider once. The worker does this; the synchronous mode does it in the API."""

    def __init__(self, *, providers: Mapping[str, Provider], retries: RetryPolicy) -> None:
        self._providers = providers
        self._retries = retries

    async def deliver(self, message: Outgoing, *, provider: str, retry_count: int, max_retries: int) -> Outcome:
        """Calls the provider; never raises for what the provider does."""
        carrier = self._providers[provider]
        try:
            provider_message_id = await carrier.send(message)
        except DeliveryError as error:
            return self.after_failure(message, error, retry_count=retry_count, max_retries=max_retries)
        log.info(
            f"Message sent via {carrier.title}", message_id=str(message.id), provider_message_id=provider_message_id
        )
        return Outcome(message_id=message.id, status="sent", provider_message_id=provider_message_id)

    def after_failure(self, message: Outgoing, error: DeliveryError, *, retry_count: int, max_retries: int) -> Outcome:
        """Another attempt later, or the end."""
        delay = self._retries.delay_s(error, retry_count=retry_count, max_retries=max_retries)
        if delay is not None:
            log.warning(
                "Message will be retried", message_id=str(message.id), error=str(error), retry_in_s=round(delay, 3)
            )
            return Outcome(message_id=message.id, status="retry", error=str(error), retry_in_s=delay)
        log.error("Message failed", message_id=str(message.id), error=str(error))
        exhausted = isinstance(error, TransientDeliveryError)
        return Outcome(message_id=message.id, status="failed", error=str(error), exhausted=exhausted)
