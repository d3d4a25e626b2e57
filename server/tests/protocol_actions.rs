//! Level 1 of the protocol: what each action does and answers.

mod support;

use serde_json::{Value, json};
use support::{Transcript, Ward, patient, patient_with};

/// An action's reply, to the letter.
fn reply(data: impl std::fmt::Display, action: &str, status: u16, request_id: &str) -> String {
    format!(r#"{{"errors":[],"data":{data},"action":"{action}","response_status":{status},"request_id":{request_id}}}"#)
}

#[tokio::test]
async fn every_action_is_answered_in_its_shape() {
    let ward = Ward::open().await;
    let mut client = ward.socket("clinician").await;
    let mut said = Transcript::default();
    for request in [
        r#"{"action":"list","request_id":1}"#,
        r#"{"action":"create","data":{"first_name":"Ada","last_name":"Lovelace","admission_date":"2026-01-02T03:04:05Z"},"request_id":2}"#,
        r#"{"action":"create","data":{"first_name":"Hope","last_name":"Franklin","admission_date":"2026-01-02","dismissal_date":null,
          "title":"Dr","middle_names":"Zoë","preferred_name":"Ho","medical_record_number":"M1","nhs_number":"943 476 5919",
          "birth_date":"1950-02","gender":"female","deceased_at":null,"status":"on_leave","ward":"North","room":"Bay 1","bed":"A1",
          "attending":"Dr Rivera","team":"Renal","reason":"Fall","acuity":3,"allergy_status":"known","code_status":"limited",
          "flags":[{"code":"falls","text":""}],"handover_note":"one\ntwo"},"request_id":"3"}"#,
        r#"{"action":"retrieve","pk":1,"request_id":4}"#,
        r#"{"action":"list","request_id":5}"#,
        r#"{"action":"list","limit":1,"offset":1,"request_id":6}"#,
        r#"{"action":"update","pk":1,"data":{"first_name":"Ada","last_name":"King","admission_date":"2026-01-02T03:04:05Z"},"request_id":7}"#,
        r#"{"action":"patch","pk":1,"data":{"bed":"B2"},"request_id":8}"#,
        r#"{"action":"subscribe_instance","pk":1,"request_id":9}"#,
        r#"{"action":"unsubscribe_instance","pk":1,"request_id":9}"#,
        r#"{"action":"subscribe_patient_change","request_id":10}"#,
        r#"{"action":"unsubscribe_patient_change","request_id":10}"#,
        r#"{"action":"delete","pk":1,"request_id":11}"#,
    ] {
        if request.contains(r#""subscribe_instance""#) {
            // A change made before may be told after: then the subscription is told of it too.
            client.frames_to(4).await;
        }
        said.ask(&mut client, request.replace('\n', "").replace("          ", "")).await;
    }
    insta::assert_snapshot!(said.text());
}

