-- Who read what of patients beyond the live list: histories, the list as it was, print-outs, exports. Rows are only ever
-- added; for how long they are kept is for the hospital to say.
CREATE TABLE access_log (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The account may be gone one day, its name stays.
    account_id BIGINT,
    by_name TEXT NOT NULL,
    what TEXT NOT NULL,
    -- Where it was one patient.
    patient_id BIGINT,
    -- What was asked for: a moment, a filter.
    detail TEXT NOT NULL,
    -- How many rows were given.
    row_count BIGINT,
    at BIGINT NOT NULL
);
CREATE INDEX access_log_at ON access_log (at, id);
CREATE FUNCTION refuse_to_rewrite_the_access_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the access log is never rewritten';
END
$$;
CREATE TRIGGER access_log_is_never_rewritten BEFORE UPDATE ON access_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_rewrite_the_access_log();

-- Which position the list was at at some moment.
CREATE INDEX change_at ON change (at, seq);
