//! The languages that pages are in. Their texts are in `locales`, side by side, and are read by rust-i18n.

use std::fmt::{self, Display};

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// A language that pages are in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English: what is said where nothing else is asked for.
    #[default]
    En,
    /// German.
    De,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::En, Self::De];

    /// As HTML's `lang` has it (BCP 47).
    pub fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
        }
    }

    /// Where a line begins, as HTML's `dir` has it.
    pub fn direction(self) -> &'static str {
        match self {
            Self::En | Self::De => "ltr",
        }
    }

    /// What the language calls itself.
    pub fn name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::De => "Deutsch",
        }
    }

    /// The one with this code, whichever country's it is: `de-CH` is German.
    pub fn from_code(code: &str) -> Option<Self> {
        let language = code.trim().split(['-', '_']).next()?;
        Self::ALL.into_iter().find(|known| known.code().eq_ignore_ascii_case(language))
    }

    /// What a browser asks for first of what there is (RFC 9110, 12.5.4).
    pub fn from_accept_language(header: &str) -> Option<Self> {
        let mut wanted: Vec<(f32, Self)> = header
            .split(',')
            .filter_map(|range| {
                let (code, weight) = range.split_once(';').unwrap_or((range, "q=1"));
                let weight: f32 = weight.trim().strip_prefix("q=")?.parse().ok()?;
                Some((weight, Self::from_code(code)?)).filter(|(weight, _)| *weight > 0.0)
            })
            .collect();
        // Stable: of two that are wanted equally the one that is named first.
        wanted.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        wanted.first().map(|(_, language)| *language)
    }

    /// A text.
    pub fn text(self, key: &'static str) -> String {
        rust_i18n::t!(key, locale = self.code()).into_owned()
    }

    /// A text with values in it: `%{name}` stands for the one with that name.
    pub fn fill(self, key: &'static str, values: &[(&str, &dyn Display)]) -> String {
        let (names, values): (Vec<&str>, Vec<String>) =
            values.iter().map(|(name, value)| (*name, value.to_string())).unzip();
        rust_i18n::replace_patterns(&rust_i18n::t!(key, locale = self.code()), &names, &values)
    }

    /// A text about some number of things, `%{count}`: one for one of them, and one for any other number. That does for
    /// all languages that are here (CLDR's plural rules).
    pub fn count(self, [one, other]: [&'static str; 2], count: usize) -> String {
        self.fill(if count == 1 { one } else { other }, &[("count", &count)])
    }
}

impl Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// The language of the page that is being made.
pub fn use_language() -> Language {
    use_context().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_gets_what_it_asks_for_first() {
        let asked = Language::from_accept_language;
        assert_eq!(asked("de-CH,de;q=0.9,en;q=0.8"), Some(Language::De));
        assert_eq!(asked("fr, en;q=0.4, de;q=0.7"), Some(Language::De));
        assert_eq!(asked("en, de"), Some(Language::En));
        assert_eq!(asked("de;q=0, en;q=0.1"), Some(Language::En));
        assert_eq!(asked("fr, *;q=0.5"), None);
        assert_eq!(asked(""), None);
        assert_eq!(asked("de;q=x"), None);
    }

    #[test]
    fn texts_have_values_in_them() {
        let said = |language: Language, count| language.count(["bar.updates.one", "bar.updates.other"], count);
        assert_eq!(said(Language::En, 1), "1 update");
        assert_eq!(said(Language::De, 15), "15 Änderungen");
    }
}
