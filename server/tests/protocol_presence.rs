//! Level 2: who else attends the patient that one attends.

mod support;

use serde_json::{Value, json};
use support::{Client, Transcript, Ward};

async fn screen(ward: &Ward, role: &str) -> Client {
    let mut client = ward.level_2(role).await;
    assert_eq!(client.payload().await["type"], "hello");
    client
}

/// Attends a patient and gives who else does, as far as this node has heard.
async fn attend(client: &mut Client, pk: i64, how: &str) -> Value {
    let reply = client.request(json!({"action": "attend", "pk": pk, "data": {"how": how}})).await;
    assert_eq!(reply["response_status"], 200, "{reply}");
    reply["data"].clone()
}

async fn leave(client: &mut Client) {
    let reply = client.request(json!({"action": "attend"})).await;
    assert_eq!((&reply["response_status"], &reply["data"]), (&json!(200), &json!([])), "{reply}");
}

/// Reads on until these are told to attend the patient too.
async fn until_others(client: &mut Client, pk: i64, others: Value) {
    loop {
        let frame = client.payload().await;
        if frame["type"] == "presence" {
            assert_eq!(frame["pk"], pk, "{frame}");
            if frame["others"] == others {
                return;
            }
        }
    }
}

/// Attends a patient, and waits until these are known to do so too: another node may hear of them a moment later.
async fn attend_with(client: &mut Client, pk: i64, how: &str, others: Value) {
    if attend(client, pk, how).await != others {
        until_others(client, pk, others).await;
    }
}

fn others(all: &[(&str, &str)]) -> Value {
    all.iter().map(|(by, how)| json!({"by": by, "how": how})).collect()
}

#[tokio::test]
async fn every_message_about_who_is_there_has_its_shape() {
    let ward = Ward::open().await;
    let mut other = screen(&ward, "viewer").await;
    let mut client = screen(&ward, "clinician").await;
    let mut said = Transcript::default();
    said.title("alone");
    said.ask(&mut client, r#"{"action":"attend","request_id":1,"pk":7,"data":{"how":"viewing"}}"#).await;
    said.title("somebody comes, and goes");
    attend_with(&mut other, 7, "editing", others(&[("clinician", "viewing")])).await;
    said.hear(&mut client).await;
    said.ask(&mut client, r#"{"action":"attend","request_id":2,"pk":7,"data":{"how":"editing"}}"#).await;
    leave(&mut other).await;
    said.hear(&mut client).await;
    said.title("the end");
    said.ask(&mut client, r#"{"action":"attend","request_id":3,"pk":null}"#).await;
    said.title("what is no patient, or nothing that one does there");
    for request in [
        r#"{"action":"attend","request_id":4,"pk":"x","data":{"how":"viewing"}}"#,
        r#"{"action":"attend","request_id":5,"pk":7}"#,
        r#"{"action":"attend","request_id":6,"pk":7,"data":{}}"#,
        r#"{"action":"attend","request_id":7,"pk":7,"data":{"how":"sleeping"}}"#,
    ] {
        said.ask(&mut client, request).await;
    }
    insta::assert_snapshot!(said.text());
}

#[tokio::test]
async fn whoever_attends_a_patient_knows_at_once_who_else_does() {
    let ward = Ward::open().await;
    let mut sister = screen(&ward, "clinician").await;
    let mut doctor = screen(&ward, "admin").await;
    let mut doctors_tablet = screen(&ward, "admin").await;
    let mut elsewhere = screen(&ward, "viewer").await;
    assert_eq!(attend(&mut elsewhere, 8, "editing").await, json!([]));
    assert_eq!(attend(&mut sister, 7, "viewing").await, json!([]));
    attend_with(&mut doctor, 7, "viewing", others(&[("clinician", "viewing")])).await;
    until_others(&mut sister, 7, others(&[("admin", "viewing")])).await;
    // The doctor is one person, whose own screens are nobody else.
    attend_with(&mut doctors_tablet, 7, "editing", others(&[("clinician", "viewing")])).await;
    until_others(&mut sister, 7, others(&[("admin", "editing")])).await;
    attend(&mut sister, 7, "editing").await;
    for screen in [&mut doctor, &mut doctors_tablet] {
        until_others(screen, 7, others(&[("clinician", "editing")])).await;
    }
    leave(&mut doctors_tablet).await;
    until_others(&mut sister, 7, others(&[("admin", "viewing")])).await;
    // To another patient; and back.
    attend_with(&mut doctor, 8, "viewing", others(&[("viewer", "editing")])).await;
    until_others(&mut sister, 7, json!([])).await;
    until_others(&mut elsewhere, 8, others(&[("admin", "viewing")])).await;
    attend_with(&mut doctor, 7, "viewing", others(&[("clinician", "editing")])).await;
    until_others(&mut sister, 7, others(&[("admin", "viewing")])).await;
    until_others(&mut elsewhere, 8, json!([])).await;
    // However a socket ends.
    doctor.close().await;
    until_others(&mut sister, 7, json!([])).await;
    attend_with(&mut elsewhere, 7, "viewing", others(&[("clinician", "editing")])).await;
    until_others(&mut sister, 7, others(&[("viewer", "viewing")])).await;
    drop(elsewhere);
    until_others(&mut sister, 7, json!([])).await;
}

#[tokio::test]
async fn where_it_is_switched_off_nobody_is_told_anything() {
    let ward = Ward::with(&["--no-presence"]).await;
    let mut screens = [screen(&ward, "admin").await, screen(&ward, "clinician").await, screen(&ward, "viewer").await];
    for screen in &mut screens {
        assert_eq!(attend(screen, 7, "editing").await, json!([]));
    }
    for screen in &mut screens {
        assert_eq!(attend(screen, 7, "editing").await, json!([]));
        leave(screen).await;
        assert!(screen.held.is_empty());
    }
}
