CREATE TABLE incident_vectors (     -- what the alerts of an incident mean, to find others like it
    incident_id TEXT PRIMARY KEY,
    model TEXT NOT NULL,            -- of the embedding; vectors of different models cannot be compared
    first INTEGER NOT NULL,         -- microseconds
    last INTEGER NOT NULL,
    title TEXT NOT NULL,
    vector BLOB NOT NULL            -- float32, little endian, length 1
) WITHOUT ROWID;
CREATE INDEX incident_vectors_last ON incident_vectors (model, last);
