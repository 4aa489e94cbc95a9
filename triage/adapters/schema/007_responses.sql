CREATE TABLE responses (            -- what became of each request to carry out a step, one line per event
    seq INTEGER PRIMARY KEY,
    request_id TEXT NOT NULL,
    at TEXT NOT NULL,
    author TEXT NOT NULL,
    act TEXT NOT NULL CHECK (act IN
        ('proposed', 'previewed', 'approved', 'rejected', 'started', 'done', 'failed', 'unknown')),
    body TEXT NOT NULL,
    UNIQUE (request_id, act)        -- a node that runs again after a crash records nothing twice
);
CREATE UNIQUE INDEX responses_decided ON responses (request_id) WHERE act IN ('approved', 'rejected');
CREATE UNIQUE INDEX responses_ended ON responses (request_id) WHERE act IN ('rejected', 'done', 'failed', 'unknown');
CREATE TRIGGER responses_no_update BEFORE UPDATE ON responses
BEGIN SELECT RAISE(ABORT, 'responses are append-only'); END;
CREATE TRIGGER responses_no_delete BEFORE DELETE ON responses
BEGIN SELECT RAISE(ABORT, 'responses are append-only'); END;
