// The table of texts.
import pg from 'pg';
import { databaseUrl } from './settings.js';

const pool = new pg.Pool({ connectionString: databaseUrl });

export async function migrate() {
  await pool.query(`
    CREATE TABLE IF NOT EXISTS texts (
      ref bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      recipient text NOT NULL,
      message text NOT NULL,
      status text NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'handed over', 'refused')),
      published boolean NOT NULL DEFAULT false,
      "twilioSid" text,
      error text,
      created timestamptz NOT NULL DEFAULT now()
    )`);
}

export async function add(recipient, message) {
  const { rows } = await pool.query('INSERT INTO texts (recipient, message) VALUES ($1, $2) RETURNING ref', [
    recipient,
    message,
  ]);
  return rows[0].ref;
}

export async function find(ref) {
  const { rows } = await pool.query('SELECT * FROM texts WHERE ref = $1', [ref]);
  return rows[0];
}

// Moves a text on, if nobody has done so before.
export async function finish(ref, status, { sid = null, error = null } = {}) {
  await pool.query(`UPDATE texts SET status = $2, "twilioSid" = $3, error = $4 WHERE ref = $1 AND status = 'waiting'`, [
    ref,
    status,
    sid,
    error,
  ]);
}

export async function markPublished(ref) {
  await pool.query('UPDATE texts SET published = true WHERE ref = $1', [ref]);
}

export async function unpublished() {
  const { rows } = await pool.query('SELECT ref FROM texts WHERE NOT published ORDER BY ref');
  return rows.map((row) => row.ref);
}

export async function close() {
  await pool.end();
}
