use leptos::prelude::*;

use super::{
    erased::{input, when},
    field_input::{Field, FieldInput, Kind},
    submission::Submission,
};
use crate::{
    language::use_language,
    patient::{Data, Flag},
    wording::flag,
};

/// The flags of a form. A handle.
#[derive(Clone, Copy)]
pub(super) struct Flags {
    ticked: RwSignal<Vec<Flag>>,
    /// What is typed for one more.
    another: RwSignal<String>,
}

impl Flags {
    pub(super) fn new(values: &Data) -> Self {
        Self { ticked: RwSignal::new(flags_of(values)), another: RwSignal::default() }
    }

    /// What is ticked and typed, in the order of `base` as far as they are there: to untick one and tick it again changes nothing.
    pub(super) fn chosen(self, base: &Data) -> Vec<Flag> {
        let ticked = self.ticked.get_untracked();
        let mut chosen = flags_of(base);
        chosen.retain(|flag| ticked.contains(flag));
        let text = self.another.get_untracked().trim().to_owned();
        let another = (!text.is_empty()).then(|| Flag { code: Flag::OWN.to_owned(), text });
        for flag in ticked.into_iter().chain(another) {
            if !chosen.contains(&flag) {
                chosen.push(flag);
            }
        }
        chosen
    }

    fn toggle(self, flag: &Flag) {
        self.ticked.update(|ticked| {
            let had = ticked.len();
            ticked.retain(|other| other != flag);
            if ticked.len() == had {
                ticked.push(flag.clone());
            }
        });
    }
}

fn flags_of(values: &Data) -> Vec<Flag> {
    values.get("flags").and_then(|flags| serde_json::from_value(flags.clone()).ok()).unwrap_or_default()
}

/// The common ones, each as the record has it, and whatever else the record has.
fn offered(had: &[Flag]) -> Vec<Flag> {
    let mut offered = Vec::new();
    for (code, _) in Flag::COMMON {
        let before = offered.len();
        offered.extend(had.iter().filter(|flag| flag.code == *code).cloned());
        if offered.len() == before {
            offered.push(Flag { code: (*code).to_owned(), text: String::new() });
        }
    }
    offered.extend(had.iter().filter(|flag| !flag.is_common()).cloned());
    offered
}

/// A box to tick for each flag, and a field for one in somebody's own words.
#[component]
pub(super) fn FlagChoice(flags: Flags, submission: Submission) -> impl IntoView {
    let t = use_language();
    let boxes = offered(&flags.ticked.get_untracked()).into_iter().map(|one| {
        let words = flag(t, &one);
        let ticked = one.clone();
        let toggle = input(move |_| {
            flags.toggle(&one);
            submission.check("flags");
        });
        view! {
            <label class="check">
                <input
                    type="checkbox"
                    name="flags"
                    prop:checked=when(move || flags.ticked.with(|all| all.contains(&ticked)))
                    on:change=toggle
                />
                " "{words}
            </label>
        }
    });
    // What is wrong with the flags is said beside it, whichever of them it is.
    let another = Field {
        label: t.text("record.form.another_flag"),
        max: Some(Flag::MAX_TEXT),
        ..Field::new(t, "flags", Kind::Text).hint(t.text("record.form.another_flag_hint"))
    };
    view! {
        <fieldset class="flags">
            <legend>{t.text("wording.field.flags")}</legend>
            {boxes.collect_view()}
            <div class="fields">
                <FieldInput field=another value=flags.another submission/>
            </div>
        </fieldset>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn one(code: &str, text: &str) -> Flag {
        Flag { code: code.to_owned(), text: text.to_owned() }
    }

    fn values(flags: &[Flag]) -> Data {
        Data::from_iter([("flags".to_owned(), json!(flags))])
    }

    /// With what a record of these flags has after `choose`.
    fn chosen(had: &[Flag], choose: impl FnOnce(Flags)) -> Vec<Flag> {
        Owner::new().with(|| {
            let flags = Flags::new(&values(had));
            choose(flags);
            flags.chosen(&values(had))
        })
    }

    fn record() -> Vec<Flag> {
        vec![one("deceased", "Deceased, time not recorded"), one("isolation", "MRSA"), one("falls", "")]
    }

    #[test]
    fn every_flag_of_the_record_is_offered_beside_the_common_ones() {
        let offered = offered(&record());
        assert_eq!(offered.len(), Flag::COMMON.len() + 1);
        for (place, (code, _)) in Flag::COMMON.iter().enumerate() {
            assert_eq!(offered[place].code, *code);
        }
        for flag in record() {
            assert!(offered.contains(&flag), "{flag:?}");
        }
        assert!(!offered.contains(&one("isolation", "")));
    }

    #[test]
    fn two_of_one_code_are_two() {
        let had = [one("isolation", "MRSA"), one("isolation", "Norovirus")];
        assert_eq!(offered(&had)[..2], had);
        assert_eq!(chosen(&had, |flags| flags.toggle(&had[0])), had[1..]);
    }

    #[test]
    fn a_flag_that_is_unticked_goes_and_ticked_again_is_as_it_was() {
        for flag in record() {
            let others: Vec<Flag> = record().into_iter().filter(|other| *other != flag).collect();
            assert_eq!(chosen(&record(), |flags| flags.toggle(&flag)), others);
            let twice = chosen(&record(), |flags| {
                flags.toggle(&flag);
                flags.toggle(&flag);
            });
            assert_eq!(twice, record());
        }
    }

    #[test]
    fn new_ones_come_last_and_one_in_own_words_once() {
        let added = [one("fasting", ""), one(Flag::OWN, "Hard of hearing")];
        let type_it = |flags: Flags| flags.another.set(" Hard of hearing ".to_owned());
        let all = chosen(&record(), |flags| {
            flags.toggle(&added[0]);
            type_it(flags);
        });
        assert_eq!(all, [record(), added.to_vec()].concat());
        assert_eq!(chosen(&all, type_it), all);
        assert_eq!(chosen(&all, |flags| flags.another.set("  ".to_owned())), all);
    }
}
