//! The list as signals: a signal for each row and one for which rows there are, so that a change re-renders one row.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    rc::Rc,
    sync::Arc,
};

use leptos::prelude::*;

use crate::{
    list::{Applied, PatientList, RowChange, Snapshot, arrange::Query},
    patient::{Data, FieldErrors, Patient, UtcTime},
    wire::{ChangeFrame, Position, UserInfo},
};

/// Whether what is on the screen is what the database holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// Not yet: the page has just been loaded.
    Connecting,
    /// In step, by the last heartbeat.
    Live,
    /// Out of touch since then.
    Lost {
        /// When the last message came.
        since: UtcTime,
    },
}

/// What this user has not seen yet about a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// What happened.
    pub kind: MarkKind,
    /// Who did it last.
    pub by: String,
}

/// See [`Mark`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MarkKind {
    /// The row has come into view.
    New,
    /// These fields changed.
    Changed(Vec<String>),
    /// The row was deleted; it is shown until this is cleared.
    Deleted,
}

/// A row's signals.
#[derive(Clone, Copy)]
pub struct Row {
    /// The patient.
    pub patient: RwSignal<Arc<Patient>>,
    /// What has not been seen yet.
    pub mark: RwSignal<Option<Mark>>,
}

/// A write on its way to the server.
#[derive(Clone, Debug)]
pub struct WriteRequest {
    /// `create`, `patch` or `delete`.
    pub action: &'static str,
    /// The row.
    pub pk: Option<i64>,
    /// The version that it is based on.
    pub version: Option<i64>,
    /// The values.
    pub data: Option<Data>,
}

/// What became of a write.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Done; the row as it is now, unless it is gone.
    Saved(Option<Arc<Patient>>),
    /// The values are not right.
    Invalid(FieldErrors),
    /// Somebody else was faster.
    Conflict {
        /// As it is now.
        current: Arc<Patient>,
        /// Who made the last change.
        by: String,
    },
    /// Not done, for this reason.
    Refused(String),
}

/// Called with the outcome of a write.
pub type Done = Box<dyn FnOnce(Outcome)>;

/// What carries writes to the server: the browser's half gives it.
pub trait Link {
    /// Sends a write; `done` is called once, when its outcome is known.
    fn write(&self, request: WriteRequest, done: Done);
}

/// The live list. A handle: copies are the same list.
#[derive(Clone, Copy)]
pub struct Live {
    list: StoredValue<PatientList, LocalStorage>,
    rows: StoredValue<HashMap<i64, Row>, LocalStorage>,
    /// Rows that were deleted by somebody else and not yet cleared.
    deleted: StoredValue<BTreeMap<i64, Arc<Patient>>, LocalStorage>,
    /// Turns whenever the set of rows or what they are sorted by may be another.
    turned: RwSignal<u64>,
    /// Rows with a mark.
    pub marked: RwSignal<BTreeSet<i64>>,
    /// Changes by others since the announcement that was made last.
    pub unannounced: RwSignal<usize>,
    /// Whether the list is in step.
    pub state: RwSignal<LinkState>,
    /// Whether nothing can be written, because the list is not in step.
    pub blocked: Memo<bool>,
    /// Who is signed in.
    pub user: StoredValue<UserInfo>,
    link: StoredValue<Option<Rc<dyn Link>>, LocalStorage>,
    /// What is in view: a row that enters or leaves it is marked.
    pub query: RwSignal<Query>,
}

impl Live {
    /// The list that the page came with.
    pub fn new(snapshot: Snapshot, user: UserInfo) -> Self {
        let list = PatientList::new(snapshot);
        let rows = list.rows().iter().map(|(id, patient)| (*id, Row::new(patient.clone(), None))).collect();
        let state = RwSignal::new(LinkState::Connecting);
        Self {
            list: StoredValue::new_local(list),
            rows: StoredValue::new_local(rows),
            deleted: StoredValue::new_local(BTreeMap::new()),
            turned: RwSignal::new(0),
            marked: RwSignal::new(BTreeSet::new()),
            unannounced: RwSignal::new(0),
            state,
            blocked: Memo::new(move |_| state.get() != LinkState::Live),
            user: StoredValue::new(user),
            link: StoredValue::new_local(None),
            query: RwSignal::new(Query::default()),
        }
    }

    /// The row with this id, deleted ones that are still shown among them.
    pub fn row(self, id: i64) -> Option<Row> {
        self.rows.with_value(|rows| rows.get(&id).copied())
    }

    /// The ids to show, in order; follows every change.
    pub fn arranged(self) -> Vec<i64> {
        self.turned.track();
        let marked = self.marked.get();
        self.query.with(|query| {
            self.list.with_value(|list| {
                self.deleted.with_value(|deleted| {
                    query.arrange(list.rows().values().chain(deleted.values()), |id| marked.contains(&id))
                })
            })
        })
    }

    /// Whether the patient is in the database; follows every change.
    pub fn exists(self, id: i64) -> bool {
        self.turned.track();
        self.list.with_value(|list| list.rows().contains_key(&id))
    }

    /// How many patients there are, shown or not; follows every change.
    pub fn count(self) -> usize {
        self.turned.track();
        self.list.with_value(|list| list.rows().len())
    }

    /// Every value of a field in the list, once each, in order; follows every change.
    pub fn values_of(self, field: impl Fn(&Patient) -> Option<&str>) -> Vec<String> {
        self.turned.track();
        self.list.with_value(|list| {
            let mut values: Vec<&str> = list.rows().values().filter_map(|patient| field(patient)).collect();
            values.sort_unstable();
            values.dedup();
            values.into_iter().map(str::to_owned).collect()
        })
    }

