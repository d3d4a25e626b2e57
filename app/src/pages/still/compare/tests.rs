use serde_json::json;

use super::*;
use crate::list::arrange::StatusFilter;

fn patient(id: i64, values: Value) -> Arc<Patient> {
    let now = "2026-11-25T03:00:00Z".parse().unwrap();
    let mut data = json!({"first_name": "Ada", "last_name": "Lovelace", "admission_date": "2026-11-01", "ward": "Elm"});
    data.as_object_mut().unwrap().extend(values.as_object().unwrap().clone());
    Arc::new(Patient { id, ..Patient::admit(data.as_object().unwrap(), now).unwrap() })
}

/// The states of a record, one after the other; the first one was there before, unless it is `None`.
fn touched(id: i64, states: &[Option<Value>]) -> Touched {
    let rows: Vec<Option<Arc<Patient>>> =
        states.iter().map(|values| values.clone().map(|values| patient(id, values))).collect();
    let steps = rows.windows(2).zip(1..).map(|(step, seq)| {
        let (action, row) = match (&step[0], &step[1]) {
            (None, Some(row)) => (Action::Create, row),
            (Some(_), Some(row)) => (Action::Update, row),
            (Some(row), None) => (Action::Delete, row),
            (None, None) => panic!("nothing happens"),
        };
        let before = match (&step[0], &step[1]) {
            (Some(before), Some(after)) => before.changed_from(after),
            _ => serde_json::Map::new(),
        };
        let by = if seq % 2 == 1 { "sister" } else { "doctor" }.to_owned();
        let at = UtcTime::from_unix_micros(seq).unwrap();
        LoggedChange { seq, action, patient: row.clone(), before, by, account_id: None, origin: "socket".into(), at }
    });
    Touched {
        patient_id: id,
        changes: steps.collect(),
        before: rows.first().unwrap().clone(),
        after: rows.last().unwrap().clone(),
    }
}

fn kinds(touched: &[Touched], query: &Query) -> Vec<(i64, Kind)> {
    compare(touched, query, &Mine::default()).iter().map(|one| (one.patient.id, one.kind)).collect()
}

#[test]
fn what_became_of_a_patient_is_told_by_the_list_that_is_looked_at() {
    let (a, b) = (|| Some(json!({"bed": "A"})), || Some(json!({"bed": "B"})));
    let gone = || Some(json!({"bed": "A", "status": "discharged"}));
    let all = [
        touched(1, &[None, a()]),
        touched(2, &[a(), gone()]),
        touched(3, &[a(), None]),
        touched(4, &[a(), b()]),
        touched(5, &[a(), Some(json!({"bed": "A", "reason": "Falls"}))]),
        touched(6, &[None, a(), gone()]),
        touched(7, &[None, a(), None]),
        touched(8, &[a(), b(), a()]),
        touched(9, &[gone(), Some(json!({"bed": "A", "status": "discharged", "team": "Red"}))]),
        touched(10, &[a(), Some(json!({"bed": "A", "ward": "Ash"}))]),
    ];
    use Kind::{Came, Changed, Moved, Passed, Went};
    let mut found = kinds(&all, &Query { ward: Some("Elm".into()), ..Query::default() });
    found.sort_unstable();
    let expected =
        [(1, Came), (2, Went), (3, Went), (4, Moved), (5, Changed), (6, Passed), (7, Passed), (8, Changed), (10, Went)];
    assert_eq!(found, expected);
    // Who sees discharged patients too sees them stay.
    let everyone = kinds(&all, &Query { status: StatusFilter::All, ..Query::default() });
    for one in [(2, Changed), (9, Changed), (6, Came), (10, Moved)] {
        assert!(everyone.contains(&one), "{one:?} in {everyone:?}");
    }
}

#[test]
fn a_difference_says_what_who_and_when() {
    let one = touched(1, &[
        Some(json!({"bed": "A"})),
        Some(json!({"bed": "B", "reason": "Falls"})),
        Some(json!({"bed": "B", "flags": [{"code": "falls", "text": ""}]})),
        Some(json!({"bed": "C", "flags": [{"code": "falls", "text": ""}]})),
    ]);
    let differences = compare(&[one], &Query::default(), &Mine::default());
    let [difference] = differences.as_slice() else { panic!("{differences:?}") };
    let fields: Vec<(&str, Value, Value)> =
        difference.fields.iter().map(|field| (field.name, field.before.clone(), field.after.clone())).collect();
    let flags = json!([{"code": "falls", "text": ""}]);
    assert_eq!(fields, [("bed", json!("A"), json!("C")), ("flags", Value::Null, flags)]);
    assert_eq!((difference.count, difference.at.unix_micros()), (3, 3));
    assert_eq!(difference.by, ["sister", "doctor"]);
    let summary = Summary::of(&differences);
    assert_eq!(summary, Summary { kinds: vec![(Kind::Moved, 1)], changes: 3, people: 2 });
}

#[test]
fn differences_are_in_the_lists_order_and_a_search_holds() {
    let moved = |id, bed: &str| touched(id, &[Some(json!({"bed": "Z"})), Some(json!({ "bed": bed }))]);
    let all = [moved(1, "A10"), moved(2, "A2"), touched(3, &[Some(json!({"bed": "A1"})), None])];
    let order = |query: &Query| kinds(&all, query).into_iter().map(|(id, _)| id).collect::<Vec<_>>();
    assert_eq!(order(&Query::default()), [3, 2, 1]);
    assert_eq!(order(&Query { descending: true, ..Query::default() }), [1, 2, 3]);
    assert_eq!(order(&Query { search: "hopper".into(), ..Query::default() }), [0i64; 0]);
}

#[test]
fn a_change_tells_its_fields_in_the_order_of_the_record() {
    let one = touched(1, &[None, Some(json!({"bed": "A"})), Some(json!({"bed": "B", "first_name": "Grace"}))]);
    let names = |change: &LoggedChange| fields_of(change).iter().map(|field| field.name).collect::<Vec<_>>();
    assert_eq!(names(&one.changes[1]), ["first_name", "bed"]);
    // Of a new record what it holds, and not what it does not.
    let of_new = names(&one.changes[0]);
    assert!(of_new.starts_with(&["first_name", "last_name", "admission_date"]) && of_new.contains(&"bed"));
    assert!(!of_new.contains(&"reason") && !of_new.contains(&"flags"), "{of_new:?}");
}
