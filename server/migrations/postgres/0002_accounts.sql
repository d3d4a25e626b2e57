CREATE TABLE account (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('viewer', 'clinician', 'admin')),
    -- argon2id in PHC form.
    password_hash TEXT NOT NULL,
    -- The password was made up by the program and has to be replaced at the first sign-in.
    password_is_one_time BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX account_name ON account (lower(name));

-- Whatever lets somebody in: sessions of browsers and tokens of programs. Only the SHA-256 of the secret is kept.
CREATE TABLE credential (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('session', 'token')),
    secret_hash BYTEA NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    -- Null: until revoked.
    expires_at BIGINT
);
CREATE INDEX credential_account ON credential (account_id);
