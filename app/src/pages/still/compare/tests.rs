use serde_json::json;

use super::{
    Kind::{Came, Changed, Moved, Passed, Went},
    *,
};
use crate::list::arrange::StatusFilter;

fn patient(id: i64, values: &Value) -> Arc<Patient> {
    let now = "2026-11-25T03:00:00Z".parse().unwrap();
    let mut data = json!({"first_name": "Ada", "last_name": "Lovelace", "admission_date": "2026-11-01", "ward": "Elm"});
    data.as_object_mut().unwrap().extend(values.as_object().unwrap().clone());
    Arc::new(Patient { id, ..Patient::admit(data.as_object().unwrap(), now).unwrap() })
}

/// A record that goes through these states, one change after the other; null is none.
fn touched(id: i64, states: &[Value]) -> Touched {
    let rows: Vec<_> = states.iter().map(|values| (!values.is_null()).then(|| patient(id, values))).collect();
    let steps = rows.windows(2).zip(1..).map(|(step, seq)| {
        let (before, after) = (&step[0], &step[1]);
        let action = match (before, after) {
            (None, _) => Action::Create,
            (_, None) => Action::Delete,
            _ => Action::Update,
        };
        let changed = before.as_ref().zip(after.as_ref()).map(|(before, after)| before.changed_from(after));
        let change = Change {
            seq,
            action,
            patient: after.clone().or_else(|| before.clone()).unwrap(),
            before: changed.unwrap_or_default(),
            by: if seq % 2 == 1 { "sister" } else { "doctor" }.to_owned(),
            at: UtcTime::from_unix_micros(seq).unwrap(),
        };
        LoggedChange { change, account_id: None, origin: "socket".to_owned() }
    });
    let changes = steps.collect();
    Touched { patient_id: id, before: rows[0].clone(), after: rows[rows.len() - 1].clone(), changes }
}

fn kinds(touched: &[Touched], query: &Query) -> Vec<(i64, Kind)> {
    compare(touched, query, &Mine::default()).iter().map(|one| (one.patient.id, one.kind)).collect()
}

#[test]
fn what_became_of_a_patient_is_told_by_the_list_that_is_looked_at() {
    let none = Value::Null;
    let (a, b) = (json!({"bed": "A"}), json!({"bed": "B"}));
    let gone = json!({"bed": "A", "status": "discharged"});
    let all = [
        touched(1, &[none.clone(), a.clone()]),
        touched(2, &[a.clone(), gone.clone()]),
        touched(3, &[a.clone(), none.clone()]),
        touched(4, &[a.clone(), b.clone()]),
        touched(5, &[a.clone(), json!({"bed": "A", "reason": "Falls"})]),
        touched(6, &[none.clone(), a.clone(), gone.clone()]),
        touched(7, &[none.clone(), a.clone(), none]),
        touched(8, &[a.clone(), b, a.clone()]),
        touched(9, &[gone, json!({"bed": "A", "status": "discharged", "team": "Red"})]),
        touched(10, &[a, json!({"bed": "A", "ward": "Ash"})]),
    ];
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
    let flags = json!([{"code": "falls", "text": ""}]);
    let one = touched(
        1,
        &[
            json!({"bed": "A"}),
            json!({"bed": "B", "reason": "Falls"}),
            json!({"bed": "B", "flags": flags}),
            json!({"bed": "C", "flags": flags}),
        ],
    );
    let differences = compare(&[one], &Query::default(), &Mine::default());
    let [difference] = differences.as_slice() else { panic!("{differences:?}") };
    let field = |name, before, after| FieldChange { name, before, after };
    assert_eq!(difference.fields, [field("bed", json!("A"), json!("C")), field("flags", Value::Null, flags)]);
    assert_eq!((difference.count, difference.at.unix_micros()), (3, 3));
    assert_eq!(difference.by, ["sister", "doctor"]);
    assert_eq!(Summary::of(&differences), Summary { kinds: vec![(Moved, 1)], changes: 3, people: 2 });
}

#[test]
fn differences_are_in_the_lists_order_and_a_search_holds() {
    let moved = |id, bed: &str| touched(id, &[json!({"bed": "Z"}), json!({ "bed": bed })]);
    let all = [moved(1, "A10"), moved(2, "A2"), touched(3, &[json!({"bed": "A1"}), Value::Null])];
    let order = |query: &Query| kinds(&all, query).into_iter().map(|(id, _)| id).collect::<Vec<_>>();
    assert_eq!(order(&Query::default()), [3, 2, 1]);
    assert_eq!(order(&Query { descending: true, ..Query::default() }), [1, 2, 3]);
    assert_eq!(order(&Query { search: "hopper".into(), ..Query::default() }), [0i64; 0]);
}

#[test]
fn a_change_tells_its_fields_in_the_order_of_the_record() {
    let one = touched(1, &[Value::Null, json!({"bed": "A"}), json!({"bed": "B", "first_name": "Grace"})]);
    let names = |step: usize| fields_of(&one.changes[step].change).iter().map(|field| field.name).collect::<Vec<_>>();
    assert_eq!(names(1), ["first_name", "bed"]);
    // Of a new record what it holds, and not what it does not.
    let of_new = names(0);
    assert!(
        of_new.starts_with(&["first_name", "last_name", "admission_date"]) && of_new.contains(&"bed"),
        "{of_new:?}"
    );
    assert!(!of_new.contains(&"reason") && !of_new.contains(&"flags"), "{of_new:?}");
}
