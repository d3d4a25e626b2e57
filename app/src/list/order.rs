//! The order on the screen is held while somebody points at it: what has become different meanwhile is counted.

use std::hash::Hash;

use rustc_hash::FxHashMap;

/// How many entries of `wanted` are not where `held` has them: those that came, those that went, and as few as can be of
/// the others that would have to move.
pub fn waiting<T: Eq + Hash>(held: &[T], wanted: &[T]) -> usize {
    if held == wanted {
        return 0;
    }
    let places: FxHashMap<&T, usize> = held.iter().enumerate().map(|(place, entry)| (entry, place)).collect();
    let stayed: Vec<usize> = wanted.iter().filter_map(|entry| places.get(entry).copied()).collect();
    let came = wanted.len() - stayed.len();
    let went = held.len() - stayed.len();
    came + went + stayed.len() - longest_rising(&stayed)
}

/// The length of the longest part of `numbers` that rises, gaps allowed: that many can stay where they are.
fn longest_rising(numbers: &[usize]) -> usize {
    // At each place the smallest number that ends a rising part of that length.
    let mut ends: Vec<usize> = Vec::new();
    for number in numbers {
        let place = ends.partition_point(|end| end < number);
        if let Some(end) = ends.get_mut(place) {
            *end = *number;
        } else {
            ends.push(*number);
        }
    }
    ends.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_row_that_moves_is_one_however_many_it_passes() {
        assert_eq!(waiting(&[1, 2, 3, 4], &[4, 1, 2, 3]), 1);
        assert_eq!(waiting(&[1, 2, 3, 4], &[2, 3, 4, 1]), 1);
        assert_eq!(waiting(&[1, 2, 3], &[3, 2, 1]), 2);
    }

    #[test]
    fn those_that_come_and_go_count() {
        assert_eq!(waiting(&[1, 2, 3], &[1, 3, 5, 6]), 3);
        assert_eq!(waiting(&[], &[7]), 1);
        assert_eq!(waiting(&[1, 2], &[1, 2]), 0);
    }

    proptest::proptest! {
        #[test]
        fn nothing_waits_only_when_nothing_differs(
            held in proptest::collection::hash_set(0u8..9, 0..9), wanted in proptest::collection::hash_set(0u8..9, 0..9),
        ) {
            let (held, wanted): (Vec<_>, Vec<_>) = (held.into_iter().collect(), wanted.into_iter().collect());
            proptest::prop_assert_eq!(waiting(&held, &wanted) == 0, held == wanted);
            proptest::prop_assert!(waiting(&held, &wanted) <= held.len() + wanted.len());
        }
    }
}
