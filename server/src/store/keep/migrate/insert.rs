//! Many rows with one statement.

use sqlx::{AssertSqlSafe, PgConnection};

use super::table::{Kind, Table, Value};

/// Rows that one statement takes.
const ROWS: usize = 1000;

/// Rows of a table that are about to be inserted, column by column.
pub(super) struct Batch<'a> {
    table: &'a Table,
    columns: Vec<Column>,
    rows: usize,
}

/// An array of PostgreSQL's.
enum Column {
    Numbers(Vec<Option<i64>>),
    Texts(Vec<Option<String>>),
    Flags(Vec<Option<bool>>),
    Bytes(Vec<Option<Vec<u8>>>),
}

impl Column {
    fn of(kind: Kind) -> Self {
        match kind {
            Kind::Number => Self::Numbers(Vec::new()),
            Kind::Text => Self::Texts(Vec::new()),
            Kind::Flag => Self::Flags(Vec::new()),
            Kind::Bytes => Self::Bytes(Vec::new()),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Numbers(_) => "bigint[]",
            Self::Texts(_) => "text[]",
            Self::Flags(_) => "boolean[]",
            Self::Bytes(_) => "bytea[]",
        }
    }

    fn push(&mut self, value: Value) {
        match (self, value) {
            (Self::Numbers(values), Value::Number(value)) => values.push(value),
            (Self::Texts(values), Value::Text(value)) => values.push(value),
            (Self::Flags(values), Value::Flag(value)) => values.push(value),
            (Self::Bytes(values), Value::Bytes(value)) => values.push(value),
            // Both were made from the same table. A column that is too short makes the statement fail or the
            // comparison at the end.
            _ => debug_assert!(false, "a value of another kind than its column's"),
        }
    }
}

impl<'a> Batch<'a> {
    pub(super) fn of(table: &'a Table) -> Self {
        Self { table, columns: table.columns.iter().map(|(_, kind)| Column::of(*kind)).collect(), rows: 0 }
    }

    pub(super) fn push(&mut self, row: Vec<Value>) {
        self.rows += 1;
        for (column, value) in self.columns.iter_mut().zip(row) {
            column.push(value);
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.rows >= ROWS
    }

    /// Inserts what there is and goes on empty.
    pub(super) async fn insert(&mut self, db: &mut PgConnection) -> Result<(), sqlx::Error> {
        let Self { table, columns, .. } = std::mem::replace(self, Self::of(self.table));
        let arrays: Vec<String> =
            columns.iter().enumerate().map(|(index, column)| format!("${}::{}", index + 1, column.kind())).collect();
        // Ids stay what they are, also where PostgreSQL would rather give them itself.
        let sql = format!(
            "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT * FROM unnest({})",
            table.name,
            table.names(),
            arrays.join(", ")
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for column in columns {
            query = match column {
                Column::Numbers(values) => query.bind(values),
                Column::Texts(values) => query.bind(values),
                Column::Flags(values) => query.bind(values),
                Column::Bytes(values) => query.bind(values),
            };
        }
        query.execute(db).await?;
        Ok(())
    }
}
