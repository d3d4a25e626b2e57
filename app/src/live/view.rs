//! What is on the screen, in which order, and that nothing moves there under somebody's hand.

use std::{ops::Range, sync::Arc};

use leptos::prelude::*;
use rustc_hash::FxHashMap;

use super::{Arranged, Live};
use crate::list::{
    alike::{Part, first_difference},
    arrange::Query,
    beds::Item,
    order::waiting,
    ward::Board,
    window::{Edges, Heights, Reach, Window},
};

/// As high as a screen is taken to be until it was measured, in pixels.
const SCREEN: f64 = 1500.0;

/// The place of each row.
type Places = FxHashMap<Item, usize>;

/// What is shown. A handle: copies are the same.
#[derive(Clone, Copy)]
pub struct View {
    live: StoredValue<Live>,
    /// What there is to show.
    wanted: Memo<Arranged>,
    /// What is shown: the same, unless it is held.
    pub shown: RwSignal<Arc<Vec<Item>>>,
    /// How that is laid out, where a ward is looked at.
    pub board: RwSignal<Option<Arc<Board>>>,
    /// The place of each in it.
    places: Memo<Arc<Places>>,
    /// Pointer, finger or focus is on a row.
    pub held: RwSignal<bool>,
    /// How many rows wait to come, go or move.
    pub waiting: Memo<usize>,
    /// The places that can be seen without scrolling; `None` until that was looked at.
    pub on_screen: RwSignal<Option<Range<usize>>>,
    /// The one that has the focus: it stays in the document.
    pub focused: RwSignal<Option<Item>>,
    /// Which of them are in the document.
    pub window: Memo<Window>,
    /// From where to where the screen shows the list, in pixels below its first row's upper edge.
    screen: RwSignal<(f64, f64)>,
    /// How far beyond that rows are in the document.
    pub reach: RwSignal<Reach>,
    heights: StoredValue<Heights<Item>, LocalStorage>,
    /// Turns when a row turned out to be of another height.
    measured: RwSignal<u64>,
    edges: Memo<Arc<Edges>>,
}

impl View {
    /// What `live` has to show.
    pub fn new(live: Live) -> Self {
        let wanted = Memo::new(move |_| live.arranged());
        let Arranged { items, board } = wanted.get_untracked();
        let (shown, board) = (RwSignal::new(items), RwSignal::new(board));
        let places: Memo<Arc<Places>> = anew(move || {
            shown.with(|shown| shown.iter().cloned().enumerate().map(|(place, item)| (item, place)).collect())
        });
        let heights = StoredValue::new_local(Heights::default());
        let screen = RwSignal::new((0.0, SCREEN));
        let reach = RwSignal::new(Reach::FULL);
        let measured = RwSignal::new(0);
        let edges: Memo<Arc<Edges>> = anew(move || {
            measured.track();
            shown.with(|shown| heights.with_value(|heights: &Heights<Item>| heights.edges(shown)))
        });
        let focused = RwSignal::new(None::<Item>);
        let held = RwSignal::new(false);
        let window = Memo::new(move |_| {
            let (screen, reach) = (screen.get(), reach.get());
            let focus = focused.get().and_then(|item| places.with(|places| places.get(&item).copied()));
            shown.with(|shown| {
                // In an empty bed there is nothing to press.
                let stops = |place: usize| shown.get(place).is_some_and(|item| item.patient().is_some());
                edges.with(|edges| edges.window(screen, reach, focus, stops))
            })
        });
        Self {
            live: StoredValue::new(live),
            wanted,
            shown,
            board,
            places,
            held,
            waiting: Memo::new(move |_| {
                if !is_held(live, held) {
                    return 0;
                }
                wanted.with(|wanted| match (board.get(), &wanted.board) {
                    (Some(held), Some(wanted)) => held.waiting(wanted),
                    _ => shown.with(|shown| waiting(shown, &wanted.items)),
                })
            }),
            on_screen: RwSignal::new(None),
            focused,
            window,
            screen,
            reach,
            heights,
            measured,
            edges,
        }
    }

    /// What the user asks for is shown at once, wherever the pointer is. To be run whenever what it reads has changed.
    pub fn obey(self) {
        let live = self.live.get_value();
        // A star moves nobody where all are shown.
        if live.query.with(Query::is_of_mine) {
            live.mine.track();
        }
        live.look_at_marks_again();
        if self.take_over() {
            self.reach.set(Reach::NEAR);
        }
    }

    /// What others do is shown unless the rows are held. To be run whenever what it reads has changed.
    pub fn follow(self) {
        self.wanted.track();
        let live = self.live.get_value();
        // What one has done oneself may have moved nothing: then nobody else's rows move for it, later.
        live.track_rows();
        if !is_held(live, self.held) || live.moved.get_value() {
            self.take_over();
        }
    }

