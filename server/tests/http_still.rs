//! Pages that hold still, and exports: what they tell, to whom, and that each reading leaves a trace.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod support;

use std::collections::BTreeMap;

use app::{
    change::Action,
    patient::{Data, Patient, Revision, UtcTime},
    wire::Role,
};
use futures::{StreamExt, stream::FuturesUnordered};
use serde_json::{Value, json};
use server::{
    import,
    store::{Accessed, Author, Command, Remember, Store, Write},
};
use sqlx::{Connection, SqliteConnection};
use support::{Answer, Folder, Ward, author, create_in, data, patch_in, write};

const PASSWORD: &str = "correct horse";

/// Every page and export, of a ward with a patient 1.
const PATHS: [&str; 8] = [
    "/patients/1/history",
    "/patients/1/undo?seq=2",
    "/past",
    "/past?at=2020-01-01T00:00:00Z",
    "/changes",
    "/print",
    "/export.csv",
    "/export.ndjson",
];

/// A ward where rivera may write and porter may read.
struct Desk {
    ward: Ward,
    store: Store,
    rivera: String,
    porter: String,
}

impl Desk {
    async fn open() -> Self {
        Self::on(Folder::new()).await
    }

    async fn on(folder: Folder) -> Self {
        let store = folder.open().await;
        store.accounts().create("rivera", Role::Clinician, PASSWORD, false).await.unwrap();
        store.accounts().create("porter", Role::Viewer, PASSWORD, false).await.unwrap();
        let ward = Ward::serve(folder, Vec::new(), &[]).await;
        let rivera = ward.sign_in("rivera", "correct+horse").await.cookie();
        let porter = ward.sign_in("porter", "correct+horse").await.cookie();
        Self { ward, store, rivera, porter }
    }

    async fn get(&self, path: &str) -> Answer {
        self.ward.get(path, &[&self.rivera]).await
    }

    async fn page(&self, path: &str) -> String {
        let answer = self.get(path).await;
        assert_eq!(answer.status(), 200, "{path}: {}", answer.body());
        text(answer.body())
    }

    async fn create(&self, values: Value) -> i64 {
        create_in(&self.store, values).await.patient.unwrap().id
    }

    async fn patch(&self, id: i64, values: Value) -> i64 {
        patch_in(&self.store, id, values).await.unwrap().seq.unwrap()
    }

    async fn delete(&self, id: i64) {
        self.store.write(write(Command::Delete { pk: id })).await.unwrap();
    }

    async fn row(&self, id: i64) -> Patient {
        serde_json::from_str(self.store.patient(id).await.unwrap().unwrap().get()).unwrap()
    }

    /// When the last change was made.
    async fn moment(&self) -> UtcTime {
        self.store.head().await.unwrap().at.unwrap()
    }

    async fn accesses(&self) -> Vec<Accessed> {
        self.store.accesses(UtcTime::from_unix_micros(0).unwrap(), 0, 1000).await.unwrap()
    }

    /// The form of the page that asks whether a change is to be taken back, and where it goes.
    async fn undo_form(&self, id: i64, seq: i64) -> String {
        let answer = self.get(&format!("/patients/{id}/undo?seq={seq}")).await;
        assert_eq!(answer.status(), 200, "{}", answer.body());
        let form = answer.body().split("<form method=\"post\"").nth(1).unwrap().split("</form>").next().unwrap();
        let inputs = form.split("<input").skip(1).map(|input| {
            let value = |name: &str| input.split(&format!("{name}=\"")).nth(1).unwrap().split('"').next().unwrap();
            format!("{}={}", value("name"), value("value"))
        });
        inputs.collect::<Vec<_>>().join("&")
    }

    async fn undo(&self, id: i64, form: &str) -> Answer {
        self.ward.http("POST", &format!("/patients/{id}/undo"), &[&self.rivera], form).await
    }
}

