//! What there is to move, as both databases have it.

use sha2::{Digest as _, Sha256};

/// A table. Columns that the database generates are not named: both generate them by themselves.
#[derive(Debug)]
pub(in crate::store) struct Table {
    pub(in crate::store) name: &'static str,
    /// Those of its key first.
    pub(in crate::store) columns: &'static [(&'static str, Kind)],
    /// How many columns its key has.
    key: usize,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Kind {
    Number,
    Text,
    /// On SQLite a number.
    Flag,
    Bytes,
}

/// What a row holds there; any may be null.
#[derive(Debug)]
pub(in crate::store) enum Value {
    Number(Option<i64>),
    Text(Option<String>),
    Flag(Option<bool>),
    Bytes(Option<Vec<u8>>),
}

/// All tables but the one row of positions, in an order in which what is referred to is there first.
pub(super) const TABLES: [Table; 10] =
    [ACCOUNT, CREDENTIAL, PERSONAL, UNSEEN, PATIENT, CHANGE, IMPORT_LINK, IDEMPOTENCY, ACCESS_LOG, BED];

const ACCOUNT: Table = Table {
    name: "account",
    columns: &[
        ("id", Kind::Number),
        ("name", Kind::Text),
        ("role", Kind::Text),
        ("password_hash", Kind::Text),
        ("password_is_one_time", Kind::Flag),
        ("created_at", Kind::Number),
    ],
    key: 1,
};

const CREDENTIAL: Table = Table {
    name: "credential",
    columns: &[
        ("id", Kind::Number),
        ("account_id", Kind::Number),
        ("kind", Kind::Text),
        ("secret_hash", Kind::Bytes),
        ("created_at", Kind::Number),
        ("expires_at", Kind::Number),
    ],
    key: 1,
};

const PERSONAL: Table = Table {
    name: "personal",
    columns: &[("account_id", Kind::Number), ("key", Kind::Text), ("value", Kind::Text)],
    key: 2,
};

const UNSEEN: Table = Table {
    name: "unseen",
    columns: &[("account_id", Kind::Number), ("seq", Kind::Number), ("marks", Kind::Text)],
    key: 1,
};

const PATIENT: Table = Table {
    name: "patient",
    columns: &[("id", Kind::Number), ("version", Kind::Number), ("data", Kind::Text), ("search_key", Kind::Text)],
    key: 1,
};

const CHANGE: Table = Table {
    name: "change",
    columns: &[
        ("seq", Kind::Number),
        ("action", Kind::Text),
        ("patient_id", Kind::Number),
        ("data", Kind::Text),
        ("before", Kind::Text),
        ("account_id", Kind::Number),
        ("by_name", Kind::Text),
        ("origin", Kind::Text),
        ("at", Kind::Number),
    ],
    key: 1,
};

const IMPORT_LINK: Table = Table {
    name: "import_link",
    columns: &[("source_id", Kind::Text), ("patient_id", Kind::Number), ("data", Kind::Text)],
    key: 1,
};

const IDEMPOTENCY: Table = Table {
    name: "idempotency",
    columns: &[
        ("account_id", Kind::Number),
        ("key", Kind::Text),
        ("seq", Kind::Number),
        ("data", Kind::Text),
        ("at", Kind::Number),
    ],
    key: 2,
};

const BED: Table =
    Table { name: "bed", columns: &[("ward", Kind::Text), ("bed", Kind::Text), ("room", Kind::Text)], key: 2 };

const ACCESS_LOG: Table = Table {
    name: "access_log",
    columns: &[
        ("id", Kind::Number),
        ("account_id", Kind::Number),
        ("by_name", Kind::Text),
        ("what", Kind::Text),
        ("patient_id", Kind::Number),
        ("detail", Kind::Text),
        ("row_count", Kind::Number),
        ("at", Kind::Number),
    ],
    key: 1,
};

impl Table {
    /// The columns by which its rows are told apart.
    pub(in crate::store) fn key(&self) -> impl Iterator<Item = (&'static str, Kind)> {
        self.columns.iter().take(self.key).copied()
    }

