use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use app::patient::{Code, Status};
use serde_json::json;

use super::*;

fn now() -> UtcTime {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

/// `base` with the members of `other`; null takes one away.
fn with(mut base: Value, other: Value) -> Value {
    let (Value::Object(members), Value::Object(other)) = (&mut base, other) else { panic!("not two objects") };
    members.extend(other);
    members.retain(|_, value| !value.is_null());
    base
}

fn patient(members: Value) -> Value {
    let name = json!([{"family": "Lovelace", "given": ["Ada"]}]);
    with(json!({"resourceType": "Patient", "id": "ada", "name": name}), members)
}

fn encounter(members: Value) -> Value {
    let base = json!({
        "resourceType": "Encounter",
        "id": "stay",
        "status": "in-progress",
        "class": {"code": "IMP"},
        "subject": {"reference": "Patient/ada"},
        "period": {"start": "2026-11-20T10:00:00Z"},
    });
    with(base, members)
}

fn location(id: &str, kind: &str, members: Value) -> Value {
    let base = json!({"resourceType": "Location", "id": id, "physicalType": {"coding": [{"code": kind}]}});
    with(base, members)
}

fn lines(resources: &[Value]) -> Vec<u8> {
    resources.iter().flat_map(|resource| format!("{resource}\n").into_bytes()).collect()
}

/// Reads an export of these files.
fn read_files(files: &[(&str, &[u8])]) -> Result<Export, ReadError> {
    let dir = tempfile::tempdir().unwrap();
    for (name, content) in files {
        fs::write(dir.path().join(name), content).unwrap();
    }
    read_export(Files::In(dir.path()), now())
}

fn read(patients: &[Value], encounters: &[Value], locations: &[Value]) -> Export {
    let (patients, encounters, locations) = (lines(patients), lines(encounters), lines(locations));
    read_files(&[("Patient.ndjson", &patients), ("Encounter.ndjson", &encounters), ("Location.ndjson", &locations)])
        .unwrap()
}

/// The values of the one patient of an export of which nothing is refused.
fn values_of(patients: &[Value], encounters: &[Value], locations: &[Value]) -> Data {
    let export = read(patients, encounters, locations);
    assert_eq!(refusals(&export), "");
    assert_eq!(export.candidates.len(), 1);
    export.candidates.into_iter().next().unwrap().data
}

fn values_of_patient(members: Value) -> Data {
    values_of(&[patient(members)], &[encounter(json!({}))], &[])
}

fn values_of_stay(members: Value) -> Data {
    values_of(&[patient(json!({}))], &[encounter(members)], &[])
}

fn refusals(export: &Export) -> String {
    export.refused.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Why an export of this one Patient is refused.
fn refusal_of_patient(members: Value) -> String {
    let export = read(&[patient(members)], &[encounter(json!({}))], &[]);
    refusals(&export)
}

/// Why the second encounter of a patient is refused; the first one is taken.
fn refusal_of_encounter(members: Value) -> String {
    let second = with(encounter(json!({"id": "second"})), members);
    let export = read(&[patient(json!({}))], &[encounter(json!({})), second], &[]);
    assert_eq!(export.candidates.len(), 1, "the others go in");
    refusals(&export)
}

fn picked(data: &Data, names: &[&str]) -> Value {
    names.iter().map(|name| ((*name).to_owned(), data.get(*name).cloned().unwrap_or_default())).collect()
}

mod lines {
    use super::*;

    /// Why this first line of a Patient file is refused.
    fn refusal_of_line(line: &[u8]) -> String {
        let export = read_files(&[("Patient.ndjson", line), ("Encounter.ndjson", b"")]).unwrap();
        assert_eq!(export.candidates, []);
        refusals(&export)
    }

    #[test]
    fn a_candidate_tells_its_file_line_and_id() {
        let export = read(&[json!({}), patient(json!({}))], &[encounter(json!({}))], &[]);
        let candidate = &export.candidates[0];
        assert_eq!((&*candidate.file, candidate.line, &*candidate.source_id), ("Patient.ndjson", 2, "ada"));
    }

    #[test]
    fn a_line_that_is_no_resource_of_the_kind_is_refused_with_its_reason() {
        for (line, reason) in [
            (
                &b"{\"resourceType\":\"Patient\",\"id\":\"x"[..],
                "not valid JSON: EOF while parsing a string at column 33",
            ),
            (b"{} {}", "not valid JSON: trailing characters at column 4"),
            (b"\xFF{}", "not UTF-8 text after byte 0"),
            (b"", ""),
            (b"\n", "empty line"),
            (b" \t\r\n", "empty line"),
            (b"[\"Patient\", \"x\"]", "not as in FHIR R4: invalid type: sequence, expected an object at column 0"),
            (b"{}", "no resourceType"),
            (b"{\"resourceType\":\"Patient\"}", "no id"),
            (b"{\"resourceType\":\"Patient\",\"id\":\" \"}", "no id"),
            (b"{\"resourceType\":\"Observation\",\"id\":\"x\"}", "is of type \"Observation\", not Patient"),
        ] {
            let expected = if reason.is_empty() { String::new() } else { format!("Patient.ndjson:1: {reason}") };
            assert_eq!(refusal_of_line(line), expected);
        }
    }

    #[test]
    fn a_value_of_the_wrong_type_is_refused_without_being_repeated() {
        for (member, reason) in [
            (r#""name":"Secret, expected \"Name\"""#, "string, expected a sequence at column 71"),
            (r#""name":["Secret"]"#, "string, expected an object at column 53"),
            (r#""name":[["official", "Secret"]]"#, "sequence, expected an object at column 45"),
            (r#""name":null"#, "null, expected a sequence at column 48"),
            (r#""birthDate":18151210"#, "integer, expected a string at column 57"),
            (r#""deceasedBoolean":"true""#, "string, expected a boolean at column 61"),
        ] {
            let line = format!(r#"{{"resourceType":"Patient","id":"ada",{member}}}"#);
            let expected = format!("Patient.ndjson:1: not as in FHIR R4: invalid type: {reason}");
            assert_eq!(refusal_of_line(line.as_bytes()), expected);
        }
    }

    #[test]
    fn the_second_line_with_an_id_is_refused_in_every_file() {
        let (ada, stay, ward) = (patient(json!({})), encounter(json!({})), location("w", "wa", json!({})));
        let export = read(&[ada.clone(), ada], &[stay.clone(), stay], &[ward.clone(), ward]);
        assert_eq!(export.candidates.len(), 1);
        insta::assert_snapshot!(refusals(&export), @"
        Encounter.ndjson:2: its id is that of line 1
        Location.ndjson:2: its id is that of line 1
        Patient.ndjson:2: its id is that of line 1
        ");
    }

    #[test]
    fn a_byte_order_mark_and_carriage_returns_do_not_matter() {
        let text = format!("\u{feff}{}\r\n", patient(json!({})));
        let encounters = lines(&[encounter(json!({}))]);
        let export = read_files(&[("Patient.ndjson", text.as_bytes()), ("Encounter.ndjson", &encounters)]).unwrap();
        assert_eq!((export.candidates.len(), refusals(&export)), (1, String::new()));
    }

    #[test]
    fn a_line_that_is_not_utf_8_does_not_hold_up_the_next() {
        let mut text = b"{\"resourceType\":\"Patient\",\"id\":\"\xE9\"}\n".to_vec();
        text.extend(lines(&[patient(json!({}))]));
        let encounters = lines(&[encounter(json!({}))]);
        let export = read_files(&[("Patient.ndjson", &text), ("Encounter.ndjson", &encounters)]).unwrap();
        assert_eq!(refusals(&export), "Patient.ndjson:1: not UTF-8 text after byte 32");
        assert_eq!(export.candidates[0].line, 2);
    }

    #[test]
    fn refusals_come_by_file_and_line() {
        let mut patients = vec![json!(1); 11];
        patients.push(patient(json!({})));
        let export = read(&patients, &[json!(2), encounter(json!({}))], &[json!(3)]);
        let places: Vec<_> = export.refused.iter().map(|refusal| (&*refusal.file, refusal.line)).collect();
        assert_eq!(places[..2], [("Encounter.ndjson", 1), ("Location.ndjson", 1)]);
        assert_eq!(places[2..], (1..=11).map(|line| ("Patient.ndjson", line)).collect::<Vec<_>>());
    }

    #[test]
    fn an_export_without_patients_or_encounters_is_an_error_that_names_the_file() {
        let error = read_files(&[("Patient.ndjson", b"")]).unwrap_err();
        assert!(error.to_string().ends_with("/Encounter.ndjson, which an export needs."), "{error}");
        let error = read_files(&[("Encounter.ndjson", b"")]).unwrap_err();
        assert!(error.to_string().ends_with("/Patient.ndjson, which an export needs."), "{error}");
    }

    #[test]
    fn a_file_that_cannot_be_read_is_an_error_even_where_it_is_optional() {
        for name in ["Patient.ndjson", "Encounter.ndjson", "Location.ndjson"] {
            let dir = tempfile::tempdir().unwrap();
            for file in ["Patient.ndjson", "Encounter.ndjson"].iter().filter(|file| **file != name) {
                fs::write(dir.path().join(file), "").unwrap();
            }
            fs::create_dir(dir.path().join(name)).unwrap();
            let error = read_export(Files::In(dir.path()), now()).unwrap_err();
            assert!(error.to_string().contains(&format!("/{name} cannot be read: ")), "{error}");
        }
    }
}

mod people {
    use super::*;

    const NAMES: [&str; 5] = ["title", "first_name", "middle_names", "last_name", "preferred_name"];

    fn named(names: Value) -> Value {
        picked(&values_of_patient(json!({"name": names})), &NAMES)
    }

    #[test]
    fn a_name_is_taken_apart() {
        let name = json!([{"prefix": ["Prof", "Dr"], "given": [" Ada ", null, "King", "Maria"], "family": "Lovelace"}]);
        let expected = json!({
            "title": "Prof Dr", "first_name": "Ada", "middle_names": "King Maria", "last_name": "Lovelace",
            "preferred_name": null
        });
        assert_eq!(named(name), expected);
    }

    #[test]
    fn the_official_name_comes_before_the_usual_one_and_that_before_others() {
        let name = |r#use: &str| json!({"use": r#use, "given": [r#use], "family": "Lovelace"});
        let first = |names: Value| named(names)["first_name"].clone();
        assert_eq!(first(json!([name("temp"), name("usual"), name("official")])), "official");
        assert_eq!(first(json!([name("nickname"), name("temp"), name("usual")])), "usual");
        assert_eq!(first(json!([name("temp"), {"given": ["Ada"], "family": "Lovelace"}])), "Ada");
        assert_eq!(first(json!([name("nickname"), name("anonymous")])), "anonymous");
        assert_eq!(first(json!([name("nickname")])), "nickname");
    }

    #[test]
    fn a_whole_name_comes_before_half_an_official_one() {
        let names = json!([{"use": "official", "family": "Lovelace"}, {"given": ["Ada"], "family": "King"}]);
        assert_eq!(named(names)["last_name"], "King");
    }

    #[test]
    fn a_name_of_the_past_does_not_count() {
        let now = json!({"given": ["Ada"], "family": "Lovelace"});
        for past in [
            json!({"use": "maiden"}),
            json!({"use": "old"}),
            json!({"use": "official", "period": {"end": "2026-11-23T13:59:59+02:00"}}),
            json!({"use": "official", "period": {"end": "2026-11-22"}}),
            json!({"use": "official", "period": {"end": "2026-10"}}),
            json!({"use": "official", "period": {"end": "2025"}}),
        ] {
            let past = with(json!({"given": ["Ada"], "family": "Byron"}), past);
            assert_eq!(named(json!([past, now]))["last_name"], "Lovelace", "{past}");
        }
        for present in ["2026-11-23T12:00:01Z", "2026-11-23", "2026-11", "2026", "2027", "one day"] {
            let name = json!({"use": "official", "given": ["Ada"], "family": "King", "period": {"end": present}});
            assert_eq!(named(json!([now, name]))["last_name"], "King", "{present}");
        }
    }

    #[test]
    fn the_usual_name_or_nickname_is_the_preferred_one_where_it_differs() {
        let official = json!({"use": "official", "given": ["Adaeze"], "family": "Okonkwo"});
        let preferred = |others: Value| {
            let others = others.as_array().cloned().unwrap();
            named(std::iter::once(official.clone()).chain(others).collect())["preferred_name"].clone()
        };
        assert_eq!(preferred(json!([{"use": "usual", "given": ["Ada"]}])), "Ada");
        assert_eq!(preferred(json!([{"use": "usual", "text": "Ada O"}])), "Ada O");
        assert_eq!(
            preferred(json!([{"use": "nickname", "given": ["Daisy"]}, {"use": "usual", "given": ["Ada"]}])),
            "Ada"
        );
        let same = json!([{"use": "usual", "given": ["Adaeze"]}, {"use": "nickname", "given": ["Daisy"]}]);
        assert_eq!(preferred(same), "Daisy");
        assert_eq!(preferred(json!([{"use": "temp", "given": ["Ada"]}])), Value::Null);
        assert_eq!(named(json!([{"use": "usual", "text": "Ada Okonkwo"}]))["preferred_name"], Value::Null);
    }

    #[test]
    fn a_name_that_is_only_a_text_is_split_before_its_last_word_or_at_its_comma() {
        for text in ["Ada King Lovelace", " Lovelace , Ada King "] {
            let name = named(json!([{"text": text}]));
            assert_eq!((&name["first_name"], &name["last_name"]), (&json!("Ada King"), &json!("Lovelace")), "{text}");
        }
    }

    #[test]
    fn a_patient_with_half_a_name_is_refused_and_told_which_half() {
        for (name, reason) in [
            (json!({"given": ["Ada"], "text": "Ada Lovelace"}), "the patient has no current family name"),
            (json!({"given": [" "], "family": "Lovelace"}), "the patient has no current given name"),
            (json!({"text": "Lovelace"}), "the patient has no current given name"),
            (
                json!({"use": "maiden", "given": ["Ada"], "family": "Byron"}),
                "the patient has no current given name; the patient has no current family name",
            ),
        ] {
            assert_eq!(refusal_of_patient(json!({"name": [name]})), format!("Patient.ndjson:1: {reason}"));
        }
    }

    #[test]
    fn the_numbers_are_found_by_type_and_system_and_past_ones_skipped() {
        let of_type = json!({"coding": [{"code": "MR"}]});
        let nhs = "https://fhir.nhs.uk/Id/nhs-number";
        let data = values_of_patient(json!({"identifier": [
            {"type": {"coding": [{"code": "SS"}]}, "value": "not this one"},
            {"type": of_type, "use": "old", "value": "old"},
            {"type": of_type, "period": {"end": "2025-01-01"}, "value": "over"},
            {"type": of_type},
            {"type": {"coding": [{"code": "local"}, {"code": "MR"}]}, "value": "X1"},
            {"type": of_type, "value": "X2"},
            {"system": nhs, "use": "old", "value": "4010232137"},
            {"system": nhs, "value": "943 476 5919"},
        ]}));
        assert_eq!(
            picked(&data, &["medical_record_number", "nhs_number"]),
            json!({
                "medical_record_number": "X1", "nhs_number": "943 476 5919"
            })
        );
    }

    #[test]
    fn gender_and_birth_date_go_through_as_they_are() {
        let data = values_of_patient(json!({"gender": "other", "birthDate": "1990-02"}));
        assert_eq!(picked(&data, &["gender", "birth_date"]), json!({"gender": "other", "birth_date": "1990-02"}));
    }

    #[test]
    fn what_an_export_does_not_tell_is_left_to_the_defaults() {
        let data = values_of(&[patient(json!({}))], &[encounter(json!({}))], &[]);
        let keys: BTreeSet<_> = data.keys().map(String::as_str).collect();
        assert_eq!(keys, BTreeSet::from(["admission_date", "first_name", "last_name", "status"]));
    }

    #[test]
    fn a_death_is_a_time_or_else_a_flag() {
        for time in ["2026-11-22", "2026-11-22T23:30:00-05:00", "2026-11-22T10:00:00.000001Z"] {
            let data = values_of_patient(json!({"deceasedDateTime": time}));
            assert_eq!(picked(&data, &["deceased_at", "flags"]), json!({"deceased_at": time, "flags": null}));
        }
        let data = values_of_patient(json!({"deceasedBoolean": true}));
        let flags = json!([{"code": "deceased", "text": "Deceased, time not recorded"}]);
        assert_eq!(picked(&data, &["deceased_at", "flags"]), json!({"deceased_at": null, "flags": flags}));
        assert!(!values_of_patient(json!({"deceasedBoolean": false})).contains_key("flags"));
    }

    #[test]
    fn what_the_validator_refuses_is_refused_in_its_words_all_at_once() {
        let members = json!({"gender": "F", "deceasedDateTime": "2031-01-01", "birthDate": "1990-02-30"});
        insta::assert_snapshot!(refusal_of_patient(members), @r#"Patient.ndjson:1: birth_date: Date has wrong format. Use one of these formats instead: YYYY, YYYY-MM, YYYY-MM-DD.; deceased_at: This time is in the future.; gender: "F" is not a valid choice."#);
    }
}

mod encounters {
    use super::*;

    /// Status and start of the stay that counts, in whichever order the lines stand.
    fn counted(encounters: &[Value]) -> (String, String) {
        let of = |encounters: &[Value]| {
            let data = values_of(&[patient(json!({}))], encounters, &[]);
            let text = |name: &str| data[name].as_str().unwrap().to_owned();
            (text("status"), text("admission_date"))
        };
        let reversed: Vec<_> = encounters.iter().rev().cloned().collect();
        let counted = of(encounters);
        assert_eq!(of(&reversed), counted);
        counted
    }

    fn stay(status: &str, start: &str, members: Value) -> Value {
        let end = (status == "finished").then(|| format!("{start}T20:00:00Z"));
        let base = json!({"id": format!("{status} {start}"), "status": status, "period": {"start": start, "end": end}});
        with(encounter(base), members)
    }

    fn assert_counts(winner: &Value, others: &[Value]) {
        let start: UtcTime = winner["period"]["start"].as_str().unwrap().parse().unwrap();
        let all: Vec<_> = std::iter::once(winner).chain(others).cloned().collect();
        assert_eq!(counted(&all).1, start.to_string());
    }

    #[test]
    fn every_status_of_fhir_has_its_own_on_the_list_or_never_counts() {
        for (fhir, expected) in [
            ("planned", Status::Expected),
            ("arrived", Status::Admitted),
            ("triaged", Status::Admitted),
            ("in-progress", Status::Admitted),
            ("onleave", Status::OnLeave),
            ("finished", Status::Discharged),
            ("cancelled", Status::Cancelled),
        ] {
            assert_eq!(counted(&[stay(fhir, "2026-11-20", json!({}))]).0, expected.as_str(), "{fhir}");
        }
        for fhir in ["entered-in-error", "unknown"] {
            assert_counts(&stay("finished", "2025-01-01", json!({})), &[stay(fhir, "2026-11-20", json!({}))]);
        }
    }

    #[test]
    fn an_open_stay_counts_before_any_other() {
        let others = [
            stay("finished", "2026-11-20", json!({})),
            stay("planned", "2026-12-01", json!({})),
            stay("cancelled", "2026-12-02", json!({})),
        ];
        assert_counts(&stay("in-progress", "2026-11-01", json!({})), &others);
        assert_counts(&stay("onleave", "2026-11-01", json!({})), &others);
    }

    #[test]
    fn of_a_planned_and_a_finished_stay_the_later_counts() {
        let finished = stay("finished", "2026-11-10", json!({}));
        assert_counts(&stay("planned", "2026-12-01", json!({})), std::slice::from_ref(&finished));
        assert_counts(&finished, &[stay("planned", "2025-12-01", json!({}))]);
    }

    #[test]
    fn a_cancelled_stay_counts_only_when_there_is_no_other() {
        let cancelled = stay("cancelled", "2026-11-20", json!({}));
        assert_counts(&stay("finished", "2025-01-01", json!({})), std::slice::from_ref(&cancelled));
        assert_counts(&cancelled, &[stay("cancelled", "2026-11-19", json!({}))]);
    }

    #[test]
    fn a_visit_counts_only_when_there_is_no_stay() {
        for class in ["AMB", "FLD", "HH", "VR"] {
            let visit = stay("in-progress", "2026-11-23", json!({"class": {"code": class}}));
            for of_stay in ["IMP", "ACUTE", "NONAC", "SS", "OBSENC", "EMER", "LOCAL"] {
                let other = stay("finished", "2026-11-01", json!({"class": {"code": of_stay}}));
                assert_counts(&other, std::slice::from_ref(&visit));
            }
            assert_counts(&stay("finished", "2026-11-01", json!({"class": null})), std::slice::from_ref(&visit));
            assert_counts(&visit, &[]);
        }
    }

    #[test]
    fn of_equals_the_later_start_then_the_later_end_then_the_greater_id_counts() {
        // 23:00 the day before in UTC.
        let earlier = stay("in-progress", "2026-11-20T00:00:00+01:00", json!({}));
        assert_counts(&stay("in-progress", "2026-11-19T23:30:00Z", json!({})), &[earlier]);

        let named = |id: &str, end: &str| {
            let period = json!({"start": "2026-11-20T00:00:00Z", "end": end});
            stay("finished", "2026-11-20", json!({"id": id, "period": period, "reasonCode": [{"text": id}]}))
        };
        for (loser, winner) in [
            (named("b", "2026-11-20T01:00:00Z"), named("a", "2026-11-20T02:00:00Z")),
            (named("a", "2026-11-20T02:00:00Z"), named("b", "2026-11-20T02:00:00Z")),
        ] {
            for order in [[loser.clone(), winner.clone()], [winner.clone(), loser]] {
                assert_eq!(values_of(&[patient(json!({}))], &order, &[])["reason"], winner["id"]);
            }
        }
    }

    #[test]
    fn only_a_finished_stay_has_a_discharge() {
        let period = json!({"start": "2026-11-20T10:00:00+02:00", "end": "2026-11-21T10:00:00.000001+02:00"});
        let dates = |status: &str| {
            let data = values_of_stay(json!({"status": status, "period": period}));
            picked(&data, &["admission_date", "dismissal_date"])
        };
        let (start, end) = ("2026-11-20T08:00:00Z", "2026-11-21T08:00:00.000001Z");
        assert_eq!(dates("finished"), json!({"admission_date": start, "dismissal_date": end}));
        for status in ["planned", "in-progress", "onleave", "cancelled"] {
            assert_eq!(dates(status), json!({"admission_date": start, "dismissal_date": null}), "{status}");
        }
    }

    #[test]
    fn a_bare_date_as_the_end_includes_its_day() {
        let period = json!({"start": "2026-11-20T10:00:00Z", "end": "2026-11-20"});
        let data = values_of_stay(json!({"status": "finished", "period": period}));
        assert_eq!(data["dismissal_date"], "2026-11-20T23:59:59Z");
    }

    #[test]
    fn a_finished_stay_without_an_end_ended_with_a_death_in_it_or_at_a_time_that_is_not_on_record() {
        let finished = encounter(json!({"status": "finished"}));
        let of = |patient: Value| {
            let data = values_of(&[patient], std::slice::from_ref(&finished), &[]);
            picked(&data, &["dismissal_date", "flags"])
        };
        let died = |time: &str| of(patient(json!({"deceasedDateTime": time})));
        let unknown = json!([{"code": "discharge-time", "text": "Discharge time not recorded"}]);
        assert_eq!(died("2026-11-22T10:00:00Z"), json!({"dismissal_date": "2026-11-22T10:00:00Z", "flags": null}));
        assert_eq!(died("2026-11-19T10:00:00Z"), json!({"dismissal_date": null, "flags": unknown}));
        assert_eq!(of(patient(json!({}))), json!({"dismissal_date": null, "flags": unknown}));
    }

    #[test]
    fn an_encounter_that_cannot_be_taken_is_named_and_another_counts() {
        for (members, reason) in [
            (json!({"status": "dancing"}), "the status \"dancing\" is not an encounter status of FHIR R4"),
            (json!({"status": null}), "no status"),
            (json!({"subject": null}), "its subject is not a patient"),
            (json!({"subject": {"reference": "Group/1"}}), "its subject is not a patient"),
            (
                json!({"subject": {"reference": "Patient/nobody"}}),
                "refers to \"Patient/nobody\", who is on no valid line of Patient.ndjson",
            ),
            (json!({"period": null}), "no period.start"),
            (json!({"period": {"start": "yesterday"}}), "period.start is not a date and time"),
            (json!({"period": {"start": "2026-11"}}), "period.start is not a date and time"),
            (json!({"period": {"start": "2026-11-22", "end": "?"}}), "period.end is not a date and time"),
            (json!({"period": {"start": "2026-11-22T10:00:00Z", "end": "2026-11-21"}}), "ends before it begins"),
        ] {
            assert_eq!(refusal_of_encounter(members), format!("Encounter.ndjson:2: {reason}"));
        }
    }

    #[test]
    fn a_stay_of_no_length_does_not_end_before_it_begins() {
        let period = json!({"start": "2026-11-20T10:00:00Z", "end": "2026-11-20T12:00:00+02:00"});
        assert_eq!(counted(&[encounter(json!({"status": "finished", "period": period}))]).0, "discharged");
    }

    #[test]
    fn a_patient_without_an_encounter_that_counts_is_refused() {
        let export = read(&[patient(json!({}))], &[encounter(json!({"status": "unknown"}))], &[]);
        assert_eq!(refusals(&export), "Patient.ndjson:1: the patient has no encounter that counts, so no admission");
    }

    #[test]
    fn a_patient_is_referred_to_in_any_way_that_ends_in_the_id() {
        for reference in
            ["Patient/ada", "Patient/ada/_history/2", "https://hospital.example/fhir/Patient/ada", "urn:uuid:ada"]
        {
            values_of_stay(json!({"subject": {"reference": reference}}));
        }
    }

    #[test]
    fn the_attending_clinician_is_the_last_named_one_who_has_not_gone() {
        let takes_part = |code: &str, who: Value, end: Option<&str>| {
            let role = json!([{"coding": [{"code": code}]}]);
            json!({"type": role, "individual": who, "period": {"end": end}})
        };
        let named = |name: &str, end| takes_part("ATND", json!({"display": name}), end);
        let gone = Some("2026-11-21T10:00:00Z");
        let participants = json!([
            takes_part("PPRF", json!({"display": "Dr P"}), None),
            named("Dr A", None),
            named("Dr B", gone),
            takes_part("ATND", json!({"reference": "urn:uuid:1"}), None),
        ]);
        let attending = |status: &str, participants: &Value| {
            let period = json!({"start": "2026-11-20", "end": "2026-11-22"});
            let data = values_of_stay(json!({"status": status, "period": period, "participant": participants}));
            data.get("attending").cloned().unwrap_or_default()
        };
        assert_eq!(attending("in-progress", &participants), "Dr A");
        let both_gone = json!([named("Dr A", gone), named("Dr B", gone)]);
        assert_eq!(attending("in-progress", &both_gone), Value::Null);
        assert_eq!(attending("finished", &both_gone), "Dr B");
    }

    #[test]
    fn team_and_reason_are_words_or_else_the_display_of_a_code() {
        let data =
            values_of_stay(json!({"serviceType": {"text": "Cardiology"}, "reasonCode": [{"text": "Chest pain"}]}));
        assert_eq!(picked(&data, &["team", "reason"]), json!({"team": "Cardiology", "reason": "Chest pain"}));
        let coded = |display: &str| json!({"text": " ", "coding": [{"code": "1"}, {"code": "2", "display": display}]});
        let data = values_of_stay(json!({"serviceType": coded("Surgery"), "reasonCode": [{}, coded("Sepsis")]}));
        assert_eq!(picked(&data, &["team", "reason"]), json!({"team": "Surgery", "reason": "Sepsis"}));
    }

    #[test]
    fn an_internal_name_is_made_readable_and_nothing_else_is_touched() {
        for (given, shown) in [
            ("Medication_Review_Due", "Medication review due"),
            ("snf_reason", "snf reason"),
            ("MI_Onset", "MI onset"),
            ("pH_low", "pH low"),
            ("Type_A_dissection", "Type A dissection"),
            ("Awaiting_CABG", "Awaiting CABG"),
            ("mdd", "mdd"),
            ("Sore Throat Condition", "Sore Throat Condition"),
            ("see form A_12", "see form A_12"),
        ] {
            assert_eq!(values_of_stay(json!({"reasonCode": [{"text": given}]}))["reason"], shown);
        }
    }

    #[test]
    fn a_text_that_is_too_long_is_refused_and_not_cut_off() {
        let export = read(&[patient(json!({}))], &[encounter(json!({"reasonCode": [{"text": "x".repeat(501)}]}))], &[]);
        let expected = "Patient.ndjson:1: reason: Ensure this field has no more than 500 characters.";
        assert_eq!(refusals(&export), expected);
    }
}

mod places {
    use super::*;

    const PLACE: [&str; 3] = ["ward", "room", "bed"];

    fn part_of(id: &str) -> Value {
        json!({"reference": format!("Location/{id}")})
    }

    fn at(reference: Option<&str>, display: Option<&str>) -> Value {
        json!([{"location": {"reference": reference, "display": display}}])
    }

    fn place(status: &str, at: Value, locations: &[Value]) -> Value {
        let encounter = encounter(json!({"status": status, "location": at}));
        picked(&values_of(&[patient(json!({}))], &[encounter], locations), &PLACE)
    }

    fn expected(ward: Option<&str>, room: Option<&str>, bed: Option<&str>) -> Value {
        json!({"ward": ward, "room": room, "bed": bed})
    }

    #[test]
    fn a_bed_is_in_a_room_and_the_room_on_a_ward() {
        let locations = [
            location("b", "bd", json!({"name": "A1", "description": "Bay 9", "partOf": part_of("r")})),
            location("r", "ro", json!({"name": "Room 2", "partOf": part_of("l")})),
            location("l", "lvl", json!({"name": "Second floor", "partOf": part_of("w")})),
            location("w", "wa", json!({"name": "Remington Ward"})),
        ];
        let bed = at(Some("Location/b"), Some("Another Ward, bed Z9"));
        assert_eq!(place("in-progress", bed, &locations), expected(Some("Remington Ward"), Some("Room 2"), Some("A1")));
        let room = at(Some("Location/r"), None);
        assert_eq!(place("in-progress", room, &locations), expected(Some("Remington Ward"), Some("Room 2"), None));
    }

    #[test]
    fn of_two_places_that_are_one_bed_the_first_one_counts_and_the_other_is_named() {
        let bed = |id: &str, name: &str, ward: &str| {
            let bay = format!("Bay {id}");
            location(id, "bd", json!({"name": name, "description": bay, "partOf": part_of(ward)}))
        };
        let locations = [
            location("w", "wa", json!({"name": "Elm"})),
            bed("1", "A1", "w"),
            bed("2", "a01", "w"),
            bed("3", "A1", "v"),
            location("v", "wa", json!({"name": "Ash"})),
            bed("4", "A1", "w"),
        ];
        let export = read(&[], &[], &locations);
        let beds: Vec<_> = export.beds.iter().map(|bed| (&*bed.ward, bed.room.as_deref(), &*bed.bed)).collect();
        assert_eq!(beds, [("Elm", Some("Bay 1"), "A1"), ("Ash", Some("Bay 3"), "A1")]);
        let refused = "Location.ndjson:3: its bed is that of line 2\nLocation.ndjson:6: its bed is that of line 2";
        assert_eq!(refusals(&export), refused);
        // A patient may be in it all the same.
        let encounter = encounter(json!({"location": at(Some("Location/2"), None)}));
        assert_eq!(read(&[patient(json!({}))], &[encounter], &locations).candidates[0].data["bed"], "a01");
    }

    #[test]
    fn a_bed_that_is_in_no_room_has_the_bay_of_its_description() {
        for (description, room) in [
            ("Bay 1", Some("Bay 1")),
            ("Side room 3", Some("Side room 3")),
            ("Has a view of the bay", None),
            (&*format!("Room {}", "x".repeat(60)), None),
        ] {
            let bed = location("b", "bd", json!({"name": "A1", "description": description}));
            let place = place("in-progress", at(Some("Location/b"), None), &[bed]);
            assert_eq!(place, expected(None, room, Some("A1")), "{description}");
        }
    }

    #[test]
    fn places_that_are_part_of_each_other_do_not_matter() {
        let locations = [
            location("b", "bd", json!({"name": "A1", "partOf": part_of("w")})),
            location("w", "wa", json!({"name": "Remington Ward", "partOf": part_of("b")})),
        ];
        let place = place("in-progress", at(Some("Location/b"), None), &locations);
        assert_eq!(place, expected(Some("Remington Ward"), None, Some("A1")));
    }

    #[test]
    fn the_words_of_a_reference_tell_what_cannot_be_looked_up() {
        let told = |display: &str| place("in-progress", at(Some("urn:uuid:1"), Some(display)), &[]);
        assert_eq!(told("Remington Ward, bed A1"), expected(Some("Remington Ward"), None, Some("A1")));
        assert_eq!(told("Remington Ward"), expected(Some("Remington Ward"), None, None));
        assert_eq!(place("in-progress", at(Some("urn:uuid:1"), None), &[]), expected(None, None, None));

        let bed = [location("b", "bd", json!({"name": "A1", "partOf": part_of("gone")}))];
        let told = |display: &str| place("in-progress", at(Some("Location/b"), Some(display)), &bed);
        assert_eq!(told("Remington Ward, bed Z9"), expected(Some("Remington Ward"), None, Some("A1")));
        assert_eq!(told("A1 by the window"), expected(None, None, Some("A1")));
    }

    #[test]
    fn an_export_needs_no_locations() {
        let encounter = encounter(json!({"location": at(Some("Location/b"), Some("Remington Ward, bed A1"))}));
        let (patients, encounters) = (lines(&[patient(json!({}))]), lines(&[encounter]));
        let export = read_files(&[("Patient.ndjson", &patients), ("Encounter.ndjson", &encounters)]).unwrap();
        assert_eq!(export.candidates[0].data["bed"], "A1");
    }

    #[test]
    fn of_several_places_the_surest_counts_and_none_that_was_left_or_not_come_to() {
        let places = |statuses: &[(&str, Option<&str>)]| -> Value {
            let place = |(ward, status): &(&str, Option<&str>)| match *status {
                Some("ended") => json!({"location": {"display": ward}, "period": {"end": "2026-11-21"}}),
                status => json!({"location": {"display": ward}, "status": status}),
            };
            statuses.iter().map(place).collect()
        };
        let all = [("c", Some("completed")), ("r", Some("reserved")), ("n", None), ("a", Some("active"))];
        for (status, given, ward) in [
            ("in-progress", &all[..], Some("a")),
            ("in-progress", &all[..3], Some("n")),
            ("onleave", &all[..2], Some("r")),
            ("in-progress", &all[..1], None),
            ("in-progress", &[("a", Some("active")), ("b", Some("active"))], Some("b")),
            ("in-progress", &[("here", None), ("gone", Some("ended"))], Some("here")),
            ("in-progress", &[("p", Some("planned"))], None),
            ("planned", &[("p", Some("planned"))], Some("p")),
            ("finished", &[("first", Some("completed")), ("last", Some("completed"))], Some("last")),
            ("finished", &[("first", Some("ended")), ("last", Some("ended"))], Some("last")),
        ] {
            let place = place(status, places(given), &[]);
            assert_eq!(place, expected(ward, None, None), "{status} {given:?}");
        }
    }
}

mod data {
    use super::*;

    fn read_dir(dir: &str) -> Export {
        read_export(Files::In(&Path::new(env!("CARGO_MANIFEST_DIR")).join(dir)), now()).unwrap()
    }

    fn patients(export: &Export) -> Vec<Patient> {
        export.candidates.iter().map(|candidate| Patient::admit(&candidate.data, now()).unwrap()).collect()
    }

    fn statuses(patients: &[Patient]) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for patient in patients {
            *counts.entry(patient.status.as_str()).or_default() += 1;
        }
        counts
    }

    #[test]
    fn the_demo_ward_goes_in_whole() {
        let export = read_dir("demo/ward");
        assert_eq!(refusals(&export), "");
        let patients = patients(&export);
        assert_eq!(patients.len(), 127);
        insta::assert_snapshot!(format!("{:?}", statuses(&patients)), @r#"{"admitted": 96, "cancelled": 3, "discharged": 13, "expected": 10, "on_leave": 5}"#);
        let in_bed = |patient: &&Patient| patient.status.occupies_bed();
        assert!(patients.iter().filter(in_bed).all(|patient| {
            patient.ward.is_some() && patient.room.is_some() && patient.bed.is_some() && patient.attending.is_some()
        }));
        assert_eq!(patients.iter().filter(|patient| patient.nhs_number.is_some()).count(), 87);
    }

    #[test]
    fn every_patient_of_a_hospital_without_a_ward_list_goes_in() {
        let export = read_dir("tests/data/fhir");
        assert_eq!(refusals(&export), "");
        let patients = patients(&export);
        insta::assert_snapshot!(format!("{:?}", statuses(&patients)), @r#"{"discharged": 500}"#);
        assert_eq!(patients.iter().filter(|patient| patient.deceased_at.is_some()).count(), 105);
    }

    #[test]
    fn what_cannot_be_taken_is_named_and_the_rest_goes_in() {
        let export = read_dir("tests/data/bad");
        let taken: Vec<_> = export.candidates.iter().map(|candidate| candidate.line).collect();
        assert_eq!(taken, [1]);
        insta::assert_snapshot!(refusals(&export), @r#"
        Encounter.ndjson:2: refers to "Patient/nobody", who is on no valid line of Patient.ndjson
        Encounter.ndjson:3: ends before it begins
        Encounter.ndjson:4: the status "dancing" is not an encounter status of FHIR R4
        Encounter.ndjson:5: period.start is not a date and time
        Encounter.ndjson:6: not valid JSON: expected ident at column 2
        Patient.ndjson:2: not valid JSON: EOF while parsing a string at column 54
        Patient.ndjson:3: the patient has no encounter that counts, so no admission; the patient has no current given name; the patient has no current family name
        Patient.ndjson:4: the patient has no encounter that counts, so no admission
        Patient.ndjson:5: the patient has no encounter that counts, so no admission; nhs_number: This is not a valid NHS number: its check digit does not fit. Check each digit.
        Patient.ndjson:6: the patient has no encounter that counts, so no admission; nhs_number: This is not a valid NHS number: all digits are the same.
        Patient.ndjson:7: the patient has no encounter that counts, so no admission; birth_date: Date has wrong format. Use one of these formats instead: YYYY, YYYY-MM, YYYY-MM-DD.
        Patient.ndjson:8: the patient has no encounter that counts, so no admission; birth_date: The date of birth is in the future.
        Patient.ndjson:9: the patient has no encounter that counts, so no admission; gender: "F" is not a valid choice.
        Patient.ndjson:10: is of type "Observation", not Patient
        Patient.ndjson:11: empty line
        Patient.ndjson:12: the patient has no encounter that counts, so no admission; last_name: Ensure this field has no more than 240 characters.
        Patient.ndjson:13: the patient has no encounter that counts, so no admission; last_name: Null characters are not allowed.
        Patient.ndjson:14: the patient has no encounter that counts, so no admission
        "#);
    }

    #[test]
    fn the_order_of_the_lines_does_not_matter() {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("demo/ward");
        let mut files = Vec::new();
        for name in ["Patient.ndjson", "Encounter.ndjson", "Location.ndjson"] {
            let text = fs::read_to_string(dir.join(name)).unwrap();
            let reversed: String = text.lines().rev().flat_map(|line| [line, "\n"]).collect();
            files.push((name, reversed.into_bytes()));
        }
        let files: Vec<_> = files.iter().map(|(name, content)| (*name, content.as_slice())).collect();
        let by_id = |export: Export| -> BTreeMap<String, Data> {
            export.candidates.into_iter().map(|candidate| (candidate.source_id, candidate.data)).collect()
        };
        assert_eq!(by_id(read_files(&files).unwrap()), by_id(read_dir("demo/ward")));
    }
}
