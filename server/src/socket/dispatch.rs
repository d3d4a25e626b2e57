//! One request, one reply: actions, permission and the order of checks (`docs/protocol.md`, "Errors").

mod personal;

use app::{
    filter::search_words,
    patient::{FieldErrors, Revision},
    wire::{Pk, Reply, Request, words},
};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::{
    connection::Level,
    subscriptions::{Subscriptions, TooMany},
};
use crate::{
    asides::Seat,
    auth::{AccountError, Principal},
    error::log_unforeseen,
    feed::encode,
    state::AppState,
    store::{Author, Command, Origin, StoreError, Write, WriteError, Written},
};

/// Why a request is answered with an error.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    #[error("{}", words::NO_ACTION)]
    NoAction,
    #[error("{}", words::FORBIDDEN)]
    Forbidden,
    #[error("Method \"{0}\" not allowed.")]
    UnknownAction(String),
    #[error("{0}")]
    Invalid(FieldErrors),
    #[error("{}", words::NOT_FOUND)]
    NotFound,
    #[error("{}", words::VERSION_REQUIRED)]
    VersionRequired,
    #[error(transparent)]
    TooMany(#[from] TooMany),
    #[error(transparent)]
    Write(#[from] WriteError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Answers everything but `sync`, which is the connection's own.
pub(super) async fn answer(
    state: &AppState,
    principal: &Principal,
    subscriptions: &mut Subscriptions,
    seat: Option<&Seat>,
    level: Level,
    request: &Request<'_>,
) -> Reply {
    let outcome = Dispatch { state, principal, subscriptions, seat, level, request }.perform().await;
    outcome.unwrap_or_else(refusal).to(request)
}

/// Adds what a reply says of its request.
pub(super) trait To {
    fn to(self, request: &Request<'_>) -> Self;
}

impl To for Reply {
    fn to(self, request: &Request<'_>) -> Self {
        Self {
            action: request.raw("action").map(ToOwned::to_owned),
            request_id: request.raw("request_id").map(ToOwned::to_owned),
            ..self
        }
    }
}

fn refusal(refused: Refused) -> Reply {
    match refused {
        Refused::NoAction => Reply::sentence(405, words::NO_ACTION),
        Refused::Forbidden => Reply::sentence(403, words::FORBIDDEN),
        Refused::UnknownAction(_) => Reply::sentence(405, &refused.to_string()),
        Refused::NotFound | Refused::Write(WriteError::NotFound) => Reply::sentence(404, words::NOT_FOUND),
        Refused::VersionRequired => Reply::sentence(428, words::VERSION_REQUIRED),
        Refused::TooMany(_) => Reply::sentence(400, &refused.to_string()),
        Refused::Invalid(errors) | Refused::Write(WriteError::Invalid(errors)) => Reply::invalid(&errors),
        Refused::Write(WriteError::Conflict { current, changed_by, changed_fields }) => Reply {
            current: Some(encode(&*current)),
            changed_by: Some(changed_by),
            changed_fields: Some(changed_fields),
            ..Reply::sentence(409, words::CONFLICT)
        },
        Refused::Store(error) | Refused::Write(WriteError::Store(error)) => failure(&error.into()),
    }
}

/// The database did not do what it was asked.
pub(super) fn failure(error: &AccountError) -> Reply {
    match error {
        // The writer logs when it begins and when it ends.
        AccountError::Store(StoreError::DiskFull) => Reply::sentence(507, words::DISK_FULL),
        // Logged by those who work with the database all the time: the writer and the feed.
        AccountError::Store(StoreError::Unreachable(_)) => Reply::sentence(503, words::NO_DATABASE),
        AccountError::Store(StoreError::Overtaken | StoreError::Locked) => Reply::sentence(503, words::BUSY),
        AccountError::Store(StoreError::Unknown) => Reply::sentence(503, words::UNKNOWN_OUTCOME),
        error => {
            log_unforeseen(error);
            Reply::sentence(500, words::INTERNAL)
        }
    }
}

struct Dispatch<'a> {
    state: &'a AppState,
    principal: &'a Principal,
    subscriptions: &'a mut Subscriptions,
    /// At level 2.
    seat: Option<&'a Seat>,
    level: Level,
    request: &'a Request<'a>,
}

impl Dispatch<'_> {
    async fn perform(mut self) -> Result<Reply, Refused> {
        let raw = self.request.raw("action").ok_or(Refused::NoAction)?;
        let action = serde_json::from_str::<String>(raw.get()).unwrap_or_else(|_| raw.get().to_owned());
        let reads = matches!(
            &*action,
            "list"
                | "retrieve"
                | "subscribe_instance"
                | "unsubscribe_instance"
                | "subscribe_patient_change"
                | "unsubscribe_patient_change"
        );
        // What everybody may do is about nobody but themselves.
        if let Some(seat) = self.seat
            && let Some(reply) = self.personal(&action, seat).await
        {
            return reply;
        }
        // What is not known to be harmless needs the right to write, known or not: permission is checked first.
        if !reads && !self.principal.role.may_write() {
            return Err(Refused::Forbidden);
        }
        match &*action {
            "list" => self.list().await,
            "retrieve" => self.retrieve().await,
            "create" => self.create().await,
            "update" => self.revise(Revision::Full).await,
            "patch" => self.revise(Revision::Partial).await,
            "delete" => self.delete().await,
            "subscribe_instance" => self.subscribe_instance().await,
            "unsubscribe_instance" => self.unsubscribe_instance(),
            "subscribe_patient_change" => self.subscribe_changes(),
            "unsubscribe_patient_change" => self.unsubscribe_changes(),
            _ => Err(Refused::UnknownAction(action)),
        }
    }

    /// Refuses with all the keys that are missing. A `request_id` may not be null either.
    fn require(&self, keys: &[&str]) -> Result<(), Refused> {
        let mut missing = FieldErrors::default();
        for key in keys {
            let present = if *key == "request_id" { self.request.non_null(key) } else { self.request.raw(key) };
            if present.is_none() {
                missing.add(key, words::REQUIRED);
            }
        }
        missing.or(()).map_err(Refused::Invalid)
    }

    /// The row's id; what cannot be one is a row that is not there.
    fn pk(&self) -> Result<i64, Refused> {
        match self.request.pk() {
            Some(Pk::Id(id)) => Ok(id),
            Some(Pk::Impossible) | None => Err(Refused::NotFound),
        }
    }

    fn request_id(&self) -> Result<&RawValue, Refused> {
        self.require(&["request_id"])?;
        self.request.raw("request_id").ok_or(Refused::NotFound)
    }

    async fn list(&self) -> Result<Reply, Refused> {
        let filter = self.request.filter();
        let search = search_words(&self.request.text("search").unwrap_or_default());
        let data = match self.request.page() {
            Some(page) => encode(&self.state.store.page(&filter, &search, page).await?),
            None => encode(&self.state.store.list(&filter, &search).await?),
        };
        Ok(Reply::ok(200, Some(data)))
    }

    async fn retrieve(&self) -> Result<Reply, Refused> {
        self.require(&["pk"])?;
        let row = self.state.store.patient(self.pk()?).await?.ok_or(Refused::NotFound)?;
        Ok(Reply::ok(200, Some(row)))
    }

    async fn create(&self) -> Result<Reply, Refused> {
        self.require(&["data"])?;
        let data = self.request.data().ok_or(Refused::NotFound)?;
        self.write(201, Command::Create(data)).await
    }

    async fn revise(&self, revision: Revision) -> Result<Reply, Refused> {
        self.require(&["pk", "data"])?;
        let data = self.request.data().ok_or(Refused::NotFound)?;
        self.write(200, Command::Revise { pk: self.pk()?, revision, data }).await
    }

    async fn delete(&self) -> Result<Reply, Refused> {
        self.require(&["pk"])?;
        self.write(204, Command::Delete { pk: self.pk()? }).await
    }

    async fn write(&self, status: u16, command: Command) -> Result<Reply, Refused> {
        let version = self.request.version();
        if self.level == Level::Two && version.is_none() && !matches!(command, Command::Create(_)) {
            return Err(Refused::VersionRequired);
        }
        let author = Author {
            account_id: Some(self.principal.account_id),
            name: self.principal.name.clone(),
            origin: if self.principal.is_token { Origin::Token } else { Origin::List },
        };
        let idempotency_key = (self.level == Level::Two).then(|| self.idempotency_key()).transpose()?;
        let write = Write { command, version, idempotency_key, author };
        let Written { patient, seq } = self.state.store.write(write).await?;
        let data = patient.as_deref().map(encode);
        Ok(Reply { seq: seq.filter(|_| self.level == Level::Two), ..Reply::ok(status, data) })
    }

    /// Level 2: the request id of a write is a UUID.
    fn idempotency_key(&self) -> Result<Uuid, Refused> {
        self.request
            .text("request_id")
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| Refused::Invalid(FieldErrors::one("request_id", "Must be a valid UUID.")))
    }

    async fn subscribe_instance(&mut self) -> Result<Reply, Refused> {
        self.require(&["pk", "request_id"])?;
        let pk = self.pk()?;
        let request_id = self.request_id()?.to_owned();
        if self.state.store.patient(pk).await?.is_none() {
            return Err(Refused::NotFound);
        }
        self.subscriptions.subscribe_instance(pk, &request_id)?;
        Ok(Reply::ok(201, None))
    }

    fn unsubscribe_instance(&mut self) -> Result<Reply, Refused> {
        self.require(&["pk"])?;
        if let Ok(pk) = self.pk() {
            self.subscriptions.unsubscribe_instance(pk, self.request.non_null("request_id"));
        }
        Ok(Reply::ok(204, None))
    }

    fn subscribe_changes(&mut self) -> Result<Reply, Refused> {
        let request_id = self.request_id()?.to_owned();
        self.subscriptions.subscribe_changes(&request_id, self.request.filter())?;
        Ok(Reply::ok(201, None))
    }

    fn unsubscribe_changes(&mut self) -> Result<Reply, Refused> {
        let request_id = self.request_id()?.to_owned();
        self.subscriptions.unsubscribe_changes(&request_id);
        Ok(Reply::ok(204, None))
    }
}
