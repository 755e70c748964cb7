"""Of a provider's failures: tried again, given up, told."""

from __future__ import annotations

from typing import Any

from tests.quality.defects.defect import Defect


def refusal_of(change: Any) -> None:
    """Lets `change` make another error of what an answer other than 2xx means, for both providers."""
    from messaging_stack.providers import sendgrid, twilio

    for module in (sendgrid, twilio):
        refusal = module.refusal
        module.refusal = lambda response, refusal=refusal, **more: change(refusal(response, **more), response)


def permanent(error: Any) -> Any:
    from messaging_stack.errors import PermanentDeliveryError

    return PermanentDeliveryError(str(error), code=error.code, http_status=error.http_status)


def final_at_sendgrid() -> None:
    """A 503 of SendGrid's is final: only Twilio's client was given the list of what passes."""
    from messaging_stack.providers import sendgrid

    refusal = sendgrid.refusal
    sendgrid.refusal = lambda response, **more: permanent(refusal(response, **more))


def gateways_are_final() -> None:
    """502 and 504 aren't in the list of what passes."""
    refusal_of(lambda error, response: permanent(error) if response.status_code in (502, 504) else error)


def rate_limits_are_final() -> None:
    """A 429 is a 4xx, and those are for good."""
    refusal_of(lambda error, response: permanent(error) if response.status_code == 429 else error)


def broken(*, of: str, makes: Any) -> None:
    """Lets `makes` make another error of a call that came to no answer, where its words are such."""
    from messaging_stack.errors import TransientDeliveryError
    from messaging_stack.providers.http import Endpoint

    post = Endpoint.post

    async def posted(self: Any, content: bytes) -> Any:
        try:
            return await post(self, content)
        except TransientDeliveryError as error:
            if of in str(error):
                raise makes(error) from error
            raise

    Endpoint.post = posted


def lost_connections_are_final() -> None:
    """A connection that is lost during a call is an error like any other: the message is failed."""
    broken(of="no answer from the provider:", makes=permanent)


def timeouts_are_final() -> None:
    """A call that takes too long fails its message."""
    broken(of="within", makes=permanent)


def half_answers_end_the_task() -> None:
    """An answer that breaks off raises what nobody catches: the row stays `sending`, and the entry pending."""
    broken(of="no answer from the provider:", makes=lambda error: RuntimeError(str(error)))


def never_gives_up_a_call() -> None:
    """A client without a timeout."""
    from messaging_stack.providers.http import Endpoint

    init = Endpoint.__init__

    def made(self: Any, *arguments: Any, **more: Any) -> None:
        init(self, *arguments, **{**more, "timeout_s": 3600.0})

    Endpoint.__init__ = made


def hasty() -> None:
    """A timeout in milliseconds that was meant in seconds: who is slow is called again and again."""
    from messaging_stack.providers.http import Endpoint

    init = Endpoint.__init__

    def made(self: Any, *arguments: Any, **more: Any) -> None:
        init(self, *arguments, **{**more, "timeout_s": more["timeout_s"] / 10})

    Endpoint.__init__ = made


def ignores_retry_after() -> None:
    """The provider asks to wait, and the stack's own pause is all that it waits."""
    refusal_of(_without_wait)


def _without_wait(error: Any, _: Any) -> Any:
    if hasattr(error, "retry_after_s"):
        error.retry_after_s = None
    return error


def waits_for_rate_limits_alone() -> None:
    """Retry-After is read of a 429, and a 503 has one, too."""
    refusal_of(lambda error, response: error if response.status_code == 429 else _without_wait(error, response))


def ignores_dates() -> None:
    """Only seconds are read of Retry-After."""
    refusal_of(lambda e, r: e if r.headers.get("Retry-After", "").isdecimal() else _without_wait(e, r))


def dates_crash() -> None:
    """A Retry-After is taken for a number; a date raises, and nobody catches that."""

    def read(error: Any, response: Any) -> Any:
        float(response.headers.get("Retry-After", "0"))
        return error

    refusal_of(read)


def milliseconds() -> None:
    """Retry-After is taken for milliseconds."""

    def read(error: Any, _: Any) -> Any:
        if getattr(error, "retry_after_s", None):
            error.retry_after_s /= 1000
        return error

    refusal_of(read)


def recorded(change: Any) -> None:
    """Lets `change` make another outcome of each that is written down."""
    from messaging_stack.worker.ledger import Recorder

    record = Recorder.record

    async def changed(self: Any, outcome: Any, *, provider: str) -> bool:
        return await record(self, change(outcome), provider=provider)

    Recorder.record = changed


def reason_lost() -> None:
    """The row says that it failed, and not why."""
    from dataclasses import replace

    recorded(lambda outcome: replace(outcome, error=None))


def reason_is_general() -> None:
    """The row says that something went wrong, and not what: the provider's words are in a log."""
    from dataclasses import replace

    recorded(lambda outcome: replace(outcome, error=outcome.error and "The message could not be delivered."))


def reason_cut() -> None:
    """The reason is cut to what its column was made for."""
    from dataclasses import replace

    recorded(lambda outcome: replace(outcome, error=outcome.error and outcome.error[:8]))


def reason_of_mail_lost() -> None:
    """SendGrid's errors are looked for where Twilio's stand."""
    from messaging_stack.providers import sendgrid

    refusal = sendgrid.refusal
    sendgrid.refusal = lambda response, **_: refusal(response, message="unknown error", code=None)


