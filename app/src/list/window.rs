//! Of a long list only the rows near the screen are in the document: which, and how much room the others take.

use std::{hash::Hash, ops::Range};

use rustc_hash::FxHashMap;

/// Up to so many rows are all in the document, as the browser's own search, printing and assistive programs like it best.
pub const ALL_UP_TO: usize = 200;

/// Rows beyond either edge of the screen, so that scrolling and the Tab key find them there.
const BEYOND: usize = 15;

/// How far beyond the screen rows are in the document. What somebody asks for is drawn where it can be seen first, so that
/// the answer does not wait for what cannot; what is beyond follows step by step, as the browser finds the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reach(usize);

impl Reach {
    /// As far as it goes.
    pub const FULL: Self = Self(usize::MAX);

    /// What can be seen and hardly more.
    pub const NEAR: Self = Self(3);

    /// Rows that a step adds at either end.
    const STEP: usize = 12;

    /// One step further.
    pub fn further(&mut self) {
        *self = if self.0 >= ALL_UP_TO { Self::FULL } else { Self(self.0 + Self::STEP) };
    }
}

/// What a row takes before any was measured, in pixels.
const GUESS: f64 = 90.0;

/// How high rows were when they were last seen, in pixels.
#[derive(Clone, Debug)]
pub struct Heights<T> {
    measured: FxHashMap<T, f64>,
    sum: f64,
}

impl<T> Default for Heights<T> {
    fn default() -> Self {
        Self { measured: FxHashMap::default(), sum: 0.0 }
    }
}

/// Where to put what.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// The rows near the screen.
    pub rows: Range<usize>,
    /// The row that has the focus and what is around it, where that is elsewhere: the Tab key goes on from there.
    pub apart: Range<usize>,
    /// What the rows take that come before all of these, in pixels.
    pub before: f64,
    /// What those between the two take.
    pub between: f64,
    /// What those after all of these take.
    pub after: f64,
}

impl Window {
    /// The rows that are in the document: one piece, or two with others between them.
    pub fn pieces(&self) -> (Range<usize>, Option<Range<usize>>) {
        let Self { rows, apart, .. } = self;
        match (apart.is_empty(), apart.start < rows.start) {
            (true, _) => (rows.clone(), None),
            (false, true) => (apart.clone(), Some(rows.clone())),
            (false, false) => (rows.clone(), Some(apart.clone())),
        }
    }
}

impl<T: Eq + Hash + Clone> Heights<T> {
    /// This row is so high; whether that is news.
    pub fn measure(&mut self, row: &T, height: f64) -> bool {
        let known = self.measured.insert(row.clone(), height);
        self.sum += height - known.unwrap_or(0.0);
        known.is_none_or(|known| (known - height).abs() > 0.5)
    }

    #[expect(clippy::cast_precision_loss, reason = "rows are counted in thousands")]
    fn mean(&self) -> f64 {
        if self.measured.is_empty() { GUESS } else { self.sum / self.measured.len() as f64 }
    }

    /// Where each row begins and ends.
    pub fn edges(&self, rows: &[T]) -> Edges {
        let mean = self.mean();
        let mut edge = 0.0;
        let ends = rows.iter().map(|row| {
            edge += self.measured.get(row).copied().unwrap_or(mean);
            edge
        });
        Edges(std::iter::once(0.0).chain(ends).collect())
    }
}

/// Where each row begins, in pixels below the first one's upper edge, and where the last one ends.
#[derive(Clone, Debug, PartialEq)]
pub struct Edges(Vec<f64>);

impl Edges {
    fn rows(&self) -> usize {
        self.0.len() - 1
    }

    /// Where this row begins; the end of the list where there is no such row.
    pub fn top(&self, place: usize) -> f64 {
        self.0[place.min(self.rows())]
    }

    /// The rows of which something is between these, in pixels below the first row's upper edge.
    pub fn between(&self, top: f64, bottom: f64) -> Range<usize> {
        let start = self.0.partition_point(|edge| *edge <= top).saturating_sub(1).min(self.rows());
        let end = self.0.partition_point(|edge| *edge < bottom).min(self.rows());
        start..end.max(start)
    }

