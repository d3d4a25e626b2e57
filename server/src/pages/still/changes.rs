use app::{
    pages::still::{Asked, Changes, Sheet, Wrong, compare::compare, moments},
    patient::UtcTime,
};
use axum::{
    extract::{Request, State},
    http::StatusCode,
    response::Response,
};

use super::{Moment, Reader, in_turn};
use crate::{error::HttpError, state::AppState, store::AccessKind};

/// Changes that are looked at for one page: of a busy hospital a week's.
const MOST: i64 = 50_000;

const MINUTE: i64 = 60_000_000;

/// `GET /changes`: what is different between two moments, by itself since the shift began.
pub(crate) async fn changes(State(state): State<AppState>, request: Request) -> Result<Response, HttpError> {
    in_turn(state, request, what_changed).await
}

async fn what_changed(reader: Reader) -> Result<Response, HttpError> {
    let from = reader.moment("from", ["from_date", "from_time"]).unwrap_or_else(|| {
        let at = moments::shift(reader.now, &reader.zone).map_or(reader.now, |(_, at)| at);
        Ok(Moment { at, was_typed: false })
    });
    let to = reader.moment("to", ["to_date", "to_time"]).transpose();
    let (from, to) = match (from, to) {
        (Ok(from), Ok(to)) => (from.at, to),
        (from, to) => {
            let from = from.map_or_else(|asked| asked, |from| reader.shown(from.at));
            let to = to.map_or_else(|asked| asked, |to| reader.shown(to.map_or(reader.now, |to| to.at)));
            return refuse(&reader, from, to).await;
        }
    };
    let until = to.map_or(reader.now, |to| end(to, reader.now));
    let (asked_from, asked_to) = (reader.shown(from), reader.shown(until));
    if from >= until {
        return refuse(&reader, asked_from, Asked { wrong: Some(Wrong::NotAfter), ..asked_to }).await;
    }
    let store = &reader.state.store;
    let first = store.position_at(from).await?;
    // Up to now is up to the last change, whatever the clock of the node that made it says.
    let last = if to.is_some() { store.position_at(until).await? } else { store.head().await? };
    if last.seq - first.seq > MOST {
        return refuse(&reader, Asked { wrong: Some(Wrong::TooMuch), ..asked_from }, asked_to).await;
    }
    let touched = store.touched(first.seq, last.seq).await?;
    let differences = compare(&touched, &reader.query, &reader.mine().await?);
    let own = [("from", &*from.to_string()), ("to", &*until.to_string())];
    reader.record(AccessKind::Changes, None, &own, differences.len()).await?;
    let page = Changes { from: asked_from, to: asked_to, shown: Some((from, until, differences)) };
    reader.answer(StatusCode::OK, Sheet::Changes(page)).await
}

/// Until when: of a minute that was typed, until its end.
fn end(to: Moment, now: UtcTime) -> UtcTime {
    let end = to.was_typed.then(|| UtcTime::from_unix_micros(to.at.unix_micros() + MINUTE - 1)).flatten();
    end.unwrap_or(to.at).min(now)
}

async fn refuse(reader: &Reader, from: Asked, to: Asked) -> Result<Response, HttpError> {
    reader.answer(StatusCode::BAD_REQUEST, Sheet::Changes(Changes { from, to, shown: None })).await
}
