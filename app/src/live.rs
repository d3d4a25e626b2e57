//! The list as signals: a signal for each row and one for which rows there are, so that a change re-renders one row.

mod mark;
mod own;
mod pause;
pub mod personal;
mod view;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use leptos::prelude::*;
use rustc_hash::FxHashSet;

pub use self::{
    mark::{Mark, MarkKind},
    own::{Done, WriteRequest},
    view::View,
};
use self::{own::Waiting, pause::Then, personal::Touch};
use crate::{
    edits::{Edit, Pending},
    filter::{Filter, Was},
    list::{
        RowChange,
        arrange::{Layout, Mine, Query},
        beds::Item,
        index::{Index, Rows},
        ward::{Board, Day},
    },
    patient::{Patient, UtcTime, display::natural_key},
    replica::{Effect, Replica},
    unseen::{Told, Unseen},
    wire::{ChangeAction, How, Personal, Present, UserInfo},
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
    /// Out of touch since then, until the list is in step again.
    Lost {
        /// When it was in step last.
        since: UtcTime,
        /// There are messages, but this page and the server do not understand each other.
        at_a_loss: bool,
    },
}

/// A row's signals: there for as long as something is shown of it.
#[derive(Debug)]
pub struct Row {
    /// The patient, as this user wants it: with the edits that are not confirmed yet.
    pub patient: ArcRwSignal<Arc<Patient>>,
    /// What has not been seen yet, as far as it is in view.
    pub mark: ArcRwSignal<Option<Mark>>,
    /// What is to be seen of those edits.
    pub pending: ArcRwSignal<Option<Pending>>,
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

/// Changes within this time are arranged together: of a short list at once, as the eye sees it, and a long one is not sorted
/// at each of two hundred changes a second.
const TURN: Duration = Duration::from_millis(10);
const TURN_OF_A_LONG_LIST: Duration = Duration::from_millis(200);

/// Rows that make a list long.
const LONG: usize = 500;

/// What there is to show.
#[derive(Clone, Default, PartialEq)]
struct Arranged {
    /// In its order.
    items: Arc<Vec<Item>>,
    /// The same as it is laid out, where a ward is looked at.
    board: Option<Arc<Board>>,
}

/// The live list. A handle: copies are the same list.
#[derive(Clone, Copy)]
pub struct Live {
    replica: StoredValue<Replica, LocalStorage>,
    /// Of the replica's rows and of deleted ones that are still shown.
    index: StoredValue<Index, LocalStorage>,
    /// Of rows that are in the document, and of those that were since the order was looked at last.
    rows: StoredValue<HashMap<i64, Arc<Row>>, LocalStorage>,
    /// What this user has not seen yet.
    unseen: StoredValue<Unseen, LocalStorage>,
    /// Turns whenever the set of rows, what they are sorted by or a mark may be another.
    turned: RwSignal<u64>,
    /// Which log the list was in step with last: see [`Position`](crate::wire::Position).
    epoch: StoredValue<String>,
    /// It is about to turn.
    turning: StoredValue<bool>,
    /// This user has done something that moves rows: they may move now.
    moved: StoredValue<bool>,
    /// Rows that others changed since the announcement that was made last.
    pub unannounced: RwSignal<BTreeSet<i64>>,
    /// Whether the list is in step.
    pub state: RwSignal<LinkState>,
    /// Whether nothing can be sent, because the list is not in step.
    pub blocked: Memo<bool>,
    /// Whether nothing can even be kept until it is.
    pub refuses: Memo<bool>,
    /// Whether this user wants edits to be kept on this device while the list is not live.
    pub keeps: RwSignal<bool>,
    /// Since when this user wants nothing to change on the screen (WCAG 2.2.2).
    pub paused: RwSignal<Option<UtcTime>>,
    /// Rows that have changed since.
    pub stale: RwSignal<BTreeSet<i64>>,
    /// What there was then: as long as that is so.
    then: StoredValue<Option<Then>, LocalStorage>,
    /// This user's edits that the list does not contain yet.
    pub edits: RwSignal<Vec<Edit>>,
    /// Edits that were saved with nobody waiting for it, and not told to the user yet.
    pub kept_saved: RwSignal<usize>,
    waiting: StoredValue<Vec<Waiting>, LocalStorage>,
    /// Keys of edits whose author has waited for them, until the list contains them.
    waited_for: StoredValue<BTreeSet<String>>,
    /// From the end of a connection until the list is in step again: when it was so last.
    lost: StoredValue<Option<UtcTime>>,
    now: RwSignal<UtcTime>,
    day: StoredValue<Memo<Day>>,
    /// Nobody in particular looks at it: there are no marks, and nothing is kept.
    is_nobodys: bool,
    /// Who is signed in.
    pub user: StoredValue<UserInfo>,
    link: StoredValue<Option<Rc<dyn Link>>, LocalStorage>,
    /// What is in view.
    pub query: RwSignal<Query>,
    /// What the server keeps for this user.
    pub personal: RwSignal<BTreeMap<String, String>>,
    /// Whose patients are this user's own.
    pub mine: Memo<Mine>,
    /// What it has not been told yet.
    untold: StoredValue<BTreeMap<String, Option<String>>, LocalStorage>,
    /// What it was told last and how often, and has not answered to.
    told: StoredValue<BTreeMap<String, (Option<String>, usize)>, LocalStorage>,
    /// The server has refused to keep something, and the user was not told yet.
    pub unkept: RwSignal<bool>,
    /// Who else attends which patient.
    pub others: RwSignal<(i64, Vec<Present>)>,
    /// What others have done to the patient whom this user attends, since they do.
    meanwhile: StoredValue<Vec<Touch>>,
    /// Whether people are told who else attends a patient.
    presence: StoredValue<bool>,
    /// Which patient this user attends, and how.
    attends: StoredValue<Option<(i64, How)>>,
}

impl Live {
    /// The rows that the page came with; `now` and `day` are the page's clock. Where there is nothing of a user's `own`,
    /// nobody in particular looks at it.
    pub fn new(
        Rows { list, index }: Rows,
        user: UserInfo,
        own: Option<Personal>,
        presence: bool,
        query: Query,
        now: RwSignal<UtcTime>,
        day: Memo<Day>,
    ) -> Self {
        let epoch = StoredValue::new(list.epoch().to_owned());
        let replica = Replica::new(list, Filter::default());
        let state = RwSignal::new(LinkState::Connecting);
        let blocked = Memo::new(move |_| state.get() != LinkState::Live);
        let keeps = RwSignal::new(true);
        let personal = RwSignal::new(BTreeMap::new());
        let name = user.name.clone();
        let live = Self {
            index: StoredValue::new_local(index),
            rows: StoredValue::new_local(HashMap::new()),
            unseen: StoredValue::new_local(Unseen::default()),
            turned: RwSignal::new(0),
            epoch,
            turning: StoredValue::new(false),
            moved: StoredValue::new(false),
            unannounced: RwSignal::new(BTreeSet::new()),
            state,
            blocked,
            refuses: Memo::new(move |_| blocked.get() && !keeps.get()),
            keeps,
            paused: RwSignal::new(None),
            stale: RwSignal::new(BTreeSet::new()),
            then: StoredValue::new_local(None),
            edits: RwSignal::new(Vec::new()),
            kept_saved: RwSignal::new(0),
            waiting: StoredValue::new_local(Vec::new()),
            waited_for: StoredValue::new(BTreeSet::new()),
            lost: StoredValue::new(None),
            now,
            day: StoredValue::new(day),
            is_nobodys: own.is_none(),
            user: StoredValue::new(user),
            link: StoredValue::new_local(None),
            query: RwSignal::new(query),
            personal,
            mine: Memo::new(move |_| personal.with(|personal| Mine::of(personal, &name))),
            untold: StoredValue::new_local(BTreeMap::new()),
            told: StoredValue::new_local(BTreeMap::new()),
            unkept: RwSignal::new(false),
            others: RwSignal::new((0, Vec::new())),
            meanwhile: StoredValue::new(Vec::new()),
            presence: StoredValue::new(presence),
            attends: StoredValue::new(None),
            replica: StoredValue::new_local(replica),
        };
        live.take_personal(own.unwrap_or_default());
        live
    }

