-- As on SQLite: a patient's row is the JSON that goes over the wire, byte for byte (so it is text), plus what the database
-- itself has to know: the version for compare-and-set, the text that search looks into, and (generated, so that they
-- cannot disagree) what it filters by and keeps unique. A field more is no migration.
CREATE TABLE patient (
    id BIGINT PRIMARY KEY,
    version BIGINT NOT NULL CHECK (version > 0),
    data TEXT NOT NULL CHECK (data::json IS NOT NULL),
    search_key TEXT NOT NULL,
    ward TEXT GENERATED ALWAYS AS (data::json ->> 'ward') STORED,
    status TEXT GENERATED ALWAYS AS (data::json ->> 'status') STORED,
    medical_record_number TEXT GENERATED ALWAYS AS (data::json ->> 'medical_record_number') STORED,
    nhs_number TEXT GENERATED ALWAYS AS (data::json ->> 'nhs_number') STORED
);
CREATE INDEX patient_ward ON patient (ward);
CREATE UNIQUE INDEX patient_medical_record_number ON patient (medical_record_number);
CREATE UNIQUE INDEX patient_nhs_number ON patient (nhs_number);

-- None is given twice, not even after a rollback: that one is skipped. No row is locked for it.
CREATE SEQUENCE patient_id AS BIGINT;

-- The change log: audit trail, history, resume window and replication stream in one. Rows are only ever added.
CREATE TABLE change (
    seq BIGINT PRIMARY KEY,
    action TEXT NOT NULL CHECK (action IN ('create', 'update', 'delete')),
    patient_id BIGINT NOT NULL,
    -- The row after the change; after a delete, as it last was.
    data TEXT NOT NULL CHECK (data::json IS NOT NULL),
    -- What the changed fields held before.
    before TEXT NOT NULL CHECK (before::json IS NOT NULL),
    -- The account may be gone one day, its name in the log stays.
    account_id BIGINT,
    by_name TEXT NOT NULL,
    origin TEXT NOT NULL,
    -- Microseconds since 1970 UTC, as in all tables.
    at BIGINT NOT NULL
);
CREATE INDEX change_patient ON change (patient_id, seq);
CREATE FUNCTION refuse_to_rewrite_the_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the change log is never rewritten';
END
$$;
CREATE TRIGGER change_is_never_rewritten BEFORE UPDATE ON change
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_rewrite_the_log();

-- One row: which unbroken history this is, and its newest position. A transaction that logs changes updates it last and
-- holds it to its commit: so positions are without gaps and in the order of the commits, and nobody who reads the log past
-- a position misses a slow transaction.
CREATE TABLE change_head (
    only_row BIGINT PRIMARY KEY CHECK (only_row = 1),
    epoch TEXT NOT NULL,
    seq BIGINT NOT NULL
);
INSERT INTO change_head (only_row, epoch, seq) VALUES (1, replace(gen_random_uuid()::text, '-', ''), 0);

-- What a write was answered, by the key that its sender gave it: sent again, it is answered again and not done again. The
-- key is taken first; a second process that takes it waits for the first one's end.
CREATE TABLE idempotency (
    account_id BIGINT NOT NULL,
    key TEXT NOT NULL,
    seq BIGINT,
    data TEXT,
    at BIGINT NOT NULL,
    PRIMARY KEY (account_id, key)
);
CREATE INDEX idempotency_at ON idempotency (at);

-- Which patient an imported record became, and the values that were taken from it last: an import run again changes
-- nothing, and a later one only what changed at its source.
CREATE TABLE import_link (
    source_id TEXT PRIMARY KEY,
    patient_id BIGINT NOT NULL,
    data TEXT NOT NULL CHECK (data::json IS NOT NULL)
);
