//! Level 1 of the protocol: spellings of keys and ids, and the words about every kind of value.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod support;

use serde_json::{Value, json};
use support::{Client, Ward, patient, patient_with};

#[tokio::test]
async fn a_pk_is_a_number_or_the_same_number_in_a_string() {
    let ward = Ward::open().await;
    let mut client = ward.socket("clinician").await;
    for _ in 0..5 {
        client.create(json!({})).await;
    }
    for pk in ["5", "\"5\""] {
        for action in ["retrieve", "patch", "subscribe_instance", "unsubscribe_instance", "delete"] {
            let reply = client.ask(format!(r#"{{"action":"{action}","pk":{pk},"data":{{}},"request_id":1}}"#)).await;
            assert!(reply["response_status"].as_i64().unwrap() < 300, "{action} {pk}");
        }
        ward.run_sql("INSERT INTO patient (id, version, data, search_key) SELECT 5, 1, replace(data, '\"id\":1,', '\"id\":5,'), '' FROM patient WHERE id = 1").await;
    }
    for pk in [
        "null",
        "0",
        "-1",
        "\"1.5\"",
        "1.5",
        "\"\"",
        "[]",
        "{}",
        "1180591620717411303424",
        "\"x\"",
        "\"1; DROP TABLE patient\"",
    ] {
        for action in ["retrieve", "update", "patch", "delete", "subscribe_instance"] {
            let reply =
                client.ask_text(format!(r#"{{"action":"{action}","pk":{pk},"data":{{}},"request_id":1}}"#)).await;
            let expected = format!(
                r#"{{"errors":["Not found"],"data":null,"action":"{action}","response_status":404,"request_id":1}}"#
            );
            assert_eq!(reply, expected, "{pk}");
        }
    }
}

#[tokio::test]
async fn a_request_id_comes_back_exactly_as_it_was_sent() {
    let ward = Ward::open().await;
    let mut client = ward.socket("viewer").await;
    for id in [
        "null",
        "0",
        "-1",
        "9223372036854775807",
        "18446744073709551616",
        "1.5",
        "1.50",
        "1e3",
        "true",
        "\"\"",
        "\"1\"",
        "[1, 2]",
        r#"{"b": 1, "a": [ ]}"#,
        r#""\u00e9""#,
        "\"é\"",
        r#""\ud83d""#,
    ] {
        for (action, status) in [("list", 200), ("retrieve", 404), ("create", 403)] {
            let reply = client.ask_text(format!(r#"{{"action":"{action}","pk":9,"request_id":{id}}}"#)).await;
            assert!(reply.ends_with(&format!(r#""response_status":{status},"request_id":{id}}}"#)), "{id}: {reply}");
        }
    }
    assert!(client.ask_text(r#"{"action":"list"}"#).await.ends_with(r#""request_id":null}"#));
}

#[tokio::test]
async fn half_a_surrogate_pair_is_an_error_and_never_a_hang() {
    let ward = Ward::open().await;
    let mut client = ward.socket("clinician").await;
    let half = |text: &str| text.replace("HALF", r"\ud83d");
    let data =
        half(r#"{"first_name":"aHALF","last_name":"b","admission_date":"2026-01-01","flags":[{"code":"HALF"}]}"#);
    let reply = client.ask(format!(r#"{{"action":"create","data":{data},"request_id":"x"}}"#)).await;
    let words = "Surrogate characters are not allowed.";
    assert_eq!(reply["errors"], json!([{"first_name": [words], "flags": [words]}]));
    assert_eq!((&reply["response_status"], &reply["request_id"]), (&json!(400), &json!("x")));
    // Elsewhere than in a value of the patient it is at least answered.
    for (frame, status) in [
        (r#"{"action":"HALF","request_id":1}"#, 405),
        (r#"{"action":"retrieve","pk":"HALF","request_id":1}"#, 404),
        (r#"{"action":"list","search":"HALF","request_id":1}"#, 200),
        (r#"{"action":"create","data":"HALF","request_id":1}"#, 400),
        (r#"{"action":"create","data":{"HALF":1},"request_id":1}"#, 400),
    ] {
        let reply = client.ask_text(half(frame)).await;
        assert!(reply.ends_with(&format!(r#""response_status":{status},"request_id":1}}"#)), "{frame}: {reply}");
    }
    assert!(
        client
            .ask_text(half(r#"{"action":"list","HALF":1,"request_id":1}"#))
            .await
            .contains(r#""response_status":400"#)
    );
    // A whole pair is one character.
    let row = client
        .ask(
            r#"{"action":"create","data":{"first_name":"\ud83d\ude00","last_name":"b","admission_date":"2026-01-01"}}"#,
        )
        .await;
    assert_eq!(row["data"]["first_name"], "😀");
}

#[tokio::test]
async fn values_nested_without_end_and_numbers_without_end_are_refused_with_their_request_id() {
    let ward = Ward::open().await;
    let mut client = ward.socket("clinician").await;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for value in [deep.as_str(), "1e999"] {
        let frame = format!(r#"{{"action":"create","data":{{"acuity":{value}}},"request_id":7}}"#);
        let reply = client.ask(frame).await;
        assert_eq!((&reply["response_status"], &reply["request_id"]), (&json!(400), &json!(7)));
    }
    let frame = format!(r#"{{"action":"list","whatever":{deep},"request_id":8}}"#);
    assert_eq!(client.ask(frame).await["response_status"], 200);
    assert_eq!(client.ask(deep).await["response_status"], 400);
}

/// The messages about a field when it is patched with this value; none when it is taken.
async fn messages(client: &mut Client, field: &str, value: &Value) -> Vec<String> {
    let reply = client.patch(&json!(1), json!({field: value})).await;
    if reply["response_status"] == 200 {
        return Vec::new();
    }
    assert_eq!(reply["response_status"], 400, "{field} {value}");
    let fields = reply["errors"][0].as_object().unwrap();
    assert_eq!(fields.keys().collect::<Vec<_>>(), [field], "{value}");
    fields[field].as_array().unwrap().iter().map(|message| message.as_str().unwrap().to_owned()).collect()
}

const WRONG_TIME: &str =
    "Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].";
const WRONG_DATE: &str = "Date has wrong format. Use one of these formats instead: YYYY, YYYY-MM, YYYY-MM-DD.";
const NULL: &str = "This field may not be null.";
const BLANK: &str = "This field may not be blank.";
const NOT_TEXT: &str = "Not a valid string.";
const NO_NUL: &str = "Null characters are not allowed.";
const NOT_WHOLE: &str = "A valid integer is required.";

#[tokio::test]
async fn every_field_is_refused_in_django_rest_frameworks_words() {
    let ward = Ward::open().await;
    let mut client = ward.socket("clinician").await;
    client.create(json!({})).await;
    let too_long = |max: usize| format!("Ensure this field has no more than {max} characters.");
    let texts = [
        ("first_name", 240, false),
        ("last_name", 240, false),
        ("title", 35, true),
        ("middle_names", 100, true),
        ("preferred_name", 35, true),
        ("medical_record_number", 64, true),
        ("ward", 64, true),
        ("room", 64, true),
        ("bed", 64, true),
        ("attending", 120, true),
        ("team", 120, true),
        ("reason", 500, true),
        ("handover_note", 2000, true),
    ];
    for (field, max, optional) in texts {
        for (value, message) in [
            (json!(true), NOT_TEXT),
            (json!([]), NOT_TEXT),
            (json!({}), NOT_TEXT),
            (json!("a\u{0}b"), NO_NUL),
            (json!("a\u{7}b"), "Control characters are not allowed."),
            (json!("é".repeat(max + 1)), &too_long(max)),
        ] {
            assert_eq!(messages(&mut client, field, &value).await, [message], "{field} {value}");
        }
        let blank: &[&str] = if optional { &[] } else { &[BLANK] };
        assert_eq!(messages(&mut client, field, &json!("")).await, blank, "{field}");
        assert_eq!(messages(&mut client, field, &json!(" \u{a0}\u{3000} ")).await, blank, "{field}");
        let null: &[&str] = if optional { &[] } else { &[NULL] };
        assert_eq!(messages(&mut client, field, &json!(null)).await, null, "{field}");
        assert!(messages(&mut client, field, &json!("😀".repeat(max))).await.is_empty(), "{field}");
    }
    for (field, value, message) in [
        ("handover_note", json!("a\tb"), "Control characters are not allowed."),
        ("admission_date", json!(null), NULL),
        ("admission_date", json!(""), WRONG_TIME),
        ("admission_date", json!(5), WRONG_TIME),
        ("admission_date", json!(true), WRONG_TIME),
        ("admission_date", json!([]), WRONG_TIME),
        ("admission_date", json!("yesterday"), WRONG_TIME),
        ("admission_date", json!("2026-02-30"), WRONG_TIME),
        ("admission_date", json!("2026-01-01T25:00"), WRONG_TIME),
        ("dismissal_date", json!(""), WRONG_TIME),
        ("dismissal_date", json!("1999-01-01"), "The discharge cannot be before the admission."),
        ("deceased_at", json!("soon"), WRONG_TIME),
        ("deceased_at", json!("9000-01-01"), "This time is in the future."),
        ("nhs_number", json!("943476591"), "An NHS number has 10 digits."),
        (
            "nhs_number",
            json!("9434765918"),
            "This is not a valid NHS number: its check digit does not fit. Check each digit.",
        ),
        ("nhs_number", json!("1111111111"), "This is not a valid NHS number: all digits are the same."),
        ("nhs_number", json!(true), NOT_TEXT),
        ("birth_date", json!("1990-02-30"), WRONG_DATE),
        ("birth_date", json!(""), WRONG_DATE),
        ("birth_date", json!(1990), WRONG_DATE),
        ("birth_date", json!("9000"), "The date of birth is in the future."),
        ("birth_date", json!("1800"), "The date of birth is more than 140 years ago."),
        ("gender", json!("x"), "\"x\" is not a valid choice."),
        ("gender", json!(""), "\"\" is not a valid choice."),
        ("gender", json!(null), NULL),
        ("status", json!("Admitted"), "\"Admitted\" is not a valid choice."),
        ("status", json!(1), "\"1\" is not a valid choice."),
        ("status", json!(true), "\"True\" is not a valid choice."),
        ("status", json!("cancelled"), "A patient cannot go from \"admitted\" to \"cancelled\"."),
        ("allergy_status", json!("none"), "\"none\" is not a valid choice."),
        ("code_status", json!(null), NULL),
        ("acuity", json!("three"), NOT_WHOLE),
        ("acuity", json!(""), NOT_WHOLE),
        ("acuity", json!(2.5), NOT_WHOLE),
        ("acuity", json!(true), NOT_WHOLE),
        ("acuity", json!([]), NOT_WHOLE),
        ("acuity", json!(6), "Ensure this value is less than or equal to 5."),
        ("acuity", json!(70_000), "Ensure this value is less than or equal to 5."),
        ("acuity", json!("0"), "Ensure this value is greater than or equal to 1."),
        ("flags", json!("falls"), "Expected a list of items but got type \"str\"."),
        ("flags", json!({}), "Expected a list of items but got type \"dict\"."),
        ("flags", json!(1), "Expected a list of items but got type \"int\"."),
        ("flags", json!(1.5), "Expected a list of items but got type \"float\"."),
        ("flags", json!(true), "Expected a list of items but got type \"bool\"."),
        ("flags", json!(null), NULL),
        ("flags", json!([1]), "Item 1: Invalid data. Expected a dictionary, but got int."),
        ("flags", json!([{"code": "a"}, {}]), "Item 2: code: This field is required."),
        ("flags", json!([{"code": ""}]), "Item 1: code: This field may not be blank."),
        ("flags", Value::Array(vec![json!({"code": "a"}); 17]), "Ensure this field has no more than 16 elements."),
    ] {
        assert_eq!(messages(&mut client, field, &value).await, [message], "{field} {value}");
    }
}

#[tokio::test]
async fn values_are_taken_in_every_spelling_and_kept_in_one() {
    let ward = Ward::open().await;
    let mut client = ward.socket("clinician").await;
    client.create(json!({})).await;
    for (field, value, kept) in [
        ("first_name", json!(7), json!("7")),
        ("first_name", json!(1.5), json!("1.5")),
        ("first_name", json!(" \u{3000}Zoë\u{a0}\t"), json!("Zoë")),
        // As it was typed: no normalisation.
        ("first_name", json!("Zoe\u{308}"), json!("Zoe\u{308}")),
        ("last_name", json!("<b>\"'; --"), json!("<b>\"'; --")),
        ("reason", json!("one\ntwo"), json!("one\ntwo")),
        ("handover_note", json!(" one\r\ntwo\n"), json!("one\r\ntwo")),
        ("ward", json!(" "), json!(null)),
        ("ward", json!("North"), json!("North")),
        ("ward", json!(null), json!(null)),
        ("admission_date", json!("2026-01-01"), json!("2026-01-01T00:00:00Z")),
        ("admission_date", json!("2026-01-01 02:03"), json!("2026-01-01T02:03:00Z")),
        ("admission_date", json!("2026-01-01T02:03:04"), json!("2026-01-01T02:03:04Z")),
        ("admission_date", json!("2026-01-01T02:03:04+02:00"), json!("2026-01-01T00:03:04Z")),
        ("admission_date", json!("2026-01-01T02:03:04.5Z"), json!("2026-01-01T02:03:04.500000Z")),
        ("admission_date", json!("2026-01-01T02:03:04.000000-01:00"), json!("2026-01-01T03:03:04Z")),
        ("nhs_number", json!("943 476-5919"), json!("9434765919")),
        ("nhs_number", json!(9_434_765_919_i64), json!("9434765919")),
        ("nhs_number", json!(""), json!(null)),
        ("birth_date", json!("1950"), json!("1950")),
        ("birth_date", json!("1950-06"), json!("1950-06")),
        ("birth_date", json!(" 1950-06-07 "), json!("1950-06-07")),
        ("acuity", json!("3"), json!(3)),
        ("acuity", json!(3.0), json!(3)),
        ("acuity", json!(null), json!(null)),
        ("flags", json!([{"code": " falls ", "more": 1}]), json!([{"code": "falls", "text": ""}])),
        ("flags", json!([]), json!([])),
    ] {
        let reply = client.patch(&json!(1), json!({field: value})).await;
        assert_eq!(reply["data"][field], kept, "{field} {value}: {}", reply["errors"]);
    }
}

#[tokio::test]
async fn status_and_dismissal_date_follow_each_other() {
    let ward = Ward::open().await;
    let mut client = ward.socket("clinician").await;
    let row = client.create(json!({"dismissal_date": "2026-02-01"})).await;
    assert_eq!(row["status"], "discharged");
    let pk = row["id"].clone();
    let told = |reply: Value| (reply["data"]["status"].clone(), reply["data"]["dismissal_date"].clone());
    assert_eq!(told(client.patch(&pk, json!({"dismissal_date": null})).await), (json!("admitted"), json!(null)));
    let end = json!("2026-03-01T00:00:00Z");
    assert_eq!(told(client.patch(&pk, json!({"dismissal_date": "2026-03-01"})).await), (json!("discharged"), end));
    assert_eq!(told(client.patch(&pk, json!({"status": "admitted"})).await), (json!("admitted"), json!(null)));
    let (status, end) = told(client.patch(&pk, json!({"status": "discharged"})).await);
    assert_eq!(status, "discharged");
    assert!(end.is_string(), "a discharge without a date is one of now");
    assert_eq!(told(client.patch(&pk, json!({"status": "on_leave"})).await), (json!("on_leave"), json!(null)));
    let both = json!({"status": "discharged", "dismissal_date": "2026-04-01"});
    assert_eq!(told(client.patch(&pk, both).await), (json!("discharged"), json!("2026-04-01T00:00:00Z")));
    let contradiction = json!({"status": "admitted", "dismissal_date": "2026-05-01"});
    assert_eq!(
        client.patch(&pk, contradiction).await["errors"],
        json!([{"status": ["The status and the discharge date contradict each other."]}])
    );
}

#[tokio::test]
async fn an_update_with_a_whole_patient_as_it_was_read_succeeds() {
    let ward = Ward::open().await;
    let mut client = ward.socket("clinician").await;
    for values in [
        json!({}),
        json!({"dismissal_date": "2026-02-01", "flags": [{"code": "falls", "text": "Falls"}], "nhs_number": "9434765919"}),
        json!({"status": "on_leave", "ward": "North", "acuity": 2, "birth_date": "1950-02"}),
        json!({"status": "cancelled"}),
    ] {
        let row = client.create(values).await;
        let stale = client.patch(&row["id"], json!({"team": "Renal"})).await["data"].clone();
        let mut whole = row.clone();
        whole["bed"] = json!("B");
        let reply = client.request(json!({"action": "update", "pk": row["id"], "data": whole})).await;
        assert_eq!(reply["response_status"], 200, "{reply}");
        assert_eq!((&reply["data"]["bed"], &reply["data"]["team"]), (&json!("B"), &json!(null)));
        assert_eq!(reply["data"]["version"], stale["version"].as_i64().unwrap() + 1);
        assert_eq!(reply["data"]["status"], row["status"]);
    }
}

#[tokio::test]
async fn a_write_that_changes_nothing_leaves_the_row_as_it_is() {
    let ward = Ward::open().await;
    let mut client = ward.socket("clinician").await;
    let row = client.create(json!({"bed": "A"})).await;
    for data in [json!({}), json!({"bed": " A "}), patient(), json!({"first_name": "Ada", "shoe_size": 3}), row.clone()]
    {
        let reply = client.patch(&row["id"], data).await;
        assert_eq!((&reply["response_status"], &reply["data"]), (&json!(200), &row));
    }
    let reply = client.request(json!({"action": "update", "pk": 1, "data": patient_with(json!({}))})).await;
    assert_eq!(reply["data"], row);
}
