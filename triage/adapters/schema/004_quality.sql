CREATE TABLE quality_samples (
    sample INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES runs (seq),
    activity TEXT NOT NULL UNIQUE,
    drawn_from INTEGER NOT NULL     -- activities that the run judged benign
);
CREATE TABLE quality_answers (
    seq INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    author TEXT NOT NULL,
    sample INTEGER NOT NULL REFERENCES quality_samples (sample),
    answer TEXT NOT NULL CHECK (answer IN ('benign', 'attack'))     -- the last one of a sample counts
);
CREATE TRIGGER quality_answers_no_update BEFORE UPDATE ON quality_answers
BEGIN SELECT RAISE(ABORT, 'answers are append-only'); END;
CREATE TRIGGER quality_answers_no_delete BEFORE DELETE ON quality_answers
BEGIN SELECT RAISE(ABORT, 'answers are append-only'); END;
