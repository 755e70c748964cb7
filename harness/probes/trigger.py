"""The SQL that the harness puts into a stack's database to see every change of a message's row.

The trigger writes into a table of ours and notifies nobody. NOTIFY takes a lock of the whole cluster at each commit, so
that no two transactions commit together: measured with eight clients, 40 % of the rate without a trigger were left, and
65 % where it only writes. And a transaction that has notified can't be prepared. The probe reads on its own account.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.probes.probe import TOKEN
from harness.probes.relation import Relation, quote

PREFIX = "messaging_harness_"
UNREAD = 100_000
"""So many rows are written after the reader was last alive: about 15 MB are all that a killed harness may cost."""

SCHEMA = """
CREATE SCHEMA {schema};
CREATE SEQUENCE {schema}.number;
CREATE SEQUENCE {schema}.alive;
CREATE UNLOGGED TABLE {schema}.transition (
    sequence bigint NOT NULL DEFAULT nextval('{schema}.number'),
    tx xid8 NOT NULL DEFAULT pg_current_xact_id(),
    op text NOT NULL, place text, message_id text, old text, new text, provider_id text, direction text, token text,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    application text NOT NULL DEFAULT current_setting('application_name')
);
CREATE INDEX ON {schema}.transition (tx);
INSERT INTO {schema}.transition (op) VALUES ('BEGIN');
CREATE FUNCTION {schema}.record() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS {tag}
DECLARE
    before text := NULL;
    after text := NULL;
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO {schema}.transition (op, place, message_id, old)
        SELECT TG_OP, TG_ARGV[0], OLD.{id}::text, OLD.{status}::text {room};
        RETURN NULL;
    ELSIF TG_OP = 'TRUNCATE' THEN
        INSERT INTO {schema}.transition (op) SELECT TG_OP {room};
        RETURN NULL;
    END IF;
    after := NEW.{status}::text;
    IF TG_OP = 'UPDATE' THEN
        before := OLD.{status}::text;
        IF before IS NOT DISTINCT FROM after{same} THEN RETURN NULL; END IF;
    END IF;
    INSERT INTO {schema}.transition (op, place, message_id, old, new, provider_id, direction, token)
    SELECT TG_OP, TG_ARGV[0], NEW.{id}::text, before, after, {provider_id}, {direction}, {token} {room};
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    -- observing must never break what is observed; what was missed is told
    BEGIN
        INSERT INTO {schema}.transition (op, new) SELECT 'MISSED', SQLERRM {room};
    EXCEPTION WHEN OTHERS THEN NULL;  -- the reader finds out that it can't read either
    END;
    RETURN NULL;
END {tag};
"""

# sequences tell at once and outside of transactions; to look whether our lock is held costs far more
ROOM = "FROM {schema}.number AS n, {schema}.alive AS a WHERE n.last_value - a.last_value < {unread}"

# a snapshot names the transactions that were under way, prepared ones too: what is new is theirs, or of later ones.
# A change is there for others from its commit on; where PostgreSQL doesn't note when that was, it was before we saw it.
READ = """
SELECT s.snapshot::text AS snapshot, s.number, t.op, t.sequence, t.tx::text AS tx, t.place, t.message_id, t.old, t.new,
    t.provider_id, t.direction, t.token, t.application AS by, extract(epoch FROM t.at)::float8 AS at,
    extract(epoch FROM CASE WHEN current_setting('track_commit_timestamp')::boolean
        THEN pg_xact_commit_timestamp(t.tx::xid) END)::float8 AS committed,
    extract(epoch FROM s.now)::float8 AS read
FROM (
    SELECT pg_current_snapshot() AS snapshot, last_value AS number, clock_timestamp() AS now FROM {schema}.number
) AS s
LEFT JOIN {schema}.transition AS t
    ON t.tx >= $1::text::xid8 OR t.tx = ANY ($2::text[]::xid8[])
ORDER BY t.sequence LIMIT $3
"""
ALIVE = "SELECT setval('{schema}.alive', $1) AS alive, (SELECT last_value FROM {schema}.number) AS number"
KEPT = "SELECT EXISTS (SELECT FROM {schema}.transition WHERE op = 'BEGIN')"
MUTE = """
CREATE OR REPLACE FUNCTION {schema}.record() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'
"""


def schema_sql(schema: str, columns: Mapping[str, str]) -> str:
    """All that needs no lock on the stack's table: schema, table of transitions, function."""
    new = {role: f"NEW.{quote(name)}::text" for role, name in columns.items()}
    provider = quote(columns["provider_id"]) if "provider_id" in new else None
    pattern = TOKEN.pattern.replace(r"\b", r"\M")
    return SCHEMA.format(
        schema=schema,
        tag=f"${schema}$",  # nobody can have put this run's random name into the name of a column
        id=quote(columns["id"]),
        status=quote(columns["status"]),
        same=f" AND OLD.{provider}::text IS NOT DISTINCT FROM NEW.{provider}::text" if provider else "",
        provider_id=new.get("provider_id", "NULL"),
        direction=new.get("direction", "NULL"),
        token=f"substring({new['body']} from '{pattern}')" if "body" in new else "NULL",
        room=ROOM.format(schema=schema, unread=UNREAD),
    )


def trigger_sql(schema: str, relation: Relation, *, place: int = 0) -> list[str]:
    """What locks the stack's table for a moment; `place` tells its rows from those of another table.

    No WHEN and no column is named: PostgreSQL would then refuse the application's ALTER TABLE of that column. The name
    sorts first, so that what another trigger does to a row afterwards is recorded after it. Row triggers reach the
    partitions of a table by themselves, but neither plain inheritance nor TRUNCATE does.
    """
    name, truncated = quote(f"!{schema}"), quote(f"!{schema}_truncate")
    every = list(relation.members.values())
    rows = [relation.members[relation.oid]] if relation.partitioned else every
    call = f"EXECUTE FUNCTION {schema}.record({place})"
    made = [(table, name, f"AFTER INSERT OR UPDATE OR DELETE ON {table} FOR EACH ROW {call}") for table in rows]
    made += [(table, truncated, f"AFTER TRUNCATE ON {table} FOR EACH STATEMENT {call}") for table in every]
    statements = [f"CREATE TRIGGER {trigger} {what}" for _, trigger, what in made]
    if relation.owned:  # rows written under session_replication_role = replica are rows, too
        statements += [f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}" for table, trigger, _ in made]
    return statements