/// What a person reads of a page: no tags, no comments, and white space as it is shown.
fn text(html: &str) -> String {
    let mut text = String::new();
    for part in html.replace("<!>", "").split('<') {
        let (_, words) = part.split_once('>').unwrap_or(("", part));
        text.push_str(words);
        // Words of two cells are two words.
        if ["/td", "/th", "/p", "/li", "/h1", "/h2", "/a"].iter().any(|end| part.starts_with(end)) {
            text.push(' ');
        }
    }
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn has(page: &str, parts: &[&str]) {
    for part in parts {
        assert!(page.contains(part), "{part} is missing in {page}");
    }
}

fn lacks(page: &str, parts: &[&str]) {
    for part in parts {
        assert!(!page.contains(part), "{part} is in {page}");
    }
}

#[tokio::test]
async fn only_who_is_signed_in_with_a_password_of_their_own_gets_there() {
    let folder = Folder::new();
    let store = folder.open().await;
    store.accounts().create("rivera", Role::Clinician, PASSWORD, true).await.unwrap();
    let token = store.accounts().issue_token("rivera").await.unwrap().reveal().to_owned();
    let id = create_in(&store, json!({})).await.patient.unwrap().id;
    patch_in(&store, id, json!({"bed": "A"})).await.unwrap();
    let ward = Ward::serve(folder, Vec::new(), &[]).await;
    let cookie = ward.sign_in("rivera", "correct+horse").await.cookie();
    let token = format!("authorization: Bearer {token}");
    for path in PATHS {
        for (headers, first) in [(vec![], "/sign-in"), (vec![&*token], "/sign-in"), (vec![&*cookie], "/password")] {
            let answer = ward.get(path, &headers).await;
            assert_eq!((answer.status(), answer.header("location")), (303, Some(first)), "{path}");
            assert!(!answer.body().contains("LOVELACE"), "{path}");
        }
    }
    let form = "seq=2&version=2";
    let answer = ward.http("POST", "/patients/1/undo", &[&cookie], form).await;
    assert_eq!((answer.status(), answer.header("location")), (303, Some("/password")));
    assert_eq!(store.accesses(UtcTime::from_unix_micros(0).unwrap(), 0, 10).await.unwrap(), []);
}

#[tokio::test]
async fn a_page_has_no_script_is_kept_by_nobody_and_makes_text_of_every_name() {
    let desk = Desk::open().await;
    let id = desk.create(json!({"last_name": "<script>alert(1)</script>", "handover_note": "<b>bold</b>"})).await;
    desk.patch(id, json!({"bed": "\"><script>"})).await;
    let now = format!("/past?at={}", desk.moment().await);
    for path in PATHS.into_iter().chain([&*now]) {
        for cookie in [&desk.rivera, &desk.porter] {
            let answer = desk.ward.get(path, &[cookie]).await;
            assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
            if !path.starts_with("/export") {
                let body = answer.body().to_lowercase();
                assert!(answer.header("content-security-policy").unwrap().contains("script-src 'none'"), "{path}");
                lacks(&body, &["<script", "<b>", " style="]);
            }
        }
    }
}

#[tokio::test]
async fn a_history_tells_who_did_what_when_and_by_which_way() {
    let desk = Desk::open().await;
    let id = desk.create(json!({"nhs_number": "9434765919", "ward": "Elm", "birth_date": "1985-12-10"})).await;
    desk.patch(id, json!({"bed": "A1", "flags": [{"code": "falls", "text": ""}]})).await;
    desk.patch(id, json!({"bed": "B2", "status": "discharged", "dismissal_date": "2026-01-03T10:00:00Z"})).await;
    let history = format!("/patients/{id}/history");
    let page = desk.page(&format!("{history}?ward=Elm&status=all")).await;
    has(
        &page,
        &[
            "History: LOVELACE, Ada",
            "LOVELACE, Ada · Born 10-Dec-1985",
            "NHS No 943 476 5919",
            "Record created",
            "by somebody, through the live list",
            "Ward: Elm",
            "Bed: (empty) → becomes A1",
            "Bed: A1 → becomes B2",
            "Status: Admitted → becomes Discharged",
            "Discharged: (empty) → becomes 03-Jan-2026 10:00",
            "Flags: (empty) → becomes Falls risk",
            "This is where the record begins.",
        ],
    );
    // The newest first.
    assert!(page.find("becomes B2").unwrap() < page.find("becomes A1").unwrap(), "{page}");
    let html = desk.get(&format!("{history}?ward=Elm&status=all")).await;
    has(html.body(), &["href=\"/?ward=Elm&amp;status=all\"", &format!("/patients/{id}/undo?seq=3&amp;ward=Elm")]);
    // Who may only read is not asked whether to take something back.
    let html = desk.ward.get(&history, &[&desk.porter]).await;
    has(html.body(), &["Record created"]);
    lacks(html.body(), &["/undo"]);

    desk.delete(id).await;
    let page = desk.page(&history).await;
    has(&page, &["This record was deleted by somebody on", "NHS No 943 476 5919", "Bed: A1 → becomes B2"]);
    lacks(&page, &["Take the last change back"]);
    let rows: Vec<Option<i64>> = desk.accesses().await.iter().map(|access| access.rows).collect();
    assert_eq!(rows, [Some(3), Some(3), Some(3), Some(4)]);
}

#[tokio::test]
async fn however_long_a_history_is_it_is_read_page_by_page_to_its_beginning() {
    let desk = Desk::open().await;
    let id = desk.create(json!({})).await;
    desk.patch(id, json!({"bed": "A"})).await;
    // As if it had been changed again and again: more than all pages once told together.
    for sql in [
        "WITH RECURSIVE number (n) AS (SELECT 3 UNION ALL SELECT n + 1 FROM number WHERE n < 10251) \
         INSERT INTO change (seq, action, patient_id, data, before, account_id, by_name, origin, at) \
         SELECT n, action, patient_id, data, before, account_id, 'nurse-' || n, origin, at + n FROM change, number \
         WHERE seq = 2",
        "UPDATE change_head SET seq = 10251",
    ] {
        desk.ward.run_sql(sql).await;
    }
    let history = format!("/patients/{id}/history");
    let at = |seq: &str| format!("{history}?before={seq}&ward=Elm");
    // Each page by the link on the one before it, from the first on and to the last.
    for (start, pages, changes) in [(format!("{history}?ward=Elm"), 2, 9852..=10251), (at("450"), 3, 3..=449)] {
        let (mut next, mut told) = (Some(start), Vec::new());
        for page in 1..=pages {
            let path = next.unwrap();
            let html = desk.get(&path).await.body().to_owned();
            let shown = text(&html);
            told.extend(
                shown.split("by nurse-").skip(1).map(|by| by.split(',').next().unwrap().parse::<i64>().unwrap()),
            );
            let is_newest = !path.contains("before=");
            // Only with the change that it takes back.
            assert_eq!(html.contains("/undo?seq="), is_newest, "{path}");
            assert_eq!(shown.contains("Newest changes"), !is_newest, "{path}");
            let older = html.split("<a href=\"").find(|link| link.contains("Older changes"));
            next = older.map(|link| link.split('"').next().unwrap().replace("&amp;", "&"));
            let is_last = shown.contains("Record created");
            assert_eq!(shown.contains("This is where the record begins."), is_last, "{path}");
            assert_eq!(next.is_none(), is_last, "{path}");
            assert_eq!(is_last, pages == 3 && page == pages, "{path}");
        }
        assert!(told.iter().copied().eq(changes.rev()), "{told:?}");
    }
    // A change in the meantime moves no page.
    let before = desk.page(&at("10052")).await;
    let newest = desk.patch(id, json!({"bed": "C"})).await;
    assert_eq!((desk.page(&at("10052")).await, newest), (before, 10_252));
    // What is no position, or one that is yet to come, is the newest page.
    for seq in ["x", "99999", "99999999999999999999", ""] {
        let page = desk.page(&at(seq)).await;
        has(&page, &["becomes C ", "Take the last change back"]);
        lacks(&page, &["Newest changes"]);
    }
    for seq in ["0", "-1", "1"] {
        has(&desk.page(&at(seq)).await, &["Newest changes"]);
    }
}

#[tokio::test]
async fn who_is_not_there_is_told_in_words() {
    let desk = Desk::open().await;
    for id in ["1", "0", "-1", "x", "99999999999999999999"] {
        for path in [format!("/patients/{id}/history?ward=Elm"), format!("/patients/{id}/undo?seq=1&ward=Elm")] {
            let answer = desk.get(&path).await;
            assert_eq!(answer.status(), 404, "{path}");
            has(answer.body(), &["There is no such patient", "href=\"/?ward=Elm\""]);
        }
        assert_eq!(desk.undo(1, "seq=1&version=1").await.status(), 404, "{id}");
    }
}

#[tokio::test]
async fn a_change_is_taken_back_as_a_new_change_and_only_once() {
    let desk = Desk::open().await;
    let id = desk.create(json!({"ward": "Elm", "bed": "A1", "reason": "Syncope"})).await;
    let before = desk.row(id).await;
    let seq = desk.patch(id, json!({"bed": "B2", "reason": null, "status": "discharged"})).await;
    let asked = desk.page(&format!("/patients/{id}/undo?seq={seq}")).await;
    has(
        &asked,
        &[
            "Take back the last change: LOVELACE, Ada?",
            "LOVELACE, Ada · Born Unknown · NHS No Unknown",
            "Last changed by somebody",
            "Bed: B2 → becomes A1",
            "Reason: (empty) → becomes Syncope",
            "Status: Discharged → becomes Admitted",
        ],
    );
    assert_eq!(desk.row(id).await.bed.as_deref(), Some("B2"), "asking changes nothing");
    let form = desk.undo_form(id, seq).await;
    for time in 0..2 {
        let answer = desk.undo(id, &form).await;
        let location = format!("/patients/{id}/history?undone=yes");
        assert_eq!((answer.status(), answer.header("location")), (303, Some(&*location)), "{time}");
        assert_eq!(desk.store.head().await.unwrap().seq, seq + 1, "done once");
    }
    let after = desk.row(id).await;
    assert_eq!((after.values(), after.version), (before.values(), 3));
    let last = desk.store.last_change_of(id).await.unwrap().unwrap();
    assert_eq!((last.change.action, &*last.change.by, &*last.origin), (Action::Update, "rivera", "page"));
    assert!(last.account_id.is_some());
    let page = desk.page(&format!("/patients/{id}/history?undone=yes")).await;
    has(&page, &["Taken back: LOVELACE, Ada is as before", "by rivera, through a page, taking a change back"]);
    // And that can be taken back too.
    let form = desk.undo_form(id, seq + 1).await;
    assert_eq!(desk.undo(id, &form).await.status(), 303);
    assert_eq!(desk.row(id).await.bed.as_deref(), Some("B2"));
}

#[tokio::test]
async fn who_would_come_back_to_a_bed_that_somebody_has_had_since_is_asked_about_it() {
    let desk = Desk::open().await;
    let warning = "⚠ In this bed already: HOPPER, Grace · Born Unknown. You can still save.";
    let place = json!({"ward": "Elm", "bed": "A1"});
    let [moved, discharged] = [desk.create(place.clone()).await, desk.create(place.clone()).await];
    let undo = [
        (moved, desk.patch(moved, json!({"bed": "B2"})).await),
        (discharged, desk.patch(discharged, json!({"status": "discharged"})).await),
    ]
    .map(|(id, seq)| format!("/patients/{id}/undo?seq={seq}"));
    for undo in &undo {
        lacks(&desk.page(undo).await, &["in this bed"]);
    }
    let named = |place: Value| {
        let mut values = json!({"first_name": "Grace", "last_name": "Hopper"});
        values.as_object_mut().unwrap().extend(data(place));
        values
    };
    // Neither in a bed of that name elsewhere, nor there yet.
    desk.create(named(json!({"ward": "Ash", "bed": "A1"}))).await;
    desk.create(named(json!({"ward": "Elm", "bed": "A1", "status": "expected"}))).await;
    lacks(&desk.page(&undo[0]).await, &["in this bed"]);
    let grace = desk.create(named(json!({"ward": "Elm", "bed": "a1"}))).await;
    for undo in &undo {
        has(&desk.page(undo).await, &[warning]);
    }
    // What leaves the bed to whoever is in it says nothing of it.
    let seq = desk.patch(grace, json!({"reason": "Fall"})).await;
    lacks(&desk.page(&format!("/patients/{grace}/undo?seq={seq}")).await, &["in this bed"]);
    // It is a warning: the change can be taken back all the same.
    let seq = desk.store.last_change_of(moved).await.unwrap().unwrap().change.seq;
    let form = desk.undo_form(moved, seq).await;
    assert_eq!(desk.undo(moved, &form).await.status(), 303);
    assert_eq!(desk.row(moved).await.bed.as_deref(), Some("A1"));
}

#[tokio::test]
async fn nothing_is_taken_back_over_what_somebody_did_since() {
    let desk = Desk::open().await;
    let id = desk.create(json!({"bed": "A1"})).await;
    let seq = desk.patch(id, json!({"bed": "B2"})).await;
    let form = desk.undo_form(id, seq).await;
    let newest = desk.patch(id, json!({"bed": "C3"})).await;
    for answer in [desk.undo(id, &form).await, desk.get(&format!("/patients/{id}/undo?seq={seq}")).await] {
        assert_eq!(answer.status(), 409);
        has(
            &text(answer.body()),
            &["Not taken back: the patient was changed again since", "LOVELACE, Ada · Born", "Bed: B2 → becomes C3"],
        );
        has(answer.body(), &[&format!("href=\"/patients/{id}/history\"")]);
    }
    // Not by a form of one's own either: an old change with the newest version, or one of another patient.
    let other = desk.create(json!({})).await;
    let others = desk.patch(other, json!({"bed": "Z"})).await;
    for form in [
        format!("seq={seq}&version=3"),
        format!("seq={others}&version=3"),
        format!("seq={newest}&version=2"),
        "seq=999&version=3".to_owned(),
        "seq=-1&version=3".to_owned(),
    ] {
        assert_eq!(desk.undo(id, &form).await.status(), 409, "{form}");
    }
    assert_eq!((desk.row(id).await.bed.as_deref(), desk.store.head().await.unwrap().seq), (Some("C3"), others));
    for form in ["", "seq=1", "seq=x&version=1"] {
        assert_eq!(desk.undo(id, form).await.status(), 422, "{form}");
    }
}

#[tokio::test]
async fn what_begins_or_ends_a_record_is_not_taken_back() {
    let desk = Desk::open().await;
    let id = desk.create(json!({})).await;
    let refused = async |seq: i64, version: i64| {
        for answer in [
            desk.get(&format!("/patients/{id}/undo?seq={seq}")).await,
            desk.undo(id, &format!("seq={seq}&version={version}")).await,
        ] {
            assert_eq!(answer.status(), 409);
            has(answer.body(), &["This change cannot be taken back", "LOVELACE, Ada"]);
        }
    };
    refused(1, 1).await;
    let seq = desk.patch(id, json!({"bed": "A"})).await;
    let form = desk.undo_form(id, seq).await;
    desk.delete(id).await;
    refused(3, 2).await;
    assert_eq!(desk.undo(id, &form).await.status(), 409);
    assert_eq!(desk.store.head().await.unwrap().seq, 3);
}

#[tokio::test]
async fn what_was_there_may_have_become_impossible() {
    let desk = Desk::open().await;
    let id = desk.create(json!({"medical_record_number": "A-17"})).await;
    let seq = desk.patch(id, json!({"medical_record_number": "A-18"})).await;
    let form = desk.undo_form(id, seq).await;
    desk.create(json!({"medical_record_number": "A-17"})).await;
    let answer = desk.undo(id, &form).await;
    assert_eq!(answer.status(), 422);
    has(&text(answer.body()), &["Nothing was changed", "Medical record number", "LOVELACE, Ada"]);
    assert_eq!(desk.row(id).await.medical_record_number.as_deref(), Some("A-18"));
}

#[tokio::test]
async fn who_may_only_read_takes_nothing_back_and_no_other_site_does() {
    let desk = Desk::open().await;
    let id = desk.create(json!({"bed": "A"})).await;
    let seq = desk.patch(id, json!({"bed": "B"})).await;
    let (path, form) = (format!("/patients/{id}/undo"), desk.undo_form(id, seq).await);
    let answer = desk.ward.get(&format!("{path}?seq={seq}"), &[&desk.porter]).await;
    assert_eq!(answer.status(), 403);
    has(answer.body(), &["Your account may not change anything"]);
    assert_eq!(desk.ward.http("POST", &path, &[&desk.porter], &form).await.status(), 403);
    let answer = desk.ward.http("POST", &path, &[&desk.rivera, "origin: https://evil.example"], &form).await;
    assert_eq!(answer.status(), 403);
    assert_eq!(desk.store.head().await.unwrap().seq, seq);
}

#[tokio::test]
async fn the_list_is_shown_as_it_was() {
    let desk = Desk::open().await;
    let ada = desk.create(json!({"ward": "Elm", "bed": "A1", "birth_date": "1985-12"})).await;
    let grace = desk.create(json!({"first_name": "Grace", "last_name": "Hopper", "ward": "Ash", "bed": "Z1"})).await;
    let then = desk.moment().await;
    desk.patch(ada, json!({"ward": "Ash", "bed": "B2"})).await;
    desk.delete(grace).await;
    let past = async |at: UtcTime, query: &str| desk.page(&format!("/past?at={at}&{query}")).await;
    let page = past(then, "").await;
    has(
        &page,
        &["As of ", "HISTORICAL: the list as of", "LOVELACE, Ada", "A1", "HOPPER, Grace", "here or expected. 2 of 2"],
    );
    lacks(&page, &["B2"]);
    let page = past(then, "ward=Elm").await;
    has(&page, &["LOVELACE, Ada", "ward Elm. 1 of 2"]);
    lacks(&page, &["HOPPER"]);
    let page = past(desk.moment().await, "ward=Ash").await;
    has(&page, &["LOVELACE, Ada", "B2"]);
    lacks(&page, &["HOPPER"]);
    // Nothing in it can be changed, and it leads on to the same list and to each history.
    let html = desk.get(&format!("/past?at={then}&ward=Elm")).await;
    lacks(html.body(), &["type=\"button\"", "method=\"post\""]);
    has(html.body(), &["href=\"/?ward=Elm\"", &format!("href=\"/patients/{ada}/history?ward=Elm\"")]);
    let before = past("2020-01-01T00:00:00Z".parse().unwrap(), "").await;
    has(&before, &["As of 01-Jan-2020 00:00", "No patients to show."]);
    // As it is typed, and before anything is.
    has(&desk.page("/past?date=01-Jan-2020&time=3:00").await, &["As of 01-Jan-2020 03:00"]);
    let asked = desk.page("/past?ward=Elm").await;
    has(&asked, &["The list as it was", "Last night, 03:00", "Start of this shift", "24 hours ago"]);
    lacks(&asked, &["LOVELACE", "HISTORICAL"]);
}

#[tokio::test]
async fn the_list_as_it_was_has_the_columns_that_its_user_has_chosen() {
    let desk = Desk::open().await;
    desk.create(json!({"attending": "Osei", "handover_note": "Bloods at 06:00"})).await;
    let at = desk.moment().await;
    let path = format!("/past?at={at}");
    let first = desk.page(&path).await;
    has(&first, &["Bed Patient Status Admitted Attending Alerts ", "Osei", "Allergies not recorded"]);
    lacks(&first, &["Bloods"]);
    for (kept, titles, words, none) in [
        ("note,status", "Bed Patient Note Status", ["Bloods at 06:00", "Admitted"], ["Osei", "Allergies"]),
        (
            "alerts,attending",
            "Bed Patient Alerts Attending",
            ["Allergies not recorded", "Osei"],
            ["Bloods", "Admitted"],
        ),
    ] {
        let columns = Remember::Value { key: "columns".to_owned(), value: Some(kept.to_owned()) };
        // The first account of the database.
        desk.store.remember(1, &columns).await.unwrap();
        let page = desk.page(&path).await;
        has(&page, &[titles]);
        has(&page, &words);
        lacks(&page, &none);
    }
}

#[tokio::test]
async fn my_patients_of_then_are_mine() {
    let desk = Desk::open().await;
    desk.create(json!({"attending": "Rivera"})).await;
    let grace = desk.create(json!({"first_name": "Grace", "last_name": "Hopper"})).await;
    desk.create(json!({"first_name": "Mary", "last_name": "Somerville"})).await;
    let star = Remember::Value { key: format!("starred/{grace}"), value: Some("yes".to_owned()) };
    // The first account of the database.
    desk.store.remember(1, &star).await.unwrap();
    let at = desk.moment().await;
    for path in [format!("/past?at={at}&mine=yes"), "/print?mine=yes".to_owned(), "/changes?mine=yes".to_owned()] {
        let page = desk.page(&path).await;
        has(&page, &["LOVELACE", "HOPPER"]);
        lacks(&page, &["SOMERVILLE"]);
    }
    let table = desk.get("/export.csv?mine=yes").await;
    assert_eq!(table.body().lines().count(), 3);
}

#[tokio::test]
async fn a_moment_that_is_none_is_asked_for_again() {
    let desk = Desk::open().await;
    desk.create(json!({})).await;
    let no_moment = "This is no date and time.";
    for (path, words, typed) in [
        ("/past?at=yesterday", no_moment, "yesterday"),
        ("/past?date=31-Nov-2026&time=03:00", no_moment, "31-Nov-2026"),
        ("/past?date=%3Cb%3E&time=", no_moment, "&lt;b&gt;"),
        ("/past?date=01-Jan-2999&time=03:00", "This moment has not come yet.", "01-Jan-2999"),
        ("/changes?from=x", no_moment, "x"),
        ("/changes?from_date=01-Jan-2026&from_time=25:00", no_moment, "25:00"),
        ("/changes?to=2999-01-01", "This moment has not come yet.", "01-Jan-2999"),
        ("/changes?from=2026-01-02&to=2026-01-01", "The end has to be later than the beginning.", "02-Jan-2026"),
        ("/changes?from=2026-01-01&to=2026-01-01", "The end has to be later than the beginning.", "01-Jan-2026"),
    ] {
        let answer = desk.get(&format!("{path}&ward=Elm")).await;
        assert_eq!(answer.status(), 400, "{path}");
        has(
            answer.body(),
            &[words, &format!("value=\"{typed}\""), "name=\"ward\" value=\"Elm\"", "aria-invalid=\"true\""],
        );
        lacks(answer.body(), &["LOVELACE"]);
    }
    assert_eq!(desk.accesses().await, [], "nobody was shown anything");
}

#[tokio::test]
async fn what_changed_on_a_shift_is_told_by_the_list_that_is_looked_at() {
    let desk = Desk::open().await;
    let named = |name: &str| json!({"last_name": name, "ward": "Elm", "bed": "A1", "birth_date": "1950"});
    let went = desk.create(named("Went")).await;
    let moved = desk.create(named("Moved")).await;
    let changed = desk.create(named("Changed")).await;
    let elsewhere = desk.create(json!({"last_name": "Elsewhere", "ward": "Ash"})).await;
    let from = desk.moment().await;
    desk.patch(went, json!({"status": "discharged"})).await;
    desk.patch(moved, json!({"bed": "C3"})).await;
    desk.patch(moved, json!({"bed": "D4"})).await;
    desk.patch(changed, json!({"reason": "Fell at 02:10"})).await;
    desk.patch(elsewhere, json!({"bed": "Y"})).await;
    desk.create(named("Came")).await;
    let passed = desk.create(named("Passed")).await;
    desk.delete(passed).await;
    let to = desk.moment().await;
    let page = desk.page(&format!("/changes?from={from}&to={to}&ward=Elm")).await;
    has(
        &page,
        &[
            "Filtered: here or expected, ward Elm.",
            "5 patients: 1 came, 1 went, 1 came and went, 1 moved, 1 changed. 7 changes by 1 person or program.",
            "Bed: A1 → becomes D4",
            "2 changes by somebody, last at",
            "Reason: (empty) → becomes Fell at 02:10",
            "Status: Admitted → becomes Discharged",
            "New record, admission",
            "The record was created and deleted in this time.",
            "CAME, Ada Born 1950",
        ],
    );
    lacks(&page, &["ELSEWHERE"]);
    for (heading, name) in [("Came", "CAME"), ("Went", "WENT"), ("Moved", "MOVED"), ("Changed", "CHANGED")] {
        let section = page.split(&format!("{heading} (1)")).nth(1).unwrap();
        assert!(section.split("(1)").next().unwrap().contains(name), "{name} under {heading} in {page}");
    }
    let html = desk.get(&format!("/changes?from={from}&to={to}&ward=Elm")).await;
    has(html.body(), &[&format!("href=\"/patients/{moved}/history?ward=Elm\"")]);
    let nothing = desk.page(&format!("/changes?from={to}&ward=Elm")).await;
    has(&nothing, &["Nothing has changed on this list in this time."]);
    // By itself since the shift began, and a minute that was typed to its end.
    has(&desk.page("/changes").await, &["Since 07:00", "Since 19:00", "Last 8 hours", "Last 12 hours"]);
    let minute = |time: UtcTime| time.to_string()[..16].replace('T', " ");
    let (date, time) = minute(to).split_once(' ').map(|(date, time)| (date.to_owned(), time.to_owned())).unwrap();
    let typed = format!("/changes?from={from}&to_date={date}&to_time={time}&ward=Elm");
    has(&desk.page(&typed).await, &["5 patients: "]);
}

#[tokio::test]
async fn the_handover_sheet_identifies_each_patient_in_each_of_their_parts() {
    let desk = Desk::open().await;
    let note: Vec<String> = (1..=90).map(|line| format!("line {line}")).collect();
    desk.create(json!({
        "ward": "Elm", "bed": "A1", "nhs_number": "9434765919", "birth_date": "1985-12-10", "handover_note": note.join("\n"),
        "flags": [{"code": "falls", "text": ""}], "allergy_status": "known", "attending": "Dr Hopper", "reason": "Syncope",
    }))
    .await;
    desk.create(json!({"first_name": "Adah", "ward": "Elm", "bed": "A2"})).await;
    desk.create(json!({"last_name": "Gone", "ward": "Elm", "status": "discharged"})).await;
    let id = desk.create(json!({"last_name": "Meier", "ward": "Elm", "bed": "A3", "handover_note": "Mobile"})).await;
    desk.patch(id, json!({"bed": "A4"})).await;
    let page = desk.page("/print?ward=Elm").await;
    // Once, at the note's end.
    assert_eq!(page.matches("by somebody, ").count(), 2, "{page}");
    assert!(page.find("line 90").unwrap() < page.find("by somebody, ").unwrap(), "{page}");
    has(
        &page,
        &[
            "Handover sheet",
            "As of ",
            ", asked for by rivera.",
            "here or expected, ward Elm. 3 of 4 patients.",
            "⚠ Allergies",
            "⚑ Falls risk",
            "? Resus status not recorded",
            "Syncope",
            "Dr Hopper",
            "Part 1 of 3",
            "Part 3 of 3",
            "line 90",
            "Similar name on this list",
        ],
    );
    lacks(&page, &["GONE"]);
    // Both identifiers, in every part.
    assert_eq!(page.matches("LOVELACE, Ada ").count(), 3, "{page}");
    assert_eq!(page.matches("Born 10-Dec-1985").count(), 3);
    assert_eq!(page.matches("NHS No 943 476 5919").count(), 3);
    let html = desk.get("/print?ward=Elm").await;
    let rows = html.body().split("<tbody>").nth(1).unwrap().matches("<tr>").count();
    assert_eq!(rows, 5, "each part is a row, which is kept whole");
}

#[tokio::test]
async fn a_table_has_what_the_list_shows_and_no_formulas() {
    let desk = Desk::open().await;
    desk.create(json!({"first_name": "Zoë", "last_name": "=1+1", "ward": "Elm", "bed": "B10"})).await;
    desk.create(json!({"ward": "Elm", "bed": "B2", "nhs_number": "9434765919"})).await;
    desk.create(json!({"ward": "Ash"})).await;
    let answer = desk.get("/export.csv?ward=Elm").await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.header("content-type"), Some("text/csv; charset=utf-8; header=present"));
    let disposition = answer.header("content-disposition").unwrap();
    let name = disposition.strip_prefix("attachment; filename=\"wardwatch-").unwrap().strip_suffix(".csv\"").unwrap();
    assert!(name.len() == "2026-11-25-0310".len() && name.starts_with("20"), "{name}");
    let lines: Vec<&str> = answer.body().lines().collect();
    assert!(lines[0].trim_start_matches('\u{feff}').starts_with("Id,First name,Last name,Admitted,"), "{}", lines[0]);
    // In the order of the list.
    assert!(lines[1].starts_with("2,Ada,Lovelace,") && lines[1].contains("943 476 5919"), "{}", lines[1]);
    assert!(lines[2].starts_with("1,Zoë,'=1+1,"), "{}", lines[2]);
    assert_eq!(lines.len(), 3);
}

