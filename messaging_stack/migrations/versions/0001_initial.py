"""The first schema."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE conversations (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        channel text NOT NULL,
        participants text[] NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        UNIQUE (channel, participants)
    )
    """,
    "CREATE INDEX conversations_recent ON conversations (updated_at DESC, id)",
    """
    CREATE TABLE messages (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        conversation_id uuid NOT NULL REFERENCES conversations (id),
        provider text NOT NULL,
        provider_message_id text,
        direction text NOT NULL CHECK (direction IN ('outbound', 'inbound')),
        status text NOT NULL CHECK (
            status IN ('pending', 'sending', 'retry', 'sent', 'delivered', 'failed', 'received')),
        message_type text NOT NULL CHECK (message_type IN ('sms', 'mms', 'email')),
        body text NOT NULL DEFAULT '',
        attachments text[] NOT NULL DEFAULT '{}',
        from_address text NOT NULL,
        to_address text NOT NULL,
        metadata jsonb NOT NULL DEFAULT '{}',
        retry_count integer NOT NULL DEFAULT 0,
        max_retries integer NOT NULL DEFAULT 0,
        retry_after timestamptz,
        claim text,
        sent_at timestamptz,
        delivered_at timestamptz,
        failed_at timestamptz,
        error_message text,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        UNIQUE (provider, provider_message_id)
    ) WITH (fillfactor = 80)
    """,
    "COMMENT ON COLUMN messages.claim IS 'the stream entry that the attempt under way, or the last one, was made for'",
    "CREATE INDEX messages_recent ON messages (created_at DESC, id)",
    "CREATE INDEX messages_of_conversation ON messages (conversation_id, created_at DESC)",
    """
    CREATE TABLE message_events (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        message_id uuid NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
        event_type text NOT NULL,
        old_status text,
        new_status text NOT NULL,
        detail text,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp()
    )
    """,
    "CREATE INDEX message_events_of_message ON message_events (message_id, id)",
    """
    CREATE TABLE outbox (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        message_id uuid NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
        available_at timestamptz NOT NULL DEFAULT now(),
        owner integer,
        created_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    "COMMENT ON COLUMN outbox.owner IS"
    " 'the process that is publishing it; it holds an advisory lock of this number while it lives'",
    "CREATE INDEX outbox_due ON outbox (available_at)",
    "CREATE SEQUENCE outbox_owner AS integer CYCLE",
    """
    CREATE TABLE idempotency_keys (
        key text PRIMARY KEY,
        request_hash text NOT NULL,
        message_id uuid NOT NULL REFERENCES messages (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
        created_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    """
    CREATE TABLE webhook_logs (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        provider text NOT NULL,
        kind text NOT NULL,
        provider_message_id text,
        status text,
        detail text,
        payload jsonb NOT NULL,
        received_at timestamptz NOT NULL DEFAULT now(),
        applied_at timestamptz
    )
    """,
    "CREATE INDEX webhook_logs_waiting ON webhook_logs (provider, provider_message_id)"
    " WHERE status IS NOT NULL AND applied_at IS NULL",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    for table in ("webhook_logs", "idempotency_keys", "outbox", "message_events", "messages", "conversations"):
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP SEQUENCE outbox_owner")
