//! The columns of the list. Place and identity are no choice: they are always there, first, and stay in view (PAL-0610/0620).

use super::arrange::SortBy;

/// A column that a user may do without, or put elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Column {
    /// Status of the stay.
    Status,
    /// When and why admitted.
    Admission,
    /// Who attends, and the team.
    Attending,
    /// What has to be seen at a glance.
    Alerts,
    /// What the next shift has to know.
    Note,
}

impl Column {
    /// Every column.
    pub const ALL: [Self; 5] = [Self::Status, Self::Admission, Self::Attending, Self::Alerts, Self::Note];

    /// Those that there are until a user wants others, in their order.
    pub const AT_FIRST: [Self; 4] = [Self::Status, Self::Admission, Self::Attending, Self::Alerts];

    /// Its name where it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Admission => "admission",
            Self::Attending => "attending",
            Self::Alerts => "alerts",
            Self::Note => "note",
        }
    }

    /// What its title sorts by.
    pub fn sorts_by(self) -> SortBy {
        match self {
            Self::Status => SortBy::Status,
            Self::Admission => SortBy::Admission,
            Self::Attending => SortBy::Attending,
            Self::Alerts => SortBy::Alerts,
            Self::Note => SortBy::Note,
        }
    }

    /// The columns that a kept text names, in its order, each once; those of the beginning where nothing is kept.
    pub fn from_kept(kept: Option<&str>) -> Vec<Self> {
        let Some(kept) = kept else { return Self::AT_FIRST.to_vec() };
        let mut columns = Vec::new();
        for name in kept.split(',') {
            let column = Self::ALL.into_iter().find(|column| column.as_str() == name);
            columns.extend(column.filter(|column| !columns.contains(column)));
        }
        columns
    }

    /// The other way round; nothing for what holds by default.
    pub fn to_kept(columns: &[Self]) -> Option<String> {
        let names: Vec<&str> = columns.iter().map(|column| column.as_str()).collect();
        (columns != Self::AT_FIRST).then(|| names.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_comes_back_and_what_is_unknown_is_left_out() {
        let columns = vec![Column::Alerts, Column::Note, Column::Status];
        assert_eq!(Column::from_kept(Column::to_kept(&columns).as_deref()), columns);
        assert_eq!(Column::from_kept(Some("alerts,weight,note,alerts,status")), columns);
        assert_eq!(Column::from_kept(Some("")), []);
        assert_eq!(Column::to_kept(&Column::AT_FIRST), None);
        assert_eq!(Column::from_kept(None), Column::AT_FIRST);
        assert_eq!(Column::from_kept(Column::to_kept(&Column::ALL).as_deref()), Column::ALL);
    }
}
