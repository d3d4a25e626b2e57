-- Who read what of patients beyond the live list: histories, the list as it was, print-outs, exports. Rows are only ever
-- added; for how long they are kept is for the hospital to say.
CREATE TABLE access_log (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- The account may be gone one day, its name stays.
    account_id INTEGER,
    by_name TEXT NOT NULL,
    what TEXT NOT NULL,
    -- Where it was one patient.
    patient_id INTEGER,
    -- What was asked for: a moment, a filter.
    detail TEXT NOT NULL,
    -- How many rows were given.
    row_count INTEGER,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX access_log_at ON access_log (at, id);
CREATE TRIGGER access_log_is_never_rewritten BEFORE UPDATE ON access_log
BEGIN
    SELECT RAISE(ABORT, 'the access log is never rewritten');
END;

-- Which position the list was at at some moment.
CREATE INDEX change_at ON change (at, seq);
