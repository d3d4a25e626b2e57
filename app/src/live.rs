//! The list as signals: a signal for each row and one for which rows there are, so that a change re-renders one row.

mod mark;
mod own;

use std::{
    collections::{BTreeMap, HashMap},
    rc::Rc,
    sync::Arc,
};

use leptos::prelude::*;

use self::own::Waiting;
pub use self::{
    mark::{Mark, MarkKind},
    own::{Done, WriteRequest},
};
use crate::{
    edits::{Edit, Pending},
    filter::Filter,
    list::{
        RowChange, Snapshot,
        arrange::{Mine, Query},
    },
    patient::{Patient, UtcTime},
    replica::{Effect, Replica},
    wire::UserInfo,
};

/// Whether what is on the screen is what the database holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// Not yet: the page has just been loaded.
    Connecting,
    /// In step, by the last heartbeat.
    Live,
    /// In touch, after having been live, and getting in step again.
    Syncing,
    /// Out of touch since then.
    Lost {
        /// When the last message came.
        since: UtcTime,
        /// There are messages, but this page and the server do not understand each other.
        at_a_loss: bool,
    },
}

/// A row's signals.
#[derive(Clone, Copy)]
pub struct Row {
    /// The patient, as this user wants it: with the edits that are not confirmed yet.
    pub patient: RwSignal<Arc<Patient>>,
    /// What has not been seen yet.
    pub mark: RwSignal<Option<Mark>>,
    /// What is to be seen of those edits.
    pub pending: RwSignal<Option<Pending>>,
}

/// What connects the list: the browser's half gives it.
pub trait Link {
    /// Sends a frame over the connection that there is.
    fn send(&self, frame: String);
    /// A new UUID.
    fn new_key(&self) -> String;
    /// The server says what time it is.
    fn set_time(&self, now: UtcTime);
}

/// The live list. A handle: copies are the same list.
#[derive(Clone, Copy)]
pub struct Live {
    replica: StoredValue<Replica, LocalStorage>,
    rows: StoredValue<HashMap<i64, Row>, LocalStorage>,
    /// Rows that were deleted by somebody else and not yet cleared.
    deleted: StoredValue<BTreeMap<i64, Arc<Patient>>, LocalStorage>,
    /// Turns whenever the set of rows or what they are sorted by may be another.
    turned: RwSignal<u64>,
    /// The ids of rows with a mark, in order.
    pub marked: RwSignal<Vec<i64>>,
    /// Changes by others since the announcement that was made last.
    pub unannounced: RwSignal<usize>,
    /// Whether the list is in step.
    pub state: RwSignal<LinkState>,
    /// Whether nothing can be sent, because the list is not in step.
    pub blocked: Memo<bool>,
    /// Whether nothing can even be kept until it is.
    pub refuses: Memo<bool>,
    /// Whether this user wants edits to be kept on this device while the list is not live.
    pub keeps: RwSignal<bool>,
    /// This user's edits that the list does not contain yet.
    pub edits: RwSignal<Vec<Edit>>,
    /// Edits that were saved with nobody waiting for it, and not told to the user yet.
    pub kept_saved: RwSignal<usize>,
    waiting: StoredValue<Vec<Waiting>, LocalStorage>,
    /// While there is no connection: when the last message came.
    lost: StoredValue<Option<UtcTime>>,
    now: RwSignal<UtcTime>,
    /// Who is signed in.
    pub user: StoredValue<UserInfo>,
    link: StoredValue<Option<Rc<dyn Link>>, LocalStorage>,
    /// What is in view: a row that enters or leaves it is marked.
    pub query: RwSignal<Query>,
    /// Whose patients are this user's own.
    pub mine: RwSignal<Mine>,
}

