//! Dates of birth, which are often known only to the month or the year.

use std::{fmt, str::FromStr};

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A date of birth as exact as it is known (FHIR R4 `date`: `YYYY`, `YYYY-MM` or `YYYY-MM-DD`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BirthDate {
    year: i16,
    month: Option<i8>,
    day: Option<i8>,
}

/// The text is no real date in one of the three spellings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoDate;

/// How old somebody is, in the unit that the NHS guide to displaying ages uses for that age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Age {
    days: i32,
    months: i32,
    exact: bool,
}

/// What an age is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgeUnit {
    /// Up to four weeks.
    Days,
    /// Up to a year.
    Weeks,
    /// Up to two years.
    Months,
    /// From then on.
    Years,
}

impl BirthDate {
    /// The first day that this date can mean.
    pub fn earliest(self) -> Date {
        Date::new(self.year, self.month.unwrap_or(1), self.day.unwrap_or(1)).unwrap_or(Date::MIN)
    }

    /// The year, month and day, as far as they are known.
    pub fn parts(self) -> (i16, Option<i8>, Option<i8>) {
        (self.year, self.month, self.day)
    }

    /// The age on `today`, counted from the earliest day that this date can mean; `None` before birth.
    pub fn age_on(self, today: Date) -> Option<Age> {
        let born = self.earliest();
        if today < born {
            return None;
        }
        let mut months = (i32::from(today.year()) - i32::from(born.year())) * 12 + i32::from(today.month())
            - i32::from(born.month());
        if today.day() < born.day() {
            months -= 1;
        }
        let days = today.duration_since(born).as_hours() / 24;
        Some(Age { days: i32::try_from(days).unwrap_or(i32::MAX), months, exact: self.day.is_some() })
    }
}

impl Age {
    /// In the unit for this age.
    pub fn told(self) -> (i32, AgeUnit) {
        match (self.days, self.months) {
            (days, _) if days < 28 => (days, AgeUnit::Days),
            (days, months) if months < 12 => (days / 7, AgeUnit::Weeks),
            (_, months) if months < 24 => (months, AgeUnit::Months),
            (_, months) => (months / 12, AgeUnit::Years),
        }
    }

    /// Whether the day of birth is known.
    pub fn is_exact(self) -> bool {
        self.exact
    }
}

impl FromStr for BirthDate {
    type Err = NoDate;

    fn from_str(text: &str) -> Result<Self, NoDate> {
        let mut parts = text.split('-');
        let mut part = |length: usize| -> Result<Option<i16>, NoDate> {
            match parts.next() {
                None => Ok(None),
                Some(digits) if digits.len() == length && digits.bytes().all(|b| b.is_ascii_digit()) => {
                    digits.parse().map(Some).map_err(|_| NoDate)
                }
                Some(_) => Err(NoDate),
            }
        };
        let year = part(4)?.ok_or(NoDate)?;
        let month = part(2)?.map(i8::try_from).transpose().map_err(|_| NoDate)?;
        let day = part(2)?.map(i8::try_from).transpose().map_err(|_| NoDate)?;
        if parts.next().is_some() || year == 0 {
            return Err(NoDate);
        }
        Date::new(year, month.unwrap_or(1), day.unwrap_or(1)).map_err(|_| NoDate)?;
        Ok(Self { year, month, day })
    }
}

impl fmt::Display for BirthDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.year)?;
        for part in [self.month, self.day].into_iter().flatten() {
            write!(f, "-{part:02}")?;
        }
        Ok(())
    }
}

impl Serialize for BirthDate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for BirthDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|NoDate| D::Error::custom("not a date of birth"))
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn the_three_spellings_read_back_as_written() {
        for text in ["1950", "1950-02", "1952-02-29"] {
            assert_eq!(text.parse::<BirthDate>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_date_that_does_not_exist_is_refused() {
        for text in ["", "1990-02-30", "1990-13", "90", "1990-1-1", "1990-01-01T00:00", "0000", "+990", "1990-01-01-01"]
        {
            assert_eq!(text.parse::<BirthDate>(), Err(NoDate), "{text}");
        }
    }

    #[test]
    fn an_age_is_told_in_days_weeks_months_or_years() {
        let age = |born: &str, today| {
            let age = born.parse::<BirthDate>().unwrap().age_on(today)?;
            Some((age.is_exact(), age.told()))
        };
        assert_eq!(age("2026-11-20", date(2026, 11, 23)), Some((true, (3, AgeUnit::Days))));
        assert_eq!(age("2026-09-20", date(2026, 11, 23)), Some((true, (9, AgeUnit::Weeks))));
        assert_eq!(age("2025-04-24", date(2026, 11, 23)), Some((true, (18, AgeUnit::Months))));
        assert_eq!(age("1815-12-10", date(1859, 12, 9)), Some((true, (43, AgeUnit::Years))));
        assert_eq!(age("1950", date(2026, 11, 23)), Some((false, (76, AgeUnit::Years))));
        assert_eq!(age("2027-01-01", date(2026, 11, 23)), None);
    }
}