    /// Of the columns, as SQL lists them.
    pub(in crate::store) fn names(&self) -> String {
        self.columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    }
}

/// Rows so far: how many, and a hash of every value in them, in their order.
#[derive(Default)]
pub(super) struct Sum {
    rows: u64,
    hash: Sha256,
}

/// Of a whole table.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Total {
    pub(super) rows: u64,
    hash: [u8; 32],
}

impl Sum {
    pub(super) fn add(&mut self, row: &[Value]) {
        self.rows += 1;
        for value in row {
            match value {
                Value::Number(number) => self.take(number.map(i64::to_be_bytes).as_ref().map(<[u8; 8]>::as_slice)),
                Value::Text(text) => self.take(text.as_deref().map(str::as_bytes)),
                Value::Flag(flag) => self.take(flag.map(|flag| [u8::from(flag)]).as_ref().map(<[u8; 1]>::as_slice)),
                Value::Bytes(bytes) => self.take(bytes.as_deref()),
            }
        }
    }

    /// With its length, so that no two rows run together to the same bytes; null has none that a value could have.
    fn take(&mut self, bytes: Option<&[u8]>) {
        let length = bytes.map_or(u64::MAX, |bytes| bytes.len() as u64);
        self.hash.update(length.to_be_bytes());
        self.hash.update(bytes.unwrap_or_default());
    }

    pub(super) fn total(self) -> Total {
        Total { rows: self.rows, hash: self.hash.finalize().into() }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use sqlx::{Connection as _, SqliteConnection};

    use super::*;
    use crate::store::sqlite::MIGRATIONS;

    #[tokio::test]
    async fn no_table_and_no_column_is_left_behind() {
        let mut db = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        MIGRATIONS.run(&mut db).await.unwrap();
        let there: Vec<(String, String)> = sqlx::query_as(
            "SELECT t.name, c.name FROM sqlite_schema AS t JOIN pragma_table_xinfo(t.name) AS c \
             WHERE t.type = 'table' AND c.hidden = 0 AND t.name NOT LIKE 'sqlite%' \
               AND t.name NOT IN ('_sqlx_migrations', 'change_head')",
        )
        .fetch_all(&mut db)
        .await
        .unwrap();
        let moved = TABLES
            .iter()
            .flat_map(|table| table.columns.iter().map(|(column, _)| (table.name.to_owned(), (*column).to_owned())));
        assert_eq!(moved.collect::<BTreeSet<_>>(), there.into_iter().collect());
        // What change_head holds is moved by name.
        let head: String = sqlx::query_scalar("SELECT group_concat(name) FROM pragma_table_info('change_head')")
            .fetch_one(&mut db)
            .await
            .unwrap();
        assert_eq!(head, "only_row,epoch,seq,last_patient_id");
    }

    #[test]
    fn what_differs_anywhere_has_another_hash() {
        let text = |text: &str| Value::Text(Some(text.to_owned()));
        let total = |rows: &[&[Value]]| {
            let mut sum = Sum::default();
            for row in rows {
                sum.add(row);
            }
            sum.total()
        };
        let all = [
            total(&[]),
            total(&[&[text("ab"), text("c")]]),
            total(&[&[text("a"), text("bc")]]),
            total(&[&[text("a")], &[text("bc")]]),
            total(&[&[text("bc")], &[text("a")]]),
            total(&[&[text(""), Value::Number(None)]]),
            total(&[&[Value::Text(None), Value::Number(None)]]),
            total(&[&[Value::Text(None), Value::Number(Some(0))]]),
            total(&[&[Value::Flag(Some(false)), Value::Bytes(None)]]),
            total(&[&[Value::Flag(Some(true)), Value::Bytes(None)]]),
        ];
        for (index, one) in all.iter().enumerate() {
            assert!(all.iter().skip(index + 1).all(|other| one != other), "{index}");
        }
    }
}
