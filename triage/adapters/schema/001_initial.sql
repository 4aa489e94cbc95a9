CREATE TABLE runs (
    seq INTEGER PRIMARY KEY,
    run_id TEXT NOT NULL UNIQUE,
    fingerprint TEXT NOT NULL,
    started TEXT NOT NULL,
    since TEXT,
    until TEXT,
    status TEXT NOT NULL,
    published INTEGER UNIQUE,       -- order of publication, null = nothing of this run may be read
    complete INTEGER NOT NULL DEFAULT 1,
    alerts INTEGER NOT NULL DEFAULT 0,
    timeless INTEGER NOT NULL DEFAULT 0,
    first_time INTEGER,             -- of its alerts, microseconds
    last_time INTEGER,
    counts TEXT NOT NULL DEFAULT '{}',
    summary BLOB
);
CREATE INDEX runs_open ON runs (fingerprint, status);
CREATE INDEX runs_time ON runs (last_time, first_time) WHERE published IS NOT NULL;

CREATE TABLE incident_bodies (      -- content-addressed: an incident that did not change costs nothing in the next run
    hash BLOB PRIMARY KEY,
    body BLOB NOT NULL              -- zstd of the JSON without rank
) WITHOUT ROWID;
CREATE TABLE incidents (
    run INTEGER NOT NULL REFERENCES runs (seq),
    rank INTEGER NOT NULL,
    incident_id TEXT NOT NULL,
    disposition TEXT NOT NULL,
    urgency REAL NOT NULL,
    title TEXT NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    alert_count INTEGER NOT NULL,
    hash BLOB NOT NULL REFERENCES incident_bodies (hash),
    PRIMARY KEY (run, rank)
) WITHOUT ROWID;
CREATE INDEX incidents_id ON incidents (incident_id, run);

CREATE TABLE activities (
    activity TEXT PRIMARY KEY,
    last INTEGER NOT NULL,
    body BLOB NOT NULL              -- zstd of the row as JSON
) WITHOUT ROWID;
CREATE INDEX activities_last ON activities (last);

CREATE TABLE placements (
    activity TEXT PRIMARY KEY,
    incident_id TEXT NOT NULL,
    outcome TEXT NOT NULL,
    run INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX placements_incident ON placements (incident_id);

CREATE TABLE sightings (
    day INTEGER NOT NULL,
    signature TEXT NOT NULL,
    principal TEXT NOT NULL,
    run INTEGER NOT NULL,
    count INTEGER NOT NULL,
    hours INTEGER NOT NULL,         -- bit h set: seen in hour h of the day
    PRIMARY KEY (day, signature, principal, run)
) WITHOUT ROWID;
CREATE TABLE baseline_versions (
    version INTEGER PRIMARY KEY,    -- the run that made it
    added INTEGER NOT NULL          -- sightings it added
);

CREATE TABLE vectors (
    model TEXT NOT NULL,
    hash TEXT NOT NULL,
    vector BLOB NOT NULL,           -- float32, little endian
    PRIMARY KEY (model, hash)
) WITHOUT ROWID;

CREATE TABLE watermarks (source TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    time TEXT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    detail TEXT NOT NULL,
    hash TEXT NOT NULL
);
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
