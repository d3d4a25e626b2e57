//! Reading a table as it is, to move it and to see whether it has moved.

use futures::{Stream, StreamExt as _};
use sqlx::{AssertSqlSafe, Row as _};

use super::{Connection, Db, IN_BYTE_ORDER};
use crate::store::keep::{Kind, Table, Value};

/// The rows, by key, one after the other; of each the columns that [`Table`] names.
pub(in crate::store) fn rows<'a>(
    db: &'a mut Connection,
    table: &'a Table,
) -> impl Stream<Item = Result<Vec<Value>, sqlx::Error>> + 'a {
    let order: Vec<String> = table.key().map(|(name, kind)| in_order(name, kind)).collect();
    let sql = format!("SELECT {} FROM {} ORDER BY {}", table.names(), table.name, order.join(", "));
    sqlx::query::<Db>(AssertSqlSafe(sql)).fetch(db).map(|row| {
        let row = row?;
        let value = |(index, (_, kind)): (usize, &(&str, Kind))| {
            Ok(match kind {
                Kind::Number => Value::Number(row.try_get(index)?),
                Kind::Text => Value::Text(row.try_get(index)?),
                Kind::Flag => Value::Flag(row.try_get(index)?),
                Kind::Bytes => Value::Bytes(row.try_get(index)?),
            })
        };
        table.columns.iter().enumerate().map(value).collect()
    })
}

fn in_order(name: &str, kind: Kind) -> String {
    if kind == Kind::Text { format!("{name} {IN_BYTE_ORDER}") } else { name.to_owned() }
}
