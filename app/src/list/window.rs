//! Of a long list only the rows near the screen are in the document: which, and how much room the others take.

use std::{collections::HashMap, hash::Hash, ops::Range};

/// Up to so many rows are all in the document, as the browser's own search, printing and assistive programs like it best.
pub const ALL_UP_TO: usize = 200;

/// Rows beyond either edge of the screen, so that scrolling and the Tab key find them there.
const BEYOND: usize = 15;

/// What a row takes before any was measured, in pixels.
const GUESS: f64 = 90.0;

/// How high rows were when they were last seen, in pixels.
#[derive(Clone, Debug)]
pub struct Heights<T> {
    measured: HashMap<T, f64>,
    sum: f64,
}

impl<T> Default for Heights<T> {
    fn default() -> Self {
        Self { measured: HashMap::new(), sum: 0.0 }
    }
}

/// Where to put what.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// The rows that are in the document.
    pub rows: Range<usize>,
    /// What those before them take, in pixels.
    pub before: f64,
    /// What those after them take.
    pub after: f64,
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
    /// upper edge.
    pub fn window(&self, top: f64, bottom: f64) -> Window {
        let rows = self.rows();
        if rows <= ALL_UP_TO {
            return Window { rows: 0..rows, before: 0.0, after: 0.0 };
        }
        let Range { start, end } = self.between(top, bottom);
        let start = start.saturating_sub(BEYOND).min(rows.saturating_sub(2 * BEYOND));
        let end = (end + BEYOND).clamp(start + 2 * BEYOND, rows);
        Window { rows: start..end, before: self.top(start), after: self.top(rows) - self.top(end) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_list_is_there_in_full() {
        let rows: Vec<usize> = (0..ALL_UP_TO).collect();
        let window = Heights::default().edges(&rows).window(500.0, 1000.0);
        assert_eq!(window, Window { rows: 0..ALL_UP_TO, before: 0.0, after: 0.0 });
    }

    #[test]
    fn of_a_long_one_what_is_near_the_screen() {
        let rows: Vec<usize> = (0..1000).collect();
        let mut heights = Heights::default();
        heights.measure(&0, 100.0);
        let edges = heights.edges(&rows);
        let window = edges.window(50_000.0, 51_000.0);
        assert_eq!(window, Window { rows: 485..525, before: 48_500.0, after: 47_500.0 });
        // Above and below the list, its ends.
        assert_eq!(edges.window(-900.0, -100.0).rows, 0..30);
        assert_eq!(edges.window(900_000.0, 901_000.0).rows, 970..1000);
    }

    proptest::proptest! {
        #[test]
        fn what_is_on_the_screen_is_in_the_document(
            heights in proptest::collection::vec(20.0f64..400.0, 201..400), top in 0.0f64..1.0, screen in 100.0f64..2000.0,
        ) {
            let rows: Vec<usize> = (0..heights.len()).collect();
            let mut known = Heights::default();
            heights.iter().enumerate().for_each(|(row, height)| _ = known.measure(&row, *height));
            let total: f64 = heights.iter().sum();
            let top = top * total;
            let Window { rows: shown, before, after } = known.edges(&rows).window(top, top + screen);
            let inside: f64 = heights[shown.clone()].iter().sum();
            proptest::prop_assert!((before + inside + after - total).abs() < 0.001);
            proptest::prop_assert!(before <= top && before + inside >= (top + screen).min(total) - 0.001);
        }
    }
}