/// Lines of an export by the kind of resource that they hold.
fn by_kind(ndjson: &str) -> BTreeMap<String, String> {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    for line in ndjson.lines() {
        let resource: Value = serde_json::from_str(line).unwrap();
        let file = files.entry(resource["resourceType"].as_str().unwrap().to_owned()).or_default();
        file.push_str(line);
        file.push('\n');
    }
    files
}

#[tokio::test]
async fn an_exported_note_tells_who_wrote_it_and_when() {
    let desk = Desk::open().await;
    let id = desk.create(json!({"ward": "Elm"})).await;
    let note = Command::Revise {
        pk: id,
        revision: Revision::Partial,
        data: Ok(data(json!({"handover_note": "Bloods at six"}))),
    };
    let writer = Author { name: "Grace Hopper".to_owned(), ..author() };
    desk.store.write(Write { author: writer, ..write(note) }).await.unwrap();
    let at = desk.moment().await;
    desk.patch(id, json!({"acuity": 2})).await;
    assert_ne!(desk.moment().await, at);
    let exported = desk.get("/export.ndjson").await;
    let lines = exported.body().lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let note = lines.filter(|line| line["resourceType"] == "Composition").collect::<Vec<_>>();
    assert_eq!(note.len(), 1);
    assert_eq!((&note[0]["author"], &note[0]["date"]), (&json!([{"display": "Grace Hopper"}]), &json!(at.to_string())));
}

