CREATE TABLE decisions (
    seq INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    author TEXT NOT NULL,
    act TEXT NOT NULL CHECK (act IN ('decide', 'undo', 'redo')),
    body TEXT CHECK ((body IS NULL) = (act != 'decide')),
    seen TEXT NOT NULL              -- incident id -> alerts it had when it was decided on
);
CREATE TRIGGER decisions_no_update BEFORE UPDATE ON decisions
BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;
CREATE TRIGGER decisions_no_delete BEFORE DELETE ON decisions
BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;
