ALTER TABLE runs ADD COLUMN revises TEXT;   -- run_id of the night whose incidents an analyst regrouped; null = a night

CREATE TABLE lineage (              -- how an incident of a run came out of those of the run before
    run INTEGER NOT NULL REFERENCES runs (seq),
    change TEXT NOT NULL CHECK (change IN ('split', 'merged', 'shrunk')),
    incident_id TEXT NOT NULL,
    origin TEXT NOT NULL,           -- the incident that its activities were in before
    decided INTEGER NOT NULL,       -- the last decision made until then
    alerts INTEGER NOT NULL,        -- of incident_id in that run
    reason TEXT NOT NULL,
    PRIMARY KEY (run, change, incident_id, origin)
) WITHOUT ROWID;