#[tokio::test]
async fn what_is_exported_as_fhir_can_be_imported_again() {
    let desk = Desk::open().await;
    desk.create(json!({
        "title": "Ms", "middle_names": "Augusta King", "preferred_name": "Addie", "medical_record_number": "A-17",
        "nhs_number": "9434765919", "birth_date": "1985-12", "gender": "female", "ward": "Elm", "room": "Bay 1", "bed": "A1",
        "attending": "Dr Hopper", "team": "Cardiology", "reason": "Syncope",
    }))
    .await;
    desk.create(json!({"last_name": "Leave", "ward": "Elm", "bed": "A2", "status": "on_leave"})).await;
    desk.create(json!({"last_name": "Expected", "ward": "Elm", "status": "expected"})).await;
    desk.create(json!({"last_name": "Cancelled", "ward": "Ash", "status": "cancelled"})).await;
    desk.create(json!({"last_name": "Gone", "dismissal_date": "2026-01-03T10:00:00Z"})).await;
    let answer = desk.get("/export.ndjson?status=all").await;
    assert_eq!(answer.header("content-type"), Some("application/fhir+ndjson"));
    assert!(answer.header("content-disposition").unwrap().ends_with(".ndjson\""));
    let files = by_kind(answer.body());
    let folder = Folder::on_sqlite();
    for (kind, lines) in &files {
        std::fs::write(folder.path().join(format!("{kind}.ndjson")), lines).unwrap();
    }
    let store = folder.open().await;
    let summary = import::directory(&store, folder.path()).await.unwrap();
    assert_eq!((summary.taken, summary.refused), (5, 0));
    let rows = async |store: &Store| -> BTreeMap<String, Data> {
        let rows = store.snapshot().await.unwrap().rows;
        rows.iter().map(|row| (row.last_name.clone(), row.values())).collect()
    };
    assert_eq!(rows(&store).await, rows(&desk.store).await);
    store.close().await;
}

