//! `sync`: a client goes on where it is, or starts over; all or nothing.
//!
//! Changes have been arriving in the outbox since before the handshake was answered. What the answer contains is taken out
//! of it in the same moment, so that nothing is missing between the two and nothing comes twice.

use app::{
    filter::Filter,
    patient::FieldErrors,
    wire::{Divergence, Position, Reason, Reply, Request, Synced, words},
};

use super::{
    connection::{Connection, Mode},
    dispatch::{self, To},
    peer::End,
};
use crate::{
    feed::{Resume, Stream, encode},
    store::StoreError,
};

/// Missed changes that are taken at once.
const BATCH: i64 = 256;

/// What a client asks for.
struct Wanted {
    since: Option<Position>,
    filter: Filter,
    diverged: Option<Divergence>,
}

impl Wanted {
    fn read(request: &Request<'_>) -> Result<Self, FieldErrors> {
        fn field<T: serde::de::DeserializeOwned>(
            request: &Request<'_>,
            key: &str,
            expected: &str,
        ) -> Result<Option<T>, FieldErrors> {
            let Some(raw) = request.non_null(key) else { return Ok(None) };
            // An array would do for serde: the values in the order of the keys.
            let value = raw.get().starts_with('{').then(|| serde_json::from_str(raw.get()).ok()).flatten();
            value.map(Some).ok_or_else(|| FieldErrors::one(key, format!("Expected {expected}.")))
        }
        Ok(Self {
            since: field(request, "since", r#"{"epoch":…,"seq":…} or null"#)?,
            filter: field(request, "filter", r#"{"ward":…,"status":…} or null"#)?.unwrap_or_default(),
            diverged: field(request, "diverged", r#"{"seq":…,"ours":…,"theirs":…} or null"#)?,
        })
    }
}

impl Connection {
    pub(super) async fn sync(&mut self, request: &Request<'_>) -> Result<(), End> {
        let Wanted { since, filter, diverged } = match Wanted::read(request) {
            Ok(wanted) => wanted,
            Err(errors) => return self.reply(Reply::invalid(&errors).to(request)).await,
        };
        if !self.state.feed.is_running() {
            return self.reply(Reply::sentence(503, words::NO_DATABASE).to(request)).await;
        }
        let reason = match (since, diverged) {
            (None, None) => Reason::AskedFor,
            (None, Some(Divergence { seq, .. })) => {
                tracing::warn!(seq, "a client's rows were not those of the database; it starts over");
                Reason::Diverged
            }
            (Some(since), _) => match self.way_from(&since).await? {
                Resume::Over(reason) => reason,
                way @ Resume::Behind { .. } => return self.go_on(request, since, filter, way).await,
            },
        };
        self.start_over(request, filter, reason).await
    }

    /// How to get from `since` to the present.
    async fn way_from(&mut self, since: &Position) -> Result<Resume, End> {
        let (feed, store) = (&self.state.feed, &self.state.store);
        // Another node, or the database itself, may be a few milliseconds ahead of this feed.
        if since.seq > feed.seq() && store.head().await?.seq >= since.seq {
            feed.reached(since.seq).await?;
        }
        let way = feed.resume(&self.peer.outbox, since, self.state.resume_window);
        if matches!(way, Resume::Behind { known: false, .. }) && !store.knows(since).await? {
            return Ok(Resume::Over(Reason::AnotherHistory));
        }
        Ok(way)
    }

    async fn go_on(&mut self, request: &Request<'_>, since: Position, filter: Filter, way: Resume) -> Result<(), End> {
        let Position { epoch, seq, .. } = since;
        self.mode = Mode::Synced(Stream::new(filter, seq));
        let data: Synced<()> = Synced::Resume { epoch: epoch.clone(), seq };
        self.reply(Reply::ok(200, Some(encode(&data))).to(request)).await?;
        self.catch_up(&epoch, seq, way).await
    }

    async fn start_over(&mut self, request: &Request<'_>, filter: Filter, reason: Reason) -> Result<(), End> {
        let chunks = match self.state.feed.snapshot(&self.state.store, &filter).await {
            Ok(chunks) => chunks,
            // The stream that there was goes on.
            Err(error) => return self.reply(dispatch::failure(&error.into()).to(request)).await,
        };
        let position = &chunks.position;
        let way = self.state.feed.resume(&self.peer.outbox, position, i64::MAX);
        self.mode = Mode::Synced(Stream::new(filter, position.seq));
        let data = Synced::Snapshot {
            epoch: position.epoch.clone(),
            seq: position.seq,
            at: position.at,
            reason,
            rows: &chunks.first,
            more: !chunks.rest.is_empty(),
        };
        self.reply(Reply::ok(200, Some(encode(&data))).to(request)).await?;
        for frame in &chunks.rest {
            self.peer.send_frame(frame.clone()).await?;
        }
        self.catch_up(&position.epoch, position.seq, way).await
    }

    /// Sends what the outbox does not have, a piece at a time: a slow reader holds no more than that.
    async fn catch_up(&mut self, epoch: &str, after: i64, way: Resume) -> Result<(), End> {
        let to = match way {
            Resume::Behind { to, .. } => to,
            // Replaced in this very moment: the client connects again.
            Resume::Over(_) => return Err(End::AnotherHistory),
        };
        let mut at = after;
        while at < to {
            let backlog = self.state.feed.backlog(&self.state.store, epoch, at, BATCH.min(to - at)).await?;
            let events = backlog.ok_or(End::AnotherHistory)?;
            if events.is_empty() {
                return Err(StoreError::other("the log ends before its head").into());
            }
            for event in events {
                at = event.change.seq;
                self.push(vec![event.into()]).await?;
            }
        }
        Ok(())
    }
}
