//! Pages that hold still, and exports: what is read of patients beyond the live list. Each reading is recorded before it is
//! answered; where it cannot be recorded it is not answered. Only so many are made at once: see [`in_turn`].

mod changes;
mod export;
mod history;
mod past;
mod print;
mod undo;

use std::collections::HashMap;

use app::{
    change::LoggedChange,
    language::Language,
    list::{
        arrange::{Mine, Query},
        columns::Column,
    },
    live::personal::COLUMNS,
    pages::still::{Asked, Sheet, Sorry, StillPage, Wrong, moments::Typed},
    patient::{UtcTime, display::Zone},
    shell,
};
use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::Response,
};
use tokio::runtime::Handle;

pub(crate) use self::{
    changes::changes,
    export::{csv, ndjson},
    history::history,
    past::past,
    print::print,
    undo::{undo, undo_confirmed},
};
use super::{language::language, plain, reader};
use crate::{
    auth::Principal,
    clock,
    error::HttpError,
    state::AppState,
    store::{Access, AccessKind, StoreError},
};

/// After how many seconds it is worth another try.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("5");

/// Makes a page for somebody who may read, when it is their turn. Off the threads that serve, as a whole: thousands of rows
/// are read, arranged and written.
async fn in_turn(
    state: AppState,
    request: Request,
    make: impl AsyncFnOnce(Reader) -> Result<Response, HttpError> + Send + 'static,
) -> Result<Response, HttpError> {
    let (head, _) = request.into_parts();
    let waiting = Reader::of(&state, &head.headers, &head.uri).await?;
    let Some(turn) = state.turns.take().await else {
        let mut answer = waiting.answer(StatusCode::SERVICE_UNAVAILABLE, Sheet::Sorry(Sorry::Busy)).await?;
        answer.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
        return Ok(answer);
    };
    let runtime = Handle::current();
    let page = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        // Who this is, and what time: as of now, and not of when they began to wait.
        runtime.block_on(async { make(Reader::of(&state, &head.headers, &head.uri).await?).await })
    });
    match page.await? {
        // Nothing was to be saved but that this was read.
        Err(HttpError::Store(StoreError::DiskFull)) => {
            tracing::warn!("a page was refused: the disk is full");
            waiting.answer(StatusCode::INSUFFICIENT_STORAGE, Sheet::Sorry(Sorry::NoRoom)).await
        }
        answer => answer,
    }
}

/// Somebody who reads, and what they ask for.
struct Reader {
    state: AppState,
    who: Principal,
    language: Language,
    zone: Zone,
    now: UtcTime,
    /// The list that this is about.
    query: Query,
    /// The page's own values.
    asked: HashMap<String, String>,
}

impl Reader {
    async fn of(state: &AppState, headers: &HeaderMap, uri: &Uri) -> Result<Self, HttpError> {
        let who = reader(state, headers, "/sign-in").await?;
        let language = language(state, Some(&who), headers).await?;
        let asked =
            axum::extract::Query::try_from_uri(uri).map(|axum::extract::Query(asked)| asked).unwrap_or_default();
        let query = Query::from_address(uri.query().unwrap_or_default());
        Ok(Self { state: state.clone(), who, language, zone: state.zone(), now: clock::now(), query, asked })
    }

    fn asked(&self, name: &str) -> Option<&str> {
        self.asked.get(name).map(String::as_str)
    }

    /// Whose patients are this user's own, where only those are wanted.
    async fn mine(&self) -> Result<Mine, HttpError> {
        if !self.query.is_of_mine() {
            return Ok(Mine::default());
        }
        let personal = self.state.store.personal(self.who.account_id).await?;
        Ok(Mine::of(&personal.values, &self.who.name))
    }

    /// The columns that this user has chosen.
    async fn columns(&self) -> Result<Vec<Column>, HttpError> {
        let kept = self.state.store.remembered(self.who.account_id, COLUMNS).await?;
        Ok(Column::from_kept(kept.as_deref()))
    }

    /// The last change of the patient with this id, as an address has it.
    async fn last_change_of(&self, id: &str) -> Result<Option<LoggedChange>, HttpError> {
        match id.parse() {
            Ok(id) => Ok(self.state.store.last_change_of(id).await?),
            Err(_) => Ok(None),
        }
    }

    /// Records that this is read. `own`: what was asked for besides the list.
    async fn record(
        &self,
        what: AccessKind,
        patient_id: Option<i64>,
        own: &[(&str, &str)],
        rows: usize,
    ) -> Result<(), HttpError> {
        let access = Access {
            account_id: Some(self.who.account_id),
            by: self.who.name.clone(),
            what,
            patient_id,
            detail: self.query.address_of("", own).trim_start_matches('?').to_owned(),
            rows: i64::try_from(rows).ok(),
            // As of now, not of the beginning: what has been read out up to a moment misses nothing before it.
            at: clock::now(),
        };
        Ok(self.state.store.record_access(&access).await?)
    }

    async fn answer(&self, status: StatusCode, sheet: Sheet) -> Result<Response, HttpError> {
        let page = StillPage {
            user: self.who.info(),
            zone: self.zone.clone(),
            language: self.language,
            now: self.now,
            query: self.query.clone(),
            sheet,
        };
        let options = self.state.leptos.clone();
        plain(status, move || shell::still(options, page)).await
    }

    /// The moment that was asked for under this name, as a moment or as it was typed; `None` when none was.
    fn moment(&self, name: &str, typed: [&str; 2]) -> Option<Result<Moment, Asked>> {
        let of = |name: &str| self.asked(name).map(str::to_owned);
        let [date, time] = typed.map(of);
        let (typed, moment) = if date.is_some() || time.is_some() {
            let typed = Typed { date: date.unwrap_or_default(), time: time.unwrap_or_default() };
            let moment = typed.read(&self.zone);
            (typed, moment.map(|at| Moment { at, was_typed: true }))
        } else {
            let text = of(name)?;
            let moment = text.parse().ok().map(|at| Moment { at, was_typed: false });
            let typed = match moment {
                Some(moment) => Typed::of(moment.at, &self.zone),
                None => Typed { date: text, time: String::new() },
            };
            (typed, moment)
        };
        Some(match moment {
            None => Err(Asked { typed, wrong: Some(Wrong::NoMoment) }),
            Some(moment) if moment.at > self.now => Err(Asked { typed, wrong: Some(Wrong::Future) }),
            Some(moment) => Ok(moment),
        })
    }

    /// What a form shows for a moment.
    fn shown(&self, at: UtcTime) -> Asked {
        Asked { typed: Typed::of(at, &self.zone), wrong: None }
    }
}

/// A moment that can be looked at.
#[derive(Clone, Copy)]
struct Moment {
    at: UtcTime,
    /// To the minute: all of that minute may be meant.
    was_typed: bool,
}