    /// The row with this id, deleted ones that are still shown among them. Its signals are made when it is first asked for:
    /// of a long list most rows are never seen.
    pub fn row(self, id: i64) -> Option<Arc<Row>> {
        if let Some(row) = self.rows.with_value(|rows| rows.get(&id).cloned()) {
            return Some(row);
        }
        let (patient, mark, pending) = self.shown(id)?;
        let row = Arc::new(Row {
            patient: ArcRwSignal::new(patient),
            mark: ArcRwSignal::new(mark),
            pending: ArcRwSignal::new(pending),
        });
        self.rows.update_value(|rows| _ = rows.insert(id, row.clone()));
        Some(row)
    }

    /// Follows which rows there are and what they are sorted by.
    pub fn track_rows(self) {
        self.turned.track();
    }

    fn with_rows<R>(self, read: impl FnOnce(&BTreeMap<i64, Arc<Patient>>) -> R) -> R {
        self.replica.with_value(|replica| read(replica.list().rows()))
    }

    /// What to show, in order; follows every change. What is not confirmed does not count: a row moves once, and only
    /// to where everybody sees it.
    fn arranged(self) -> Arranged {
        self.turned.track();
        let mine = self.mine();
        let day = self.day.get_value().get();
        self.query.with(|query| {
            self.seen_as(|index, unseen| {
                let deleted = index.deleted().clone();
                let passes = |row: &Patient| {
                    let is_gone = deleted.contains(&row.id);
                    let is_in_view =
                        query.filters_pass(row, &mine) || !is_gone && query.shows_discharge(row, &mine, &day);
                    let is_marked = || unseen.mark(row.id).is_some_and(|mark| is_in_view || query.showed(mark, &mine));
                    // Without a mark, a deleted row waits for nothing but a hand to leave the list.
                    is_in_view && !is_gone || is_marked()
                };
                let items = index.arrange(query, passes);
                if query.layout == Layout::List {
                    return Arranged { items: Arc::new(items), board: None };
                }
                let board = Board::new(query, &day, &items, index);
                Arranged { items: Arc::new(board.items()), board: Some(Arc::new(board)) }
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
        self.seen_as(|index, _| index.count())
    }

    /// How many patients are in the bed that this one is in; follows every change.
    pub fn in_bed_of(self, id: i64) -> usize {
        self.turned.track();
        self.seen_as(|index, _| index.occupants(id))
    }

    /// Every value of a field in the list, once each, in order; follows every change.
    pub fn values_of(self, field: impl Fn(&Patient) -> Option<&str>) -> Vec<String> {
        self.turned.track();
        self.with_rows(|rows| in_order(rows.values().filter_map(|patient| field(patient))))
    }

    /// The wards, those of the plan of the house among them, as above.
    pub fn wards(self) -> Vec<String> {
        self.turned.track();
        self.with_rows(|rows| {
            self.index.with_value(|index| {
                let named = rows.values().filter_map(|patient| patient.ward.as_deref());
                in_order(index.planned_beds().map(|bed| &*bed.ward).chain(named))
            })
        })
    }

    /// The first patient for whom `wanted` holds, as of now.
    pub fn find(self, wanted: impl Fn(&Patient) -> bool) -> Option<Arc<Patient>> {
        self.with_rows(|rows| rows.values().find(|patient| wanted(patient)).cloned())
    }

    /// All patients for whom `wanted` holds, as of now.
    pub fn find_all(self, wanted: impl Fn(&Patient) -> bool) -> Vec<Arc<Patient>> {
        self.with_rows(|rows| rows.values().filter(|patient| wanted(patient)).cloned().collect())
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

    /// The connection has ended, or did not come about; the list was in step last then.
    pub fn disconnected(self, since: UtcTime) {
        self.replica.update_value(Replica::disconnected);
        self.lost.set_value(Some(since));
        self.follow();
    }

    /// Takes a frame of the connection; whether it was a sign of life, see [`Replica::has_heard`].
    pub fn receive(self, text: &str) -> bool {
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
                Effect::Personal(personal) => self.take_personal(*personal),
                Effect::NoPersonal => self.ask_personal_later(),
                Effect::Recalled(key, value) => self.told_again(&key, value),
                Effect::Remembered(key) => self.remembered(&key),
                Effect::NotRemembered(key) => self.not_remembered(&key),
                Effect::NeverRemembered(key) => self.never_remembered(&key),
                Effect::Presence(pk, others) => self.others.set((pk, others)),
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
        if is_live {
            self.lost.set_value(None);
        }
        let state = match (self.lost.get_value(), before) {
            (Some(since), _) => LinkState::Lost { since, at_a_loss },
            (None, LinkState::Lost { at_a_loss: true, .. }) if at_a_loss => before,
            (None, _) if at_a_loss => LinkState::Lost { since: self.now.get_untracked(), at_a_loss },
            (None, _) if is_live => LinkState::Live,
            (None, LinkState::Connecting) => before,
            (None, _) => LinkState::Syncing,
        };
        if state != before {
            self.state.set(state);
            if state == LinkState::Live {
                self.get_in_touch();
            }
        }
        self.follow_edits();
    }

    // ------------------------------------------------------------------------------------------------- the rows

    /// Those who follow what there is look again, soon.
    fn turn(self) {
        if self.turning.get_value() {
            return;
        }
        self.turning.set_value(true);
        let is_long = self.with_rows(BTreeMap::len) > LONG;
        let turn = move || self.turn_now();
        // By a timer: a page that nobody looks at counts updates in its title, and has no frames.
        set_timeout(turn, if is_long { TURN_OF_A_LONG_LIST } else { TURN });
    }

    fn turn_now(self) {
        self.turning.set_value(false);
        self.turned.update(|turned| *turned += 1);
    }

    /// A row is there, or has other values: it is found by them.
    fn enter(self, row: &Arc<Patient>) {
        self.index.update_value(|index| index.enter(row));
    }

    /// A row was deleted; it may still be shown.
    fn delete(self, row: &Arc<Patient>) {
        self.index.update_value(|index| index.delete(row));
    }

    /// Brings a row's signals up to date and marks what somebody else did.
    fn show(self, change: RowChange, by: &str) {
        let id = change.row().id;
        let own = self.user.with_value(|user| user.name == by);
        let (action, changed, was, row) = match change {
            RowChange::Added(patient) => {
                self.enter(&patient);
                (ChangeAction::Create, Vec::new(), None, None)
            }
            RowChange::Changed { before, after } => {
                self.enter(&after);
                let fields = before.changed_from(&after).into_iter().map(|(field, _)| field).collect();
                (ChangeAction::Update, fields, Some(Was::of(&before)), None)
            }
            RowChange::Removed(patient) => {
                self.delete(&patient);
                (ChangeAction::Delete, Vec::new(), Some(Was::of(&patient)), Some(patient))
            }
        };
        if !own {
            self.touched(id, by, &changed, action == ChangeAction::Delete);
        }
        let seq = self.replica.with_value(|replica| replica.list().seq());
        self.absorb(Told {
            pk: id,
            seq,
            action,
            changed,
            by: by.to_owned(),
            at: self.now.get_untracked(),
            own,
            was,
            row,
        });
        if own {
            self.take_into_pause(id);
        }
        self.refresh(id);
    }

    fn drop_row(self, id: i64) {
        self.rows.update_value(|rows| _ = rows.remove(&id));
        if self.with_rows(|rows| !rows.contains_key(&id)) {
            self.index.update_value(|index| index.leave(id));
        }
    }
}

/// Each once, as people sort them.
fn in_order<'a>(values: impl Iterator<Item = &'a str>) -> Vec<String> {
    let values: FxHashSet<&str> = values.collect();
    let mut values: Vec<&str> = values.into_iter().collect();
    values.sort_by_cached_key(|value| natural_key(value));
    values.into_iter().map(str::to_owned).collect()
}
