-- The store's own tables: what every command writes besides its room's rows.

-- What the rest of the house is told. `place` is the order in which consumers read: on SQLite the row id (one writer, so
-- insertion is commit order); on PostgreSQL given to committed rows by the sequencer, because there a later number may
-- commit earlier.
--sqlite CREATE TABLE outbox (place $serial, key BIGINT NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL, area_path TEXT, organisation_paths TEXT NOT NULL, at BIGINT NOT NULL);
--postgres CREATE TABLE outbox (position $serial, place BIGINT, key BIGINT NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL, area_path TEXT, organisation_paths TEXT NOT NULL, at BIGINT NOT NULL);
--postgres CREATE UNIQUE INDEX outbox_by_place ON outbox (place) WHERE place IS NOT NULL;
--postgres CREATE INDEX outbox_unplaced ON outbox (position) WHERE place IS NULL;
--postgres CREATE TABLE outbox_sequence (id $id, place BIGINT NOT NULL);
--postgres INSERT INTO outbox_sequence (id, place) VALUES (0, 0);

-- How far each consumer has come, and what it could not digest.
CREATE TABLE outbox_cursor (consumer $key NOT NULL PRIMARY KEY, place BIGINT NOT NULL);
CREATE TABLE outbox_parked (consumer $key NOT NULL, place BIGINT NOT NULL, key BIGINT NOT NULL, reason TEXT NOT NULL,
  parked_at BIGINT NOT NULL, PRIMARY KEY (consumer, place)) $clustered;
CREATE INDEX outbox_parked_by_key ON outbox_parked (consumer, key);

-- Handlers to wake at a time. `due_at` is when it was meant, `run_at` when it is tried next.
CREATE TABLE timer (id $id, kind TEXT NOT NULL, key BIGINT NOT NULL, due_at BIGINT NOT NULL, run_at BIGINT NOT NULL, body TEXT NOT NULL,
  tries BIGINT NOT NULL DEFAULT 0, holder TEXT, lease_until BIGINT NOT NULL DEFAULT 0, reason TEXT, is_parked BOOLEAN NOT NULL DEFAULT FALSE);
CREATE INDEX timer_by_run_at ON timer (run_at, id) WHERE is_parked = FALSE;

-- Answers already given, so that a repeated request gets the same one.
CREATE TABLE idempotency (id $id, caller BIGINT NOT NULL, key $key NOT NULL, operation TEXT NOT NULL, fingerprint $blob NOT NULL, answer TEXT NOT NULL);
CREATE UNIQUE INDEX idempotency_by_key ON idempotency (caller, key);

-- Who did what: one SM3 chain per writing connection (a lane), and signed checkpoints over all lane heads.
CREATE TABLE audit (lane BIGINT NOT NULL, seq BIGINT NOT NULL, at BIGINT NOT NULL, actor BIGINT NOT NULL, action TEXT NOT NULL,
  object BIGINT NOT NULL, detail TEXT NOT NULL, hash $blob NOT NULL, PRIMARY KEY (lane, seq)) $clustered;
CREATE TABLE audit_checkpoint (seq $id, at BIGINT NOT NULL, heads TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL,
  key_id TEXT NOT NULL, signature TEXT NOT NULL);

-- Which process has which node number, and the last id it is known to have given.
CREATE TABLE node (node $id, holder TEXT NOT NULL, seen_at BIGINT NOT NULL, last_id BIGINT NOT NULL);
