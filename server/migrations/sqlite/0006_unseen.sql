-- Of each account the marks as of a position of the log, so that what is before it is not read again. It follows from the
-- log and from what the account has seen; changes up to the position that are in no mark are settled for good.
CREATE TABLE unseen (
    account_id INTEGER PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    marks TEXT NOT NULL
) STRICT;