    /// The rows to have in the document when the screen shows what is from `top` to `bottom` pixels below the first row's
    /// upper edge, and the row at `focus` has the focus. `stops`: whether the Tab key stops at a row; before and after
    /// every row that may have the focus, the next one that it stops at is there.
    pub fn window(
        &self,
        (top, bottom): (f64, f64),
        Reach(reach): Reach,
        focus: Option<usize>,
        stops: impl Fn(usize) -> bool,
    ) -> Window {
        let count = self.rows();
        let beyond = if count <= ALL_UP_TO { reach.min(count) } else { reach.min(BEYOND) };
        let stop_before = |place: usize| (0..place).rev().find(|place| stops(*place)).unwrap_or(place);
        let stop_after = |place: usize| (place + 1..count).find(|place| stops(*place)).unwrap_or(place) + 1;

        let Range { start, end } = self.between(top, bottom);
        let near = start.saturating_sub(beyond).min(count.saturating_sub(2 * beyond));
        let far = (end + beyond).max(near + 2 * beyond).min(count);
        let mut rows = near.min(stop_before(start))..far.max(stop_after(end.saturating_sub(1))).min(count);
        let mut apart = 0..0;
        if let Some(focus) = focus.filter(|focus| *focus < count) {
            apart = stop_before(focus)..stop_after(focus);
            if apart.start <= rows.end && rows.start <= apart.end {
                rows = rows.start.min(apart.start)..rows.end.max(apart.end);
                apart = 0..0;
            }
        }
        let mut window = Window { rows, apart, before: 0.0, between: 0.0, after: 0.0 };
        let (first, second) = window.pieces();
        window.before = self.top(first.start);
        window.between = second.as_ref().map_or(0.0, |second| self.top(second.start) - self.top(first.end));
        window.after = self.top(count) - self.top(second.unwrap_or(first).end);
        window
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A thousand rows of 100 pixels.
    fn thousand() -> Edges {
        let mut heights = Heights::default();
        heights.measure(&0, 100.0);
        heights.edges(&(0..1000).collect::<Vec<usize>>())
    }

    fn one(rows: Range<usize>, before: f64, after: f64) -> Window {
        Window { rows, apart: 0..0, before, between: 0.0, after }
    }

    #[test]
    fn a_short_list_is_there_in_full() {
        let rows: Vec<usize> = (0..ALL_UP_TO).collect();
        let window = Heights::default().edges(&rows).window((500.0, 1000.0), Reach::FULL, Some(7), |_| true);
        assert_eq!(window, one(0..ALL_UP_TO, 0.0, 0.0));
    }

    #[test]
    fn of_a_long_one_what_is_near_the_screen() {
        let edges = thousand();
        let at = |top, bottom| edges.window((top, bottom), Reach::FULL, None, |_| true);
        assert_eq!(at(50_000.0, 51_000.0), one(485..525, 48_500.0, 47_500.0));
        // Above and below the list, its ends.
        assert_eq!(at(-900.0, -100.0).rows, 0..30);
        assert_eq!(at(900_000.0, 901_000.0).rows, 970..1000);
    }

    #[test]
    fn what_can_be_seen_comes_first_and_the_rest_step_by_step() {
        let steps = |edges: &Edges, (top, bottom)| {
            let mut reach = Reach::NEAR;
            let mut rows = vec![edges.window((top, bottom), reach, None, |_| true).rows];
            while reach < Reach::FULL {
                reach.further();
                rows.push(edges.window((top, bottom), reach, None, |_| true).rows);
            }
            assert!(rows.is_sorted_by(|a, b| b.start <= a.start && a.end <= b.end));
            (rows[0].clone(), rows[1].clone(), rows.last().cloned().unwrap())
        };
        assert_eq!(steps(&thousand(), (50_000.0, 51_000.0)), (497..513, 485..525, 485..525));
        let mut heights = Heights::default();
        heights.measure(&0, 100.0);
        let short = heights.edges(&(0..ALL_UP_TO).collect::<Vec<usize>>());
        assert_eq!(steps(&short, (0.0, 1000.0)), (0..13, 0..30, 0..ALL_UP_TO));
        assert_eq!(steps(&heights.edges(&[0, 1]), (0.0, 1000.0)), (0..2, 0..2, 0..2));
        assert_eq!(steps(&heights.edges(&[]), (0.0, 1000.0)), (0..0, 0..0, 0..0));
    }

    #[test]
    fn the_focus_and_where_the_tab_key_goes_from_it_are_there_wherever_the_screen_is() {
        let edges = thousand();
        let at = |focus| edges.window((50_000.0, 51_000.0), Reach::FULL, Some(focus), |place| place % 3 == 0);
        let apart = Window { apart: 6..13, before: 600.0, between: 47_200.0, ..at(9) };
        assert_eq!(at(9), apart);
        assert_eq!(apart.rows, 485..525);
        assert_eq!(apart.pieces(), (6..13, Some(485..525)));
        let after = Window { apart: 897..904, between: 37_200.0, after: 9_600.0, ..at(900) };
        assert_eq!(at(900), after);
        assert_eq!(after.pieces(), (485..525, Some(897..904)));
        // One piece where they touch, and where the focus is near the screen.
        assert_eq!(at(528), one(485..532, 48_500.0, 46_800.0));
        assert_eq!(at(500), one(485..525, 48_500.0, 47_500.0));
        // Also for the last row that is near the screen, and for the first.
        assert_eq!(at(524), one(485..526, 48_500.0, 47_400.0));
        assert_eq!(at(485).rows, 483..525);
    }

    #[test]
    fn the_tab_key_finds_its_next_stop_beyond_many_rows_without_one() {
        let edges = thousand();
        let window = edges.window((50_000.0, 51_000.0), Reach::FULL, None, |place| place == 400 || place == 600);
        assert_eq!(window.rows, 400..601);
        assert_eq!(edges.window((50_000.0, 51_000.0), Reach::FULL, None, |_| false).rows, 485..525);
    }

    proptest::proptest! {
        #[test]
        fn what_is_on_the_screen_is_in_the_document(
            heights in proptest::collection::vec(20.0f64..400.0, 0..400), top in 0.0f64..1.0, screen in 100.0f64..2000.0,
            focus in proptest::option::of(0usize..400), every in 1usize..50, steps in 0usize..20,
        ) {
            let rows: Vec<usize> = (0..heights.len()).collect();
            let mut known = Heights::default();
            heights.iter().enumerate().for_each(|(row, height)| _ = known.measure(&row, *height));
            let total: f64 = heights.iter().sum();
            let top = top * total;
            let mut reach = Reach::NEAR;
            (0..steps).for_each(|_| reach.further());
            let window = known.edges(&rows).window((top, top + screen), reach, focus, |place| place.is_multiple_of(every));
            let taken = |piece: &Range<usize>| heights[piece.clone()].iter().sum::<f64>();
            let inside = taken(&window.rows) + taken(&window.apart);
            proptest::prop_assert!((window.before + inside + window.between + window.after - total).abs() < 0.001);
            let start: f64 = heights[..window.rows.start].iter().sum();
            proptest::prop_assert!(start <= top && start + taken(&window.rows) >= (top + screen).min(total) - 0.001);
            if let Some(focus) = focus.filter(|focus| *focus < rows.len()) {
                let piece = if window.rows.contains(&focus) { &window.rows } else { &window.apart };
                proptest::prop_assert!(piece.contains(&focus));
                let stops = |place: &usize| place.is_multiple_of(every);
                proptest::prop_assert!((0..focus).rev().find(stops).is_none_or(|stop| piece.contains(&stop)));
                proptest::prop_assert!((focus + 1..rows.len()).find(stops).is_none_or(|stop| piece.contains(&stop)));
            }
        }
    }
}