impl Live {
    /// The list that the page came with; `now` is the page's clock.
    pub fn new(snapshot: Snapshot, user: UserInfo, now: RwSignal<UtcTime>) -> Self {
        let replica = Replica::new(snapshot, Filter::default());
        let rows = replica.list().rows().iter().map(|(id, patient)| (*id, Row::new(patient.clone()))).collect();
        let state = RwSignal::new(LinkState::Connecting);
        let blocked = Memo::new(move |_| state.get() != LinkState::Live);
        let keeps = RwSignal::new(true);
        let attending = user.name.clone();
        Self {
            replica: StoredValue::new_local(replica),
            rows: StoredValue::new_local(rows),
            deleted: StoredValue::new_local(BTreeMap::new()),
            turned: RwSignal::new(0),
            marked: RwSignal::new(Vec::new()),
            unannounced: RwSignal::new(0),
            state,
            blocked,
            refuses: Memo::new(move |_| blocked.get() && !keeps.get()),
            keeps,
            edits: RwSignal::new(Vec::new()),
            kept_saved: RwSignal::new(0),
            waiting: StoredValue::new_local(Vec::new()),
            lost: StoredValue::new(None),
            now,
            user: StoredValue::new(user),
            link: StoredValue::new_local(None),
            query: RwSignal::new(Query::default()),
            mine: RwSignal::new(Mine { attending, ..Mine::default() }),
        }
    }

    /// The row with this id, deleted ones that are still shown among them.
    pub fn row(self, id: i64) -> Option<Row> {
        self.rows.with_value(|rows| rows.get(&id).copied())
    }

    fn with_rows<R>(self, read: impl FnOnce(&BTreeMap<i64, Arc<Patient>>) -> R) -> R {
        self.replica.with_value(|replica| read(replica.list().rows()))
    }

    /// The ids to show, in order; follows every change. What is not confirmed does not count: a row moves once, and only
    /// to where everybody sees it.
    pub fn arranged(self) -> Vec<i64> {
        self.turned.track();
        let marked = self.marked.get();
        self.query.with(|query| {
            self.with_rows(|rows| {
                self.deleted.with_value(|deleted| {
                    let all = rows.values().chain(deleted.values());
                    query.arrange(all, &self.mine.get(), |id| marked.binary_search(&id).is_ok())
                })
            })
        })
    }

    /// Whether the patient is in the database; follows every change.
    pub fn exists(self, id: i64) -> bool {
        self.turned.track();
        self.with_rows(|rows| rows.contains_key(&id))
    }

    /// How many patients there are, shown or not; follows every change.
    pub fn count(self) -> usize {
        self.turned.track();
        self.with_rows(BTreeMap::len)
    }

    /// Every value of a field in the list, once each, in order; follows every change.
    pub fn values_of(self, field: impl Fn(&Patient) -> Option<&str>) -> Vec<String> {
        self.turned.track();
        self.with_rows(|rows| {
            let mut values: Vec<&str> = rows.values().filter_map(|patient| field(patient)).collect();
            values.sort_unstable();
            values.dedup();
            values.into_iter().map(str::to_owned).collect()
        })
    }

    /// The first patient for whom `wanted` holds, as of now.
    pub fn find(self, wanted: impl Fn(&Patient) -> bool) -> Option<Arc<Patient>> {
        self.with_rows(|rows| rows.values().find(|patient| wanted(patient)).cloned())
    }

    // ------------------------------------------------------------------------------------------- the connection

    /// Gives what connects the list.
    pub fn set_link(self, link: Rc<dyn Link>) {
        self.link.set_value(Some(link));
    }

    /// A connection is being opened. There is one at a time: the one before has ended.
    pub fn connected(self) {
        self.replica.update_value(Replica::connected);
        self.follow();
    }

    /// The connection has ended, or did not come about; its last message came then.
    pub fn disconnected(self, since: UtcTime) {
        self.replica.update_value(Replica::disconnected);
        self.lost.set_value(Some(since));
        self.follow();
    }

    /// Takes a frame of the connection; whether it was a sign of life, see [`Replica::has_heard`].
    pub fn receive(self, text: &str) -> bool {
        self.lost.set_value(None);
        let effects = self.replica.try_update_value(|replica| replica.receive(text, |key| self.is_attended(key)));
        let heard = self.replica.with_value(Replica::has_heard);
        self.run(effects.unwrap_or_default());
        heard
    }

    /// Asks whether the list is still in step, as after a sleep of the device.
    pub fn probe(self) {
        let effects = self.replica.try_update_value(Replica::probe);
        self.run(effects.unwrap_or_default());
    }

    /// How often the server sends something at least.
    pub fn heartbeat_ms(self) -> u64 {
        self.replica.with_value(Replica::heartbeat_ms)
    }

    /// How long the server has asked to wait before the next connection; forgotten once it was asked for.
    pub fn take_retry_after_ms(self) -> Option<u64> {
        self.replica.try_update_value(Replica::take_retry_after_ms).flatten()
    }

