-- A patient's row is the JSON that goes over the wire, plus what the database itself has to know: the version for
-- compare-and-set, the text that search looks into, and (generated, so that they cannot disagree) what it filters by and
-- keeps unique. A field more is no migration.
CREATE TABLE patient (
    id INTEGER PRIMARY KEY,
    version INTEGER NOT NULL CHECK (version > 0),
    data TEXT NOT NULL CHECK (json_valid(data)),
    search_key TEXT NOT NULL,
    ward TEXT GENERATED ALWAYS AS (json_extract(data, '$.ward')) VIRTUAL,
    status TEXT GENERATED ALWAYS AS (json_extract(data, '$.status')) VIRTUAL,
    medical_record_number TEXT GENERATED ALWAYS AS (json_extract(data, '$.medical_record_number')) VIRTUAL,
    nhs_number TEXT GENERATED ALWAYS AS (json_extract(data, '$.nhs_number')) VIRTUAL
) STRICT;
CREATE INDEX patient_ward ON patient (ward);
CREATE UNIQUE INDEX patient_medical_record_number ON patient (medical_record_number);
CREATE UNIQUE INDEX patient_nhs_number ON patient (nhs_number);

-- The change log: audit trail, history, resume window and replication stream in one. Rows are only ever added.
CREATE TABLE change (
    seq INTEGER PRIMARY KEY,
    action TEXT NOT NULL CHECK (action IN ('create', 'update', 'delete')),
    patient_id INTEGER NOT NULL,
    -- The row after the change; after a delete, as it last was.
    data TEXT NOT NULL CHECK (json_valid(data)),
    -- What the changed fields held before.
    before TEXT NOT NULL CHECK (json_valid(before)),
    -- The account may be gone one day, its name in the log stays.
    account_id INTEGER,
    by_name TEXT NOT NULL,
    origin TEXT NOT NULL,
    -- Microseconds since 1970 UTC, as in all tables.
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX change_patient ON change (patient_id, seq);
CREATE TRIGGER change_is_never_rewritten BEFORE UPDATE ON change
BEGIN
    SELECT RAISE(ABORT, 'the change log is never rewritten');
END;

-- One row: which unbroken history this is, its newest position, and the last patient id given (none is given twice).
CREATE TABLE change_head (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    epoch TEXT NOT NULL,
    seq INTEGER NOT NULL,
    last_patient_id INTEGER NOT NULL
) STRICT;
INSERT INTO change_head (only_row, epoch, seq, last_patient_id) VALUES (1, lower(hex(randomblob(16))), 0, 0);

-- What a write was answered, by the key that its sender gave it: sent again, it is answered again and not done again.
CREATE TABLE idempotency (
    account_id INTEGER NOT NULL,
    key TEXT NOT NULL,
    seq INTEGER,
    data TEXT,
    at INTEGER NOT NULL,
    PRIMARY KEY (account_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_at ON idempotency (at);

-- Which patient an imported record became, and the values that were taken from it last: an import run again changes
-- nothing, and a later one only what changed at its source.
CREATE TABLE import_link (
    source_id TEXT PRIMARY KEY,
    patient_id INTEGER NOT NULL,
    data TEXT NOT NULL CHECK (json_valid(data))
) STRICT, WITHOUT ROWID;
