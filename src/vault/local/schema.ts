/** SQLite's `application_id`: "pamv", so that `file` and we know the file. */
export const APPLICATION_ID = 0x70616d76;
/** SQLite's `user_version`. A newer one is refused (PAM5004); an older one would be migrated when it is opened. */
export const FORMAT_VERSION = 1;

/**
 * `record.body` is canonical JSON without the MAC, so that the MAC is checked over the very bytes that are stored, and what the
 * indexes need is read out of it: there is no second copy that could differ. README.md explains every column.
 */
export const SCHEMA = `
CREATE TABLE meta (name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE record (id TEXT PRIMARY KEY, body TEXT NOT NULL, mac TEXT NOT NULL) STRICT;
CREATE UNIQUE INDEX record_address ON record (body ->> '$.owner.project', body ->> '$.owner.environment', body ->> '$.address');

CREATE TABLE secret (
  record TEXT NOT NULL, field TEXT NOT NULL, version TEXT NOT NULL, sealed BLOB NOT NULL,
  PRIMARY KEY (record, field, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (sequence INTEGER PRIMARY KEY, body TEXT NOT NULL, hash TEXT NOT NULL, mac TEXT NOT NULL) STRICT;

CREATE TABLE lease (scope TEXT PRIMARY KEY, epoch INTEGER NOT NULL, expires_at INTEGER NOT NULL, holder TEXT, process TEXT) STRICT;

CREATE TABLE attempt (
  ticket TEXT PRIMARY KEY, record TEXT NOT NULL, version TEXT NOT NULL, at INTEGER NOT NULL, state TEXT NOT NULL
) STRICT;
CREATE INDEX attempt_record ON attempt (record, at);
CREATE TABLE refusal (version TEXT PRIMARY KEY, record TEXT NOT NULL, code TEXT NOT NULL, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE run (
  id TEXT PRIMARY KEY, digest TEXT NOT NULL, started_at TEXT NOT NULL, finished_at TEXT, exit INTEGER,
  header TEXT NOT NULL, changes TEXT NOT NULL, plan TEXT NOT NULL
) STRICT;
CREATE INDEX run_digest ON run (digest);
CREATE TABLE ledger (sequence INTEGER PRIMARY KEY, run TEXT NOT NULL, entry TEXT NOT NULL) STRICT;
CREATE INDEX ledger_run ON ledger (run);
`;