#[tokio::test]
async fn a_reply_has_the_same_five_keys_on_the_multiplexed_address() {
    let ward = Ward::open().await;
    let mut client = ward.multiplexed("clinician").await;
    let mut said = Transcript::default();
    said.ask(&mut client, r#"{"stream":"patients","payload":{"action":"list","request_id":1}}"#).await;
    said.ask(
        &mut client,
        format!(r#"{{"stream":"patients","payload":{{"action":"create","data":{},"request_id":2}}}}"#, patient()),
    )
    .await;
    said.hear(&mut client).await;
    insta::assert_snapshot!(said.text());
}

#[tokio::test]
async fn what_a_create_answers_is_what_retrieve_and_list_answer() {
    let ward = Ward::open().await;
    let mut client = ward.socket("clinician").await;
    let created = client.ask_text(json!({"action": "create", "data": patient(), "request_id": 1})).await;
    let start = created.find(r#""data":"#).unwrap() + 7;
    let row = &created[start..created.find(r#","action":"#).unwrap()];
    assert_eq!(created, reply(row, "create", 201, "1"));
    assert_eq!(
        client.ask_text(r#"{"action":"retrieve","pk":1,"request_id":2}"#).await,
        reply(row, "retrieve", 200, "2")
    );
    assert_eq!(
        client.ask_text(r#"{"action":"list","request_id":3}"#).await,
        reply(format!("[{row}]"), "list", 200, "3")
    );
    let page = format!(r#"{{"count":1,"results":[{row}],"limit":5,"offset":0}}"#);
    assert_eq!(client.ask_text(r#"{"action":"list","limit":5,"request_id":4}"#).await, reply(page, "list", 200, "4"));
}

#[tokio::test]
async fn a_patient_needs_no_more_than_the_seeds_required_fields() {
    let ward = Ward::open().await;
    let row = ward.socket("clinician").await.create(json!({})).await;
    assert_eq!(row["status"], "admitted");
    assert_eq!(row["version"], 1);
    assert_eq!(row["gender"], "unknown");
    assert_eq!(row["allergy_status"], "not_recorded");
    assert_eq!(row["code_status"], "not_recorded");
    assert_eq!(row["flags"], json!([]));
    assert_eq!(row["ward"], Value::Null);
}

#[tokio::test]
async fn an_update_needs_required_fields_and_keeps_omitted_optional_ones() {
    let ward = Ward::open().await;
    let mut client = ward.socket("clinician").await;
    let row = client.create(json!({"ward": "North", "bed": "A1"})).await;
    let update = |data| json!({"action": "update", "pk": row["id"], "data": data});
    let refused = client.request(update(json!({"first_name": "Ada"}))).await;
    assert_eq!(refused["response_status"], 400);
    assert_eq!(
        refused["errors"],
        json!([{"admission_date": ["This field is required."], "last_name": ["This field is required."]}])
    );
    let updated = client.request(update(patient_with(json!({"bed": "A2"})))).await;
    assert_eq!((&updated["data"]["ward"], &updated["data"]["bed"]), (&json!("North"), &json!("A2")));
}

#[tokio::test]
async fn a_patch_changes_what_it_names() {
    let ward = Ward::open().await;
    let mut client = ward.socket("clinician").await;
    let row = client.create(json!({"ward": "North", "bed": "A1"})).await;
    let patched = client.patch(&row["id"], json!({"bed": null})).await;
    assert_eq!(patched["response_status"], 200);
    let mut expected = row.clone();
    expected["bed"] = Value::Null;
    expected["version"] = json!(2);
    expected["updated_at"] = patched["data"]["updated_at"].clone();
    assert_eq!(patched["data"], expected);
}

#[tokio::test]
async fn a_deleted_patient_is_gone_and_its_id_is_not_given_again() {
    let ward = Ward::open().await;
    let mut client = ward.socket("clinician").await;
    let row = client.create(json!({})).await;
    assert_eq!(client.request(json!({"action": "delete", "pk": row["id"]})).await["response_status"], 204);
    assert_eq!(client.request(json!({"action": "retrieve", "pk": row["id"]})).await["response_status"], 404);
    assert_eq!(client.request(json!({"action": "delete", "pk": row["id"]})).await["response_status"], 404);
    assert_eq!(client.create(json!({})).await["id"], 2);
}

#[tokio::test]
async fn pages_tile_the_list() {
    let ward = Ward::open().await;
    let mut client = ward.socket("clinician").await;
    for number in 0..7 {
        client.create(json!({"first_name": format!("Patient {}", 9 - number)})).await;
    }
    let all = client.request(json!({"action": "list"})).await["data"].clone();
    let ids: Vec<i64> = all.as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect();
    assert_eq!(ids, [1, 2, 3, 4, 5, 6, 7]);
    let mut tiled = Vec::new();
    for offset in [0, 3, 6, 9] {
        let page = client.request(json!({"action": "list", "limit": 3, "offset": offset})).await["data"].clone();
        assert_eq!((&page["count"], &page["limit"], &page["offset"]), (&json!(7), &json!(3), &json!(offset)));
        tiled.extend(page["results"].as_array().unwrap().clone());
    }
    assert_eq!(Value::Array(tiled), all);
}

#[tokio::test]
async fn paging_is_lenient() {
    let ward = Ward::open().await;
    let mut client = ward.socket("clinician").await;
    client.create(json!({})).await;
    for (asked, limit, offset) in [
        (json!({"limit": "1", "offset": "0"}), 1, 0),
        (json!({"limit": 0}), 100, 0),
        (json!({"limit": -5}), 100, 0),
        (json!({"limit": "many"}), 100, 0),
        (json!({"limit": null}), 100, 0),
        (json!({"limit": []}), 100, 0),
        (json!({"limit": {}}), 100, 0),
        (json!({"limit": 5000}), 1000, 0),
        (json!({"limit": "5000"}), 1000, 0),
        (json!({"offset": 0}), 100, 0),
        (json!({"offset": -1}), 100, 0),
        (json!({"offset": "x"}), 100, 0),
        (json!({"offset": null}), 100, 0),
        (json!({"offset": [1]}), 100, 0),
        (json!({"offset": {}}), 100, 0),
        (json!({"offset": 7}), 100, 7),
    ] {
        let mut request = asked.clone();
        request["action"] = json!("list");
        let page = client.request(request).await["data"].clone();
        let rows = usize::from(offset == 0);
        assert_eq!((&page["limit"], &page["offset"]), (&json!(limit), &json!(offset)), "{asked}");
        assert_eq!(page["results"].as_array().map(Vec::len), Some(rows), "{asked}");
        assert_eq!(page["count"], 1, "{asked}");
    }
}

#[tokio::test]
async fn a_list_is_filtered_by_ward_and_status_and_searched() {
    let ward = Ward::open().await;
    let mut client = ward.socket("clinician").await;
    for values in [
        json!({"first_name": "Nicolás", "last_name": "Muñoz-Ruiz", "ward": "North"}),
        json!({"first_name": "Niamh", "last_name": "O’Brien", "ward": "South", "medical_record_number": "M-77"}),
        json!({"first_name": "Zofia", "last_name": "Łukasz", "ward": "North", "status": "expected"}),
        json!({"first_name": "Hope", "last_name": "Franklin", "nhs_number": "943 476 5919"}),
    ] {
        client.create(values).await;
    }
    for (asked, expected) in [
        (json!({"ward": "North"}), vec![1, 3]),
        (json!({"status": "expected"}), vec![3]),
        (json!({"ward": "North", "status": "admitted"}), vec![1]),
        (json!({"ward": "Nowhere"}), vec![]),
        (json!({"ward": null, "status": null, "search": null}), vec![1, 2, 3, 4]),
        (json!({"search": "NICOLAS"}), vec![1]),
        (json!({"search": "ruiz nic"}), vec![1]),
        (json!({"search": "ruiz niamh"}), vec![]),
        (json!({"search": "o'brien"}), vec![2]),
        (json!({"search": "lukasz"}), vec![3]),
        (json!({"search": "m-77"}), vec![2]),
        (json!({"search": "943-476 5919"}), vec![4]),
        (json!({"search": 9_434_765_919_i64}), vec![4]),
        (json!({"search": "100%"}), vec![]),
        (json!({"search": "ni", "limit": 1}), vec![1]),
    ] {
        let mut request = asked.clone();
        request["action"] = json!("list");
        let data = client.request(request).await["data"].clone();
        let rows = if asked["limit"].is_null() { &data } else { &data["results"] };
        let ids: Vec<i64> = rows.as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect();
        assert_eq!(ids, expected, "{asked}");
    }
}

#[tokio::test]
async fn unknown_keys_and_read_only_values_are_ignored() {
    let ward = Ward::open().await;
    let mut client = ward.socket("clinician").await;
    let data =
        patient_with(json!({"id": 77, "version": 9, "created_at": "2001-01-01", "updated_at": 5, "shoe_size": [44]}));
    let reply = client.request(json!({"action": "create", "data": data, "pk": 12, "colour": {"a": 1}})).await;
    assert_eq!(reply["response_status"], 201);
    assert_eq!((&reply["data"]["id"], &reply["data"]["version"]), (&json!(1), &json!(1)));
    assert_ne!(reply["data"]["created_at"], "2001-01-01T00:00:00Z");
    assert_eq!(reply["data"].get("shoe_size"), None);
}

#[tokio::test]
async fn list_retrieve_and_delete_ignore_data() {
    let ward = Ward::open().await;
    let mut client = ward.socket("clinician").await;
    client.create(json!({})).await;
    for data in [json!({}), json!(null), json!([1]), json!("x"), json!({"first_name": ""})] {
        for action in ["list", "retrieve"] {
            let reply = client.request(json!({"action": action, "pk": 1, "data": data})).await;
            assert_eq!(reply["response_status"], 200, "{action} {data}");
        }
    }
    let reply = client.request(json!({"action": "delete", "pk": 1, "data": [], "limit": 3})).await;
    assert_eq!(reply["response_status"], 204);
}

#[tokio::test]
async fn the_last_of_equal_keys_counts() {
    let ward = Ward::open().await;
    let mut client = ward.socket("clinician").await;
    let text = r#"{"action":"delete","action":"create","request_id":1,"request_id":"two","data":
        {"first_name":"A","first_name":"B","last_name":"C","admission_date":"2026-01-01"}}"#;
    let reply = client.ask(text).await;
    assert_eq!(reply["action"], "create");
    assert_eq!(reply["request_id"], "two");
    assert_eq!(reply["data"]["first_name"], "B");
}

#[tokio::test]
async fn requests_of_one_connection_are_answered_in_order() {
    let ward = Ward::open().await;
    let mut client = ward.socket("clinician").await;
    for number in 0..300 {
        client.send(json!({"action": "create", "data": patient(), "request_id": number})).await;
    }
    let mut replies = Vec::new();
    let mut pushes = Vec::new();
    while replies.len() < 300 || pushes.len() < 300 {
        let frame = client.next().await;
        if frame["type"] == "patient.change" {
            // The reply has come by then.
            assert!(replies.len() > pushes.len(), "a change was pushed before its reply");
            pushes.push(frame["seq"].as_i64().unwrap());
        } else {
            assert_eq!(frame["response_status"], 201);
            assert_eq!(frame["data"]["id"], frame["request_id"].as_i64().unwrap() + 1);
            replies.push(frame["request_id"].as_i64().unwrap());
        }
    }
    assert_eq!(replies, (0..300).collect::<Vec<_>>());
    assert_eq!(pushes, (1..=300).collect::<Vec<_>>());
}

#[tokio::test]
async fn three_hundred_writes_at_once_from_one_user_are_all_done() {
    let ward = Ward::open().await;
    let mut clients = Vec::new();
    for _ in 0..10 {
        clients.push(ward.socket("clinician").await);
    }
    let writers = clients.into_iter().enumerate().map(|(client_number, mut client)| async move {
        for number in 0..30 {
            let data = patient_with(json!({"medical_record_number": format!("M{client_number}-{number}")}));
            client.send(json!({"action": "create", "data": data, "request_id": number})).await;
        }
        for number in 0..30 {
            loop {
                let frame = client.next().await;
                if frame["type"] != "patient.change" {
                    assert_eq!(
                        (&frame["request_id"], &frame["response_status"]),
                        (&json!(number), &json!(201)),
                        "{frame}"
                    );
                    break;
                }
            }
        }
    });
    futures::future::join_all(writers).await;
    let mut client = ward.socket("viewer").await;
    assert_eq!(client.request(json!({"action": "list", "limit": 1})).await["data"]["count"], 300);
}