#[tokio::test]
async fn every_reading_leaves_a_trace() {
    let desk = Desk::open().await;
    let id = desk.create(json!({"ward": "Elm"})).await;
    let seq = desk.patch(id, json!({"bed": "A1"})).await;
    let at = desk.moment().await;
    let (history, undo) = (format!("/patients/{id}/history"), format!("/patients/{id}/undo?seq={seq}"));
    let older = format!("{history}?before={seq}");
    let from = UtcTime::from_unix_micros(at.unix_micros() - 60_000_000).unwrap();
    let (past, changes) = (format!("/past?at={at}&ward=Elm"), format!("/changes?from={from}&to={at}&q=ada"));
    let paths = [
        &*history,
        &*older,
        &*undo,
        &*past,
        &*changes,
        "/print?ward=Elm",
        "/export.csv?ward=Ash",
        "/export.ndjson?ward=Elm",
    ];
    for path in paths {
        assert_eq!(desk.get(path).await.status(), 200, "{path}");
    }
    let escaped = |time: UtcTime| time.to_string().replace(':', "%3A");
    let expected = [
        ("history", Some(id), String::new(), 2),
        ("history", Some(id), format!("before={seq}"), 1),
        ("history", Some(id), format!("undo={seq}"), 1),
        ("past", None, format!("at={}&ward=Elm", escaped(at)), 1),
        ("changes", None, format!("from={}&to={}&q=ada", escaped(from), escaped(at)), 1),
        ("print", None, "ward=Elm".to_owned(), 1),
        ("export_csv", None, "ward=Ash".to_owned(), 0),
        ("export_ndjson", None, "ward=Elm".to_owned(), 1),
    ];
    let found = desk.accesses().await;
    let found: Vec<_> = found
        .iter()
        .map(|access| {
            assert_eq!((&*access.by, access.account_id.is_some()), ("rivera", true));
            (&*access.what, access.patient_id, access.detail.clone(), access.rows.unwrap())
        })
        .collect();
    assert_eq!(found, expected);

    // What cannot be recorded is not shown.
    desk.ward.run_sql("ALTER TABLE access_log RENAME TO gone").await;
    for path in paths {
        let answer = desk.get(path).await;
        assert_eq!(answer.status(), 500, "{path}");
        lacks(answer.body(), &["Lovelace", "LOVELACE", "Elm"]);
    }
}

