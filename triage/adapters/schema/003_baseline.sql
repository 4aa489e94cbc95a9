ALTER TABLE sightings RENAME TO sightings_of_pairs;
CREATE TABLE sightings (
    day INTEGER NOT NULL,
    signature TEXT NOT NULL,
    principal TEXT NOT NULL,
    activity TEXT NOT NULL,         -- whose verdict decides whether this becomes memory; '' = not known, it does
    run INTEGER NOT NULL,
    count INTEGER NOT NULL,
    hours INTEGER NOT NULL,         -- bit h set: seen in hour h of the day
    unusual INTEGER NOT NULL,       -- it stood out when it was judged: a benign verdict of code does not make it memory
    PRIMARY KEY (day, signature, principal, activity, run)
) WITHOUT ROWID;
INSERT INTO sightings SELECT day, signature, principal, '', run, count, hours, 0 FROM sightings_of_pairs;
DROP TABLE sightings_of_pairs;
CREATE INDEX sightings_run ON sightings (run);

ALTER TABLE baseline_versions ADD COLUMN parent INTEGER NOT NULL DEFAULT 0;     -- the version it built on; 0 = nothing
ALTER TABLE baseline_versions ADD COLUMN folded INTEGER;                        -- the version that took it in
UPDATE baseline_versions SET parent = (
    SELECT coalesce(max(earlier.version), 0) FROM baseline_versions earlier
    WHERE earlier.version < baseline_versions.version
);
CREATE TABLE baseline_head (        -- one row: the version that the next run builds on
    id INTEGER PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL
);
INSERT INTO baseline_head SELECT 1, coalesce(max(version), 0) FROM baseline_versions;