    /// The first patient for whom `wanted` holds, as of now.
    pub fn find(self, wanted: impl Fn(&Patient) -> bool) -> Option<Arc<Patient>> {
        self.list.with_value(|list| list.rows().values().find(|patient| wanted(patient)).cloned())
    }

    /// Where the list is, for a resume.
    pub fn position(self) -> Position {
        self.list.with_value(PatientList::position)
    }

    // ------------------------------------------------------------------------------------------ from the server

    /// Starts over from a snapshot; what differs is marked.
    pub fn replace(self, snapshot: Snapshot) {
        let mut changes = Vec::new();
        self.list.update_value(|list| changes = list.replace(snapshot));
        for change in changes {
            self.show(change, "somebody");
        }
        self.turn();
    }

    /// Applies one change; `false` when something before it is missing and only a new sync helps.
    pub fn apply(self, change: ChangeFrame) -> bool {
        let mut applied = Applied::Stale;
        self.list.update_value(|list| applied = list.apply(change));
        match applied {
            Applied::Stale | Applied::Held => true,
            Applied::Gap => false,
            Applied::Applied(changes) => {
                for (change, by) in changes {
                    self.show(change, &by);
                    self.turn();
                }
                true
            }
        }
    }

    fn turn(self) {
        self.turned.update(|turned| *turned += 1);
    }

    /// Brings a row's signals up to date and marks what somebody else did.
    fn show(self, change: RowChange, by: &str) {
        let own = self.user.with_value(|user| user.name == by);
        let mark = |kind| (!own).then(|| Mark { kind, by: by.to_owned() });
        match change {
            RowChange::Added(patient) => {
                let in_view = self.query.with_untracked(|query| query.filters_pass(&patient));
                let mark = mark(MarkKind::New).filter(|_| in_view);
                self.set_row(patient, mark);
            }
            RowChange::Changed { before, after } => {
                let (was, is) =
                    self.query.with_untracked(|query| (query.filters_pass(&before), query.filters_pass(&after)));
                let fields = before.changed_from(&after).into_iter().map(|(field, _)| field).collect();
                let mark = match (was, is) {
                    (false, false) => None,
                    (false, true) => mark(MarkKind::New),
                    (true, _) => mark(MarkKind::Changed(fields)),
                };
                self.set_row(after, mark);
            }
            RowChange::Removed(patient) => {
                let in_view = self.query.with_untracked(|query| query.filters_pass(&patient));
                match mark(MarkKind::Deleted).filter(|_| in_view) {
                    Some(mark) => {
                        self.deleted.update_value(|deleted| _ = deleted.insert(patient.id, patient.clone()));
                        self.set_row(patient, Some(mark));
                    }
                    None => self.drop_row(patient.id),
                }
            }
        }
    }

    fn set_row(self, patient: Arc<Patient>, mark: Option<Mark>) {
        let id = patient.id;
        if mark.is_some() {
            self.unannounced.update(|count| *count += 1);
            self.marked.update(|marked| _ = marked.insert(id));
        }
        match self.row(id) {
            Some(row) => {
                row.patient.set(patient);
                if let Some(mark) = mark {
                    row.mark.update(|known| *known = Some(mark.after(known.take())));
                }
            }
            None => self.rows.update_value(|rows| _ = rows.insert(id, Row::new(patient, mark))),
        }
    }

    fn drop_row(self, id: i64) {
        self.marked.update(|marked| _ = marked.remove(&id));
        self.deleted.update_value(|deleted| _ = deleted.remove(&id));
        self.rows.update_value(|rows| _ = rows.remove(&id));
    }

    // -------------------------------------------------------------------------------------------- from the user

    /// The user has seen what happened to this row.
    pub fn clear_mark(self, id: i64) {
        if let Some(row) = self.row(id) {
            row.mark.set(None);
        }
        if self.deleted.with_value(|deleted| deleted.contains_key(&id)) {
            self.drop_row(id);
        } else {
            self.marked.update(|marked| _ = marked.remove(&id));
        }
        self.turn();
    }

    /// The user has seen everything.
    pub fn clear_all_marks(self) {
        for id in self.marked.get_untracked() {
            self.clear_mark(id);
        }
    }

    /// Gives what carries writes.
    pub fn set_link(self, link: Rc<dyn Link>) {
        self.link.set_value(Some(link));
    }

    /// Sends a write.
    pub fn write(self, request: WriteRequest, done: impl FnOnce(Outcome) + 'static) {
        match self.link.get_value() {
            Some(link) => link.write(request, Box::new(done)),
            None => done(Outcome::Refused("The page is still loading. Try again in a moment.".to_owned())),
        }
    }
}

impl Row {
    /// Row signals live as long as the list, whoever happens to run when they are made.
    fn new(patient: Arc<Patient>, mark: Option<Mark>) -> Self {
        Self { patient: ArcRwSignal::new(patient).into(), mark: ArcRwSignal::new(mark).into() }
    }
}

impl Mark {
    /// This mark on a row that may have had one already.
    fn after(self, earlier: Option<Mark>) -> Self {
        let kind = match (earlier.map(|mark| mark.kind), self.kind) {
            (Some(MarkKind::New), MarkKind::Changed(_)) => MarkKind::New,
            (Some(MarkKind::Changed(mut before)), MarkKind::Changed(now)) => {
                before.extend(now);
                MarkKind::Changed(before)
            }
            (_, kind) => kind,
        };
        Self { kind, by: self.by }
    }

    /// Whether this field changed.
    pub fn has(&self, fields: &[&str]) -> bool {
        match &self.kind {
            MarkKind::Changed(changed) => fields.iter().any(|field| changed.iter().any(|name| name == field)),
            MarkKind::New | MarkKind::Deleted => false,
        }
    }
}