#[tokio::test]
async fn so_many_are_made_at_once_and_others_wait_or_are_told_to_come_back() {
    let desk = Desk::on(Folder::on_sqlite()).await;
    desk.create(json!({})).await;
    let turns = std::thread::available_parallelism().unwrap().get().max(2);
    let all = futures::future::join_all((0..3 * turns).map(|_| desk.get("/print"))).await;
    assert!(all.iter().all(|answer| answer.status() == 200));

    // Nobody's reading can be recorded, so nobody's turn ends.
    let mut writer = SqliteConnection::connect(&desk.ward.folder.url()).await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut writer).await.unwrap();
    let mut answers: FuturesUnordered<_> = (0..=turns).map(|_| desk.get("/print?ward=Elm")).collect();
    let first = answers.next().await.unwrap();
    assert_eq!((first.status(), first.header("retry-after")), (503, Some("5")));
    has(&text(first.body()), &["Too many pages like this one are being made just now", "Try again in a moment"]);
    has(first.body(), &["href=\"\"", "href=\"/?ward=Elm\"", "/pkg/wardwatch.css"]);
    writer.close().await.unwrap();
    while let Some(answer) = answers.next().await {
        assert_eq!(answer.status(), 200);
    }
}

#[tokio::test]
async fn pages_are_in_the_readers_language() {
    let desk = Desk::open().await;
    let id = desk.create(json!({})).await;
    for (path, words) in [
        (format!("/patients/{id}/history"), "Verlauf: LOVELACE, Ada"),
        ("/past".to_owned(), "Die Liste, wie sie war"),
        ("/changes".to_owned(), "1 gekommen"),
        ("/print".to_owned(), "Übergabeblatt"),
        ("/patients/99/history".to_owned(), "Diesen Patienten gibt es nicht"),
    ] {
        let answer = desk.ward.get(&path, &[&desk.porter, "accept-language: de-CH, en;q=0.5"]).await;
        has(answer.body(), &[words, "lang=\"de\""]);
    }
}
