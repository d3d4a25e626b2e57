-- What each account has of its own, on whichever screen: values by key. Two kinds of keys the program itself knows: `seen`,
-- the position of the log up to which everything is seen, and `seen/<patient id>`, that of one patient.
CREATE TABLE personal (
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (account_id, key)
);
-- Nobody is shown as unseen what was there before anybody could see it.
INSERT INTO personal (account_id, key, value)
SELECT account.id, 'seen', change_head.seq::text FROM account CROSS JOIN change_head;
