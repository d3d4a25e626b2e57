//! The plan of the house: put in, printed, and as a page has it.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod support;

use app::wire::Role;
use support::{
    Folder, Ward,
    program::{run, run_beside, stderr, stdout, succeeded},
};

const TITLES: &str = "ward,room,bed\n";

const EXPORT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/demo/ward");

/// Puts the table into a file of the folder, and gives what is called then.
fn set(folder: &Folder, table: &str) -> [&'static str; 3] {
    std::fs::write(folder.path().join("beds.csv"), table).unwrap();
    ["beds", "--set", "beds.csv"]
}

#[tokio::test]
async fn a_plan_is_replaced_as_a_whole_and_printed_as_it_was_put_in() {
    let folder = Folder::new();
    folder.open().await.close().await;
    assert_eq!(succeeded(&run(&folder, &["beds"])), TITLES);
    let first = format!("{TITLES}\"Ash, east\",,B1\nElm,Bay 1,A1\nElm,Bay 1,A2\n");
    assert_eq!(succeeded(&run(&folder, &set(&folder, &first))), "3 beds\n");
    assert_eq!(succeeded(&run(&folder, &["beds"])), first);
    let second = format!("{TITLES}Elm,Bay 2,A1\nElm,=1+1,A3\n");
    assert_eq!(succeeded(&run(&folder, &set(&folder, &second))), "2 beds\n");
    assert_eq!(succeeded(&run(&folder, &["beds"])), second);

    // One wrong line, and nothing is changed.
    let wrong = run(&folder, &set(&folder, &format!("{TITLES}Ash,,B1\nAsh,,b1\n")));
    assert!(!wrong.status.success() && stdout(&wrong).is_empty());
    assert!(stderr(&wrong).contains("line 3: this bed is in line 2 already"), "{}", stderr(&wrong));
    let missing = run(&folder, &["beds", "--set", "nowhere.csv"]);
    assert!(!missing.status.success());
    assert_eq!(succeeded(&run(&folder, &["beds"])), second);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_adds_the_beds_of_its_locations_and_the_next_page_has_them() {
    let ward = Ward::on(Folder::new(), &[]).await;
    let folder = &ward.folder;
    succeeded(&run_beside(folder, &set(folder, &format!("{TITLES}Elm,,A1\n"))).await);
    succeeded(&run_beside(folder, &["import", EXPORT]).await);
    let plan = succeeded(&run_beside(folder, &["beds"]).await);
    assert!(plan.contains("\nElm,,A1\n"), "{plan}");
    assert!(plan.contains("\nRemington Ward,Bay 1,A1\n"), "{plan}");
    assert_eq!(plan.lines().count(), 2 + 104);

    let store = ward.other_process().await;
    store.accounts().create("rivera", Role::Viewer, "correct horse", false).await.unwrap();
    store.close().await;
    let cookie = ward.sign_in("rivera", "correct+horse").await.cookie();
    let page = ward.get("/?ward=Elm", &[&cookie]).await;
    assert!(page.body().contains("UNOCCUPIED"), "{}", page.body());
    // Run again, it changes nothing.
    succeeded(&run_beside(folder, &["import", EXPORT]).await);
    assert_eq!(succeeded(&run_beside(folder, &["beds"]).await), plan);
}

#[tokio::test]
async fn an_import_adds_no_bed_that_is_there_in_another_spelling_and_what_is_printed_can_be_put_in() {
    let folder = Folder::new();
    folder.open().await.close().await;
    succeeded(&run(&folder, &set(&folder, &format!("{TITLES}Remington Ward,,a01\n"))));
    // As an import by an older program left it.
    folder
        .run_sql("INSERT INTO bed (ward, bed, room) VALUES ('Elm', 'b1', 'Bay 1'), ('Elm', 'B1', NULL)")
        .await
        .unwrap();
    succeeded(&run(&folder, &["import", EXPORT]));
    let plan = succeeded(&run(&folder, &["beds"]));
    assert_eq!(plan.lines().count(), 1 + 1 + 104, "{plan}");
    assert!(plan.contains("\nRemington Ward,Bay 1,a01\n") && plan.contains("\nElm,Bay 1,B1\n"), "{plan}");
    assert_eq!(succeeded(&run(&folder, &set(&folder, &plan))), "105 beds\n");
    assert_eq!(succeeded(&run(&folder, &["beds"])), plan);
}
