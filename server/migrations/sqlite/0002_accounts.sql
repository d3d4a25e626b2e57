CREATE TABLE account (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL COLLATE NOCASE UNIQUE,
    role TEXT NOT NULL CHECK (role IN ('viewer', 'clinician', 'admin')),
    -- argon2id in PHC form.
    password_hash TEXT NOT NULL,
    -- The password was made up by the program and has to be replaced at the first sign-in.
    password_is_one_time INTEGER NOT NULL CHECK (password_is_one_time IN (0, 1)),
    created_at INTEGER NOT NULL
) STRICT;

-- Whatever lets somebody in: sessions of browsers and tokens of programs. Only the SHA-256 of the secret is kept.
CREATE TABLE credential (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('session', 'token')),
    secret_hash BLOB NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    -- Null: until revoked.
    expires_at INTEGER
) STRICT;
CREATE INDEX credential_account ON credential (account_id);
