//! The NHS number and its check digit.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A valid NHS number: ten digits of which the last is a check digit.
///
/// Rule: NHS Data Dictionary, "NHS NUMBER": the first nine digits weighted 10 to 2, the sum modulo 11 taken from 11 is the
/// last digit (11 counts as 0, 10 is never issued). Ten equal digits satisfy it and are never issued either.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NhsNumber(String);

/// Why a text is no NHS number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoNhsNumber {
    /// Not ten digits once spaces and dashes are gone.
    Length,
    /// The check digit does not fit: usually a slip in typing.
    CheckDigit,
    /// Ten times the same digit.
    Repeated,
}

impl NhsNumber {
    /// The ten digits, as stored and sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The ten digits in groups of 3, 3 and 4, as people read them.
    pub fn grouped(&self) -> String {
        format!("{} {} {}", &self.0[..3], &self.0[3..6], &self.0[6..])
    }

    /// The number whose first nine digits these are; `None` when no check digit fits them. For sample data.
    pub fn from_first_nine(digits: [u8; 9]) -> Option<Self> {
        let check = check_digit(&digits)?;
        digits.iter().chain([&check]).map(|d| char::from(b'0' + d)).collect::<String>().parse().ok()
    }
}

impl fmt::Display for NoNhsNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Length => "An NHS number has 10 digits.",
            Self::CheckDigit => "This is not a valid NHS number: its check digit does not fit. Check each digit.",
            Self::Repeated => "This is not a valid NHS number: all digits are the same.",
        })
    }
}

fn check_digit(first_nine: &[u8]) -> Option<u8> {
    let sum: u32 = first_nine.iter().zip((2..=10u32).rev()).map(|(d, weight)| u32::from(*d) * weight).sum();
    match 11 - sum % 11 {
        10 => None,
        11 => Some(0),
        check => u8::try_from(check).ok(),
    }
}

impl FromStr for NhsNumber {
    type Err = NoNhsNumber;

    fn from_str(text: &str) -> Result<Self, NoNhsNumber> {
        let kept: String = text.chars().filter(|c| !c.is_whitespace() && !is_dash(*c)).collect();
        if kept.len() != 10 || !kept.bytes().all(|b| b.is_ascii_digit()) {
            return Err(NoNhsNumber::Length);
        }
        let digits: Vec<u8> = kept.bytes().map(|b| b - b'0').collect();
        if digits.iter().all(|d| *d == digits[0]) {
            return Err(NoNhsNumber::Repeated);
        }
        if check_digit(&digits[..9]) == Some(digits[9]) { Ok(Self(kept)) } else { Err(NoNhsNumber::CheckDigit) }
    }
}

/// The hyphen of the keyboard and those that word processors make of it.
fn is_dash(c: char) -> bool {
    c == '-' || ('\u{2010}'..='\u{2015}').contains(&c)
}

impl Serialize for NhsNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for NhsNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_and_dashes_are_dropped_and_the_number_is_shown_3_3_4() {
        for text in ["9434765919", "943 476 5919", "943-476-5919", " 943\u{a0}476\u{2013}5919 "] {
            assert_eq!(text.parse::<NhsNumber>().unwrap().grouped(), "943 476 5919");
        }
    }

    #[test]
    fn a_wrong_check_digit_equal_digits_and_other_lengths_are_refused() {
        assert_eq!("9434765918".parse::<NhsNumber>(), Err(NoNhsNumber::CheckDigit));
        assert_eq!("1111111111".parse::<NhsNumber>(), Err(NoNhsNumber::Repeated));
        assert_eq!("943476591".parse::<NhsNumber>(), Err(NoNhsNumber::Length));
        assert_eq!("943476591x".parse::<NhsNumber>(), Err(NoNhsNumber::Length));
        assert_eq!("٩٤٣٤٧٦٥٩١٩".parse::<NhsNumber>(), Err(NoNhsNumber::Length));
    }

    proptest::proptest! {
        #[test]
        fn any_single_wrong_digit_is_noticed(digits in proptest::array::uniform9(0u8..10), place in 0usize..10, other in 1u8..10) {
            if let Some(number) = NhsNumber::from_first_nine(digits) {
                let mut wrong = number.0.clone().into_bytes();
                wrong[place] = (wrong[place] - b'0' + other) % 10 + b'0';
                proptest::prop_assert!(String::from_utf8(wrong).unwrap().parse::<NhsNumber>().is_err());
            }
        }
    }
}
