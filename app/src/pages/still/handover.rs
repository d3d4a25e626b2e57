use std::collections::HashMap;

use leptos::prelude::*;

use super::{
    Arranged,
    parts::{Ground, identity},
};
use crate::{
    change::Signed,
    list::alike::{self, Part},
    patient::{Patient, UtcTime},
    wording,
};

/// The handover sheet: a table whose head a browser repeats on every page, and whose rows it keeps whole, so that whatever is
/// on a page stands beside the patient whom it is about.
pub(super) fn handover(
    ground: &Ground,
    arranged: &Arranged,
    notes: &HashMap<i64, Signed>,
    now: UtcTime,
    by: &str,
) -> AnyView {
    let language = ground.language;
    let alike = alike::among(&arranged.patients);
    let moment = ground.zone.date_time(now);
    let as_of = language.fill("still.handover.as_of", &[("moment", &moment), ("by", &by)]);
    let announced = wording::announce(ground.language, &ground.query, arranged.patients.len(), arranged.total);
    let rows = arranged
        .patients
        .iter()
        .flat_map(|patient| rows(ground, patient, alike.get(&patient.id).copied(), notes.get(&patient.id)));
    let end = if arranged.patients.is_empty() { "still.past.nobody" } else { "still.end" };
    view! {
        <h1>{ground.text("still.handover.title")}</h1>
        <p class="hint no-print">{ground.text("still.handover.hint")}</p>
        <table class="sheet">
            <caption class="quiet">{ground.text("still.handover.title")}</caption>
            <thead>
                <tr class="printed"><td colspan="3"><strong>{as_of}</strong>" "{announced}" "{ground.text("still.handover.destroy")}</td></tr>
                <tr>
                    <th scope="col">{ground.text("still.patient")}</th>
                    <th scope="col">{ground.text("still.handover.stay")}</th>
                    <th scope="col">{ground.text("still.handover.note")}</th>
                </tr>
            </thead>
            <tbody>
                {rows.collect_view()}
                <tr class="last"><td colspan="3" class="end">{ground.text(end)}</td></tr>
            </tbody>
        </table>
    }
    .into_any()
}

/// The rows of one patient: as many as it takes for each to fit on a page.
fn rows(ground: &Ground, patient: &Patient, alike: Option<Part>, signed: Option<&Signed>) -> Vec<AnyView> {
    let alerts = portions(wording::alerts(ground.language, patient));
    let note = patient.handover_note.iter().flat_map(|note| note.lines());
    let notes = portions(note.map(|line| ("", line.to_owned())).collect());
    let count = alerts.len().max(notes.len());
    (0..count)
        .map(|place| {
            let part = (count > 1).then(|| {
                let words = ground.language.fill("still.handover.part", &[("part", &(place + 1)), ("of", &count)]);
                view! { <span class="sub"><em>{words}</em></span> }
            });
            let stay = (place == 0).then(|| stay(ground, patient));
            let alert = |(class, words): &Line| view! { <li class=*class>{words.clone()}</li> };
            let alerts = alerts.get(place).map(|alerts| alerts.iter().map(alert).collect_view());
            let note = notes.get(place).map(|lines| {
                let lines: Vec<&str> = lines.iter().map(|(_, line)| line.as_str()).collect();
                lines.join("\n")
            });
            // Who wrote it stands at its end.
            let signed = signed.filter(|_| place + 1 == notes.len()).map(|Signed { by, at }| {
                let moment = ground.zone.date_time(*at);
                let words = ground.language.fill("still.handover.signed", &[("by", by), ("moment", &moment)]);
                view! { <span class="sub">{words}</span> }
            });
            view! {
                <tr>
                    <th scope="row" class="identity">
                        <span class="bed">{wording::bed(ground.language, patient)}</span><span class="sub">{wording::place(ground.language, patient)}</span>
                        {identity(ground, patient, alike)}
                        {part}
                    </th>
                    <td>{stay}<ul class="sheet-alerts">{alerts}</ul></td>
                    <td><span class="lines">{note}</span>{signed}</td>
                </tr>
            }
            .into_any()
        })
        .collect()
}

fn stay(ground: &Ground, patient: &Patient) -> AnyView {
    let zone = &ground.zone;
    let admitted =
        ground.language.fill("still.handover.admitted", &[("moment", &zone.date_time(patient.admission_date))]);
    let line = |text: &Option<String>| text.clone().map(|text| view! { <p>{text}</p> });
    view! {
        <p><strong>{wording::status(ground.language, patient, zone)}</strong>" · "{admitted}</p>
        {line(&patient.reason)}
        <p>{wording::attending(ground.language, patient)}{patient.team.clone().map(|team| format!(" · {team}"))}</p>
    }
    .into_any()
}

/// What is printed, and the class that it is drawn by.
type Line = (&'static str, String);

/// Lines of print that a row may have: well less than a page.
const MOST_LINES: usize = 30;

/// Characters that surely have room in a line of a column.
const LINE: usize = 36;

/// What follows one another, in portions that fit on a page. At least one, if only an empty one; a text that is too long for a
/// portion goes on in the next one.
fn portions(texts: Vec<Line>) -> Vec<Vec<Line>> {
    let mut portions = vec![Vec::new()];
    let mut left = MOST_LINES;
    for piece in texts.into_iter().flat_map(pieces) {
        let lines = lines(&piece);
        if lines > left {
            portions.push(Vec::new());
            left = MOST_LINES;
        }
        left -= lines;
        if let Some(portion) = portions.last_mut() {
            portion.push(piece);
        }
    }
    portions
}

/// Lines of print that this takes at most.
fn lines((_, text): &Line) -> usize {
    text.chars().count().div_ceil(LINE).max(1)
}

/// Pieces none of which is longer than a portion.
fn pieces((class, text): Line) -> Vec<Line> {
    let chars: Vec<char> = text.chars().collect();
    if chars.is_empty() {
        return vec![(class, text)];
    }
    chars.chunks(LINE * MOST_LINES).map(|piece| (class, piece.iter().collect())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(texts: &[String]) -> Vec<Vec<Line>> {
        portions(texts.iter().map(|text| ("", text.clone())).collect())
    }

    #[test]
    fn what_fits_stays_together() {
        assert_eq!(of(&[]), [Vec::<Line>::new()]);
        let few = ["Analgesia 02:00", "", "Bloods at 06:00"].map(str::to_owned);
        assert_eq!(of(&few), [few.map(|text| ("", text))]);
    }

    proptest::proptest! {
        #[test]
        fn every_portion_fits_and_nothing_is_lost(texts in proptest::collection::vec("[a-z ]{0,200}|\\PC{0,2000}", 0..60)) {
            let portions = of(&texts);
            for portion in &portions {
                proptest::prop_assert!(portion.iter().map(lines).sum::<usize>() <= MOST_LINES, "{portion:?}");
            }
            let all: String = portions.concat().into_iter().map(|(_, text)| text).collect();
            proptest::prop_assert_eq!(all, texts.concat());
        }
    }
}