    /// The screen shows the list from here to there, in pixels below its first row's upper edge; these rows were seen to be
    /// so high.
    pub fn look(self, top: f64, bottom: f64, heights: &[(usize, f64)]) {
        let changed = self.heights.try_update_value(|known| {
            self.shown.with_untracked(|shown| {
                let rows = heights.iter().filter_map(|(place, height)| Some((shown.get(*place)?, *height)));
                rows.fold(false, |changed, (item, height)| known.measure(item, height) || changed)
            })
        });
        if changed == Some(true) {
            self.measured.update(|measured| *measured += 1);
        }
        if self.screen.get_untracked() != (top, bottom) {
            self.screen.set((top, bottom));
        }
        self.sees(self.edges.with_untracked(|edges| edges.between(top, bottom)));
    }

    /// The screen shows these places.
    pub fn sees(self, on_screen: Range<usize>) {
        if self.on_screen.with_untracked(|before| before.as_ref() != Some(&on_screen)) {
            self.on_screen.set(Some(on_screen));
        }
    }

    /// Shows what there is to show; whether that is another list.
    pub fn take_over(self) -> bool {
        let live = self.live.get_value();
        // Where the list is about to turn, what one has done is in `wanted` only then.
        if !live.turning.get_value() {
            live.moved.set_value(false);
        }
        let Arranged { items, board } = self.wanted.get_untracked();
        let is_other = self.shown.with_untracked(|shown| *shown != items);
        if is_other {
            self.shown.set(items);
        }
        if self.board.with_untracked(|shown| *shown != board) {
            self.board.set(board);
        }
        live.sweep();
        is_other
    }

    /// The place of an entry on the screen, from 0; follows it.
    pub fn place(self, item: &Item) -> Option<usize> {
        self.places.with(|places| places.get(item).copied())
    }

    /// Whether there are rows that are not in the document; follows it.
    pub fn is_in_part(self) -> bool {
        self.board.with(Option::is_none)
            && self.window.with(|window| window.before + window.between + window.after > 0.0)
    }

    /// How many patients are shown; follows it.
    pub fn count(self) -> usize {
        let live = self.live.get_value();
        live.turned.track();
        let patients = self.shown.with(|shown| shown.iter().filter(|item| item.patient().is_some()).count());
        let is_shown = |id: &&i64| self.places.with(|places| places.contains_key(&Item::Patient(**id)));
        patients - live.seen_as(|index, _| index.deleted().iter().filter(is_shown).count())
    }

    /// How many rows have marks, and how many of those cannot be seen without doing something; follows both.
    pub fn updates(self) -> (usize, usize) {
        let marked = self.live.get_value().marked();
        let on_screen = self.on_screen.get();
        let seen = self.places.with(|places| {
            let place = |id: &i64| places.get(&Item::Patient(*id));
            let is_seen = |place: &&usize| on_screen.as_ref().is_none_or(|range| range.contains(place));
            marked.iter().filter_map(place).filter(is_seen).count()
        });
        (marked.len(), marked.len() - seen)
    }

    /// Where to look to tell this patient from another one who is shown and whose name is alike; `None` when there is none.
    /// With several of them the last part that is needed.
    pub fn alike(self, id: i64) -> Option<Part> {
        let live = self.live.get_value();
        live.turned.track();
        self.places.track();
        self.places.with_untracked(|places| {
            live.seen_as(|index, _| {
                let row = &index.entry(id).filter(|entry| entry.exists)?.row;
                let is_shown = |other: &i64| places.contains_key(&Item::Patient(*other));
                let others = index.alike(id).filter(is_shown).filter_map(|other| index.entry(other));
                others.filter(|other| other.exists).map(|other| first_difference(row, &other.row)).max()
            })
        })
    }
}

/// Whether nothing moves unless the user wants it to; follows it.
fn is_held(live: Live, held: RwSignal<bool>) -> bool {
    held.get() || live.paused.with(Option::is_some)
}

/// What is worked out whenever what it reads has changed. That it came out the same is not looked for: in ten thousand rows
/// that would cost as much.
fn anew<T: Send + Sync + 'static>(read: impl Fn() -> T + Send + Sync + 'static) -> Memo<Arc<T>> {
    Memo::new_with_compare(move |_| Arc::new(read()), |_, _| true)
}

impl Live {
    /// Lets go of deleted rows that nobody has to see any more, and of the signals of rows that are not shown.
    fn sweep(self) {
        // While nothing is to change, a row that is scrolled away comes back as it was.
        if self.paused.with_untracked(Option::is_none) {
            self.rows.update_value(|rows| rows.retain(|_, row| Arc::strong_count(row) > 1));
        }
        let gone: Vec<i64> = self.index.with_value(|index| {
            let is_seen = |id: &i64| self.unseen.with_value(|unseen| unseen.mark(*id).is_none());
            index.deleted().iter().copied().filter(is_seen).collect()
        });
        for id in gone {
            self.drop_row(id);
        }
    }
}