    /// Does what the replica asks for.
    fn run(self, effects: Vec<Effect>) {
        let link = self.link.get_value();
        for effect in effects {
            match effect {
                Effect::Send(frame) => link.iter().for_each(|link| link.send(frame.clone())),
                Effect::Now(now) => link.iter().for_each(|link| link.set_time(now)),
                Effect::Answered(key, outcome) => self.answered(&key, outcome),
                Effect::Rows(changes) => {
                    for (change, by) in changes {
                        self.show(change, &by);
                    }
                    self.turn();
                }
            }
        }
        self.follow();
    }

    /// Brings what is seen of the connection and of the edits up to date.
    fn follow(self) {
        let before = self.state.get_untracked();
        let (is_live, at_a_loss) = self.replica.with_value(|replica| (replica.is_live(), replica.is_at_a_loss()));
        let state = match (self.lost.get_value(), before) {
            (Some(since), _) => LinkState::Lost { since, at_a_loss: false },
            (None, LinkState::Lost { at_a_loss: true, .. }) if at_a_loss => before,
            (None, _) if at_a_loss => LinkState::Lost { since: self.now.get_untracked(), at_a_loss },
            (None, _) if is_live => LinkState::Live,
            (None, LinkState::Connecting) => before,
            (None, _) => LinkState::Syncing,
        };
        if state != before {
            self.state.set(state);
        }
        self.follow_edits();
    }

    // ------------------------------------------------------------------------------------------------- the rows

    fn turn(self) {
        self.turned.update(|turned| *turned += 1);
    }

    /// Brings a row's signals up to date and marks what somebody else did.
    fn show(self, change: RowChange, by: &str) {
        let own = self.user.with_value(|user| user.name == by);
        let mine = self.mine.get_untracked();
        let mark = |kind| (!own).then(|| Mark { kind, by: by.to_owned() });
        match change {
            RowChange::Added(patient) => {
                let in_view = self.query.with_untracked(|query| query.filters_pass(&patient, &mine));
                let mark = mark(MarkKind::New).filter(|_| in_view);
                // In another history it may never have been deleted.
                self.deleted.update_value(|deleted| _ = deleted.remove(&patient.id));
                self.set_row(patient, mark);
            }
            RowChange::Changed { before, after } => {
                let (was, is) = self
                    .query
                    .with_untracked(|query| (query.filters_pass(&before, &mine), query.filters_pass(&after, &mine)));
                let fields = before.changed_from(&after).into_iter().map(|(field, _)| field).collect();
                let mark = match (was, is) {
                    (false, false) => None,
                    (false, true) => mark(MarkKind::New),
                    (true, _) => mark(MarkKind::Changed(fields)),
                };
                self.set_row(after, mark);
            }
            RowChange::Removed(patient) => {
                let in_view = self.query.with_untracked(|query| query.filters_pass(&patient, &mine));
                if let Some(mark) = mark(MarkKind::Deleted).filter(|_| in_view) {
                    self.deleted.update_value(|deleted| _ = deleted.insert(patient.id, patient.clone()));
                    self.set_row(patient, Some(mark));
                } else {
                    self.marked.update(|marked| marked.retain(|id| *id != patient.id));
                    self.drop_row(patient.id);
                }
            }
        }
    }

    fn set_row(self, patient: Arc<Patient>, mark: Option<Mark>) {
        let id = patient.id;
        let row = self.row(id).unwrap_or_else(|| {
            let row = Row::new(patient);
            self.rows.update_value(|rows| _ = rows.insert(id, row));
            row
        });
        if let Some(mark) = mark {
            self.unannounced.update(|count| *count += 1);
            self.marked.update(|marked| {
                if let Err(at) = marked.binary_search(&id) {
                    marked.insert(at, id);
                }
            });
            row.mark.update(|known| *known = Some(mark.after(known.take())));
        }
        self.refresh(id);
    }

    fn drop_row(self, id: i64) {
        self.deleted.update_value(|deleted| _ = deleted.remove(&id));
        self.rows.update_value(|rows| _ = rows.remove(&id));
    }
}

impl Row {
    /// Row signals live as long as the list, whoever happens to run when they are made.
    fn new(patient: Arc<Patient>) -> Self {
        Self {
            patient: ArcRwSignal::new(patient).into(),
            mark: ArcRwSignal::new(None).into(),
            pending: ArcRwSignal::new(None).into(),
        }
    }
}
