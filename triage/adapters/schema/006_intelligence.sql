CREATE TABLE intelligence (         -- every version of every source; the newest of a source is what is in force
    version INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    origin TEXT NOT NULL,           -- file, taxii, misp, index
    at TEXT NOT NULL,
    digest TEXT NOT NULL,           -- of what was read and how; '' = the source was taken out
    segment TEXT NOT NULL,          -- key of the indicators among the segments; '' = none
    body TEXT NOT NULL              -- profiles, counts, why entries were left out
);
CREATE INDEX intelligence_source ON intelligence (source, version);

CREATE TABLE incident_traits (      -- what of an incident may come up again elsewhere
    incident_id TEXT PRIMARY KEY,
    last INTEGER NOT NULL,          -- microseconds
    body TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX incident_traits_last ON incident_traits (last);

CREATE TABLE campaigns (
    campaign_id TEXT PRIMARY KEY,
    last INTEGER NOT NULL,
    body TEXT NOT NULL
) WITHOUT ROWID;