def transient(error: Any) -> Any:
    from messaging_stack.errors import TransientDeliveryError

    return TransientDeliveryError(str(error), code=error.code, http_status=error.http_status)


def refusals_are_retried() -> None:
    """Whatever isn't 2xx is tried again, a number that doesn't exist too."""
    refusal_of(lambda error, _: transient(error))


def credentials_are_retried() -> None:
    """A 401 or 403 is taken for something that passes."""
    refusal_of(lambda error, response: transient(error) if response.status_code in (401, 403) else error)


def any_success_is_taken() -> None:
    """A 2xx is a success, whatever is in it: a proxy's page was taken for the provider's answer."""
    from messaging_stack.providers.sendgrid import SendGridClient
    from messaging_stack.providers.twilio import TwilioClient

    for client in (TwilioClient, SendGridClient):
        send = client.send

        async def sent(self: Any, message: Any, send: Any = send) -> Any:
            try:
                return await send(self, message)
            except Exception as error:
                if "which isn't an answer" in str(error):
                    return None
                raise

        client.send = sent


def garbage_ends_the_task() -> None:
    """What is no JSON raises what nobody catches: the row stays `sending`."""
    from messaging_stack.providers import sendgrid, twilio

    for module in (sendgrid, twilio):
        module.not_understood = lambda response, title: ValueError("expected value: line 1 column 1 (char 0)")


def second_try(change: Any) -> None:
    """Lets `change` make another message of what is tried again."""
    from messaging_stack.worker.processor import Processor

    deliver = Processor._deliver

    async def delivered(self: Any, entry: Any, row: Any) -> None:
        await deliver(self, entry, {**dict(row), **change(row)} if row["retry_count"] else row)

    Processor._deliver = delivered


def retry_loses_the_body() -> None:
    """What is tried again is made of the entry, which never had the text."""
    second_try(lambda row: {"body": ""})


def retry_loses_the_media() -> None:
    """The second try knows nothing of pictures."""
    second_try(lambda row: {"attachments": []})


def retry_goes_to_the_sender() -> None:
    """The second try is made with the addresses the wrong way round."""
    second_try(lambda row: {"to_address": row["from_address"], "from_address": row["to_address"]})


def below_400_is_success() -> None:
    """Whatever isn't an error is a success, a redirection too."""
    from messaging_stack.providers import sendgrid, twilio

    for _, client in ((sendgrid, sendgrid.SendGridClient), (twilio, twilio.TwilioClient)):
        send = client.send

        async def sent(self: Any, message: Any, send: Any = send) -> Any:
            try:
                return await send(self, message)
            except Exception as error:
                if 300 <= (getattr(error, "http_status", None) or 0) < 400:
                    return None
                raise

        client.send = sent


def pages_of_refusals_end_the_task() -> None:
    """What a refusal says is read as JSON, and where it is none nobody catches that."""

    def read(error: Any, response: Any) -> Any:
        if response.status_code < 500:
            response.json()
        return error

    refusal_of(read)


def defect(name: str, because: str, install: Any, **more: Any) -> Defect:
    return Defect(name=name, caught_by="provider-failures", because=because, install=install, **more)


DEFECTS: tuple[Defect, ...] = (
    defect("SendGrid's 503 is final", "an answer 503 of sendgrid was taken for the last word", final_at_sendgrid),
    defect("gateways are final", "an answer 502 of", gateways_are_final),
    defect("rate limits are final", "an answer 429 of", rate_limits_are_final),
    defect("lost connections are final", "a connection that was reset of", lost_connections_are_final),
    defect("timeouts are final", "a timeout of", timeouts_are_final),
    defect("half an answer ends the task", "it was not tried again within", half_answers_end_the_task),
    defect("never gives up a call", "never given up", never_gives_up_a_call),
    defect("hasty", "a call was given up after 0.3", hasty),
    defect("ignores Retry-After", "which asked to wait: Retry-After 1", ignores_retry_after),
    defect("ignores dates", "GMT", ignores_dates),
    defect("dates crash", "it was not tried again within", dates_crash),
    defect("milliseconds", "which asked to wait: Retry-After 1", milliseconds),
    defect("reason lost", "nothing says why", reason_lost),
    defect("reason is general", "says 'The message could not be delivered.'", reason_is_general),
    defect("reason cut", "says 'HTTP 400'", reason_cut),
    defect("reason of mail lost", "unknown error", reason_of_mail_lost),
    defect("refusals are retried", "it was called 6 times", refusals_are_retried),
    defect("credentials are retried", "it was called 6 times", credentials_are_retried),
    defect("any success is taken", "no provider ever accepted it", any_success_is_taken),
    defect("garbage ends the task", "that isn't the provider's it was not tried again", garbage_ends_the_task),
    defect("a retry loses the body", "the call carried ''", retry_loses_the_body),
    defect("a retry loses the media", "the call carried media []", retry_loses_the_media),
    defect("a retry goes to the sender", "the call went to", retry_goes_to_the_sender),
    defect("waits for rate limits alone", "an answer 503, which asked to wait", waits_for_rate_limits_alone),
    defect("below 400 is success", "sent-is-earned", below_400_is_success),
    defect("pages of refusals end the task", "nothing more was done", pages_of_refusals_end_the_task),
)
