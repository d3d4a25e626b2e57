//! The pages as a browser without scripts gets them, and what guards them.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod support;

use app::wire::Role;
use serde_json::json;
use server::store::Store;
use support::{Folder, Ward, create_in};

const PASSWORD: &str = "correct horse";

/// What a browser sends that goes to a page.
const BROWSER: &str = "accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// A ward with two patients, in which rivera can sign in with [`PASSWORD`].
async fn ward(flags: &[&str], one_time: bool) -> Ward {
    let folder = Folder::new();
    let store = Store::open(&folder.url()).await.unwrap();
    store.accounts().create("rivera", Role::Clinician, PASSWORD, one_time).await.unwrap();
    create_in(&store, json!({"first_name": "Ada", "last_name": "Lovelace"})).await;
    create_in(&store, json!({"first_name": "Zoë", "last_name": "<script>alert(1)</script>"})).await;
    store.close().await;
    Ward::serve(folder, Vec::new(), flags).await
}

#[tokio::test]
async fn a_node_says_that_it_lives_and_that_it_is_ready() {
    let ward = Ward::open().await;
    assert_eq!((ward.get("/healthz", &[]).await.status(), ward.get("/readyz", &[]).await.status()), (200, 200));
    ward.run_sql("ALTER TABLE change_head RENAME TO gone").await;
    let answer = ward.get("/readyz", &[]).await;
    assert_eq!((answer.status(), answer.body()), (503, "the database does not answer\n"));
    assert_eq!(ward.get("/healthz", &[]).await.status(), 200);
}

#[tokio::test]
async fn who_is_not_signed_in_is_sent_to_sign_in() {
    let ward = Ward::open().await;
    let token = format!("authorization: Bearer {}", ward.token("admin"));
    for path in ["/", "/password"] {
        for headers in [vec![], vec!["cookie: wardwatch=0000"], vec![&*token]] {
            let answer = ward.get(path, &headers).await;
            assert_eq!((answer.status(), answer.header("location")), (303, Some("/sign-in")), "{path} {headers:?}");
        }
    }
    let page = ward.get("/sign-in", &[]).await;
    assert_eq!(page.status(), 200);
    for part in ["<form", "method=\"post\"", "name=\"name\"", "name=\"password\"", "type=\"password\""] {
        assert!(page.body().contains(part), "{part} in {}", page.body());
    }
}

#[tokio::test]
async fn signing_in_works_without_scripts_and_the_first_page_has_the_patients() {
    let ward = ward(&[], false).await;
    let answer = ward.sign_in("rivera", "correct+horse").await;
    assert_eq!((answer.status(), answer.header("location")), (303, Some("/")));
    let page = ward.get("/", &[&answer.cookie()]).await;
    assert_eq!(page.status(), 200);
    assert!(page.header("content-type").unwrap().starts_with("text/html"));
    for part in ["LOVELACE, Ada", "rivera", "Zoë"] {
        assert!(page.body().contains(part), "{part} is missing");
    }
    // Names are text and nothing else, in the markup and in the data that the script starts from.
    assert!(!page.body().to_lowercase().contains("<script>alert"), "a name became markup");
    let again = ward.get("/sign-in", &[&answer.cookie()]).await;
    assert_eq!((again.status(), again.header("location")), (303, Some("/")));
}

#[tokio::test]
async fn a_wrong_password_gets_the_page_again_and_no_cookie() {
    let ward = ward(&[], false).await;
    for (name, password) in [("rivera", "wrong"), ("nobody", PASSWORD), ("", ""), ("rivera", "")] {
        let answer = ward.sign_in(name, &password.replace(' ', "+")).await;
        assert_eq!(answer.status(), 401, "{name}");
        assert_eq!(answer.header("set-cookie"), None);
        assert!(answer.body().contains("Name and password do not match."), "{}", answer.body());
        assert!(answer.body().contains("<form"), "the form is there again");
    }
    let escaped = ward.sign_in("%22%3E%3Cscript%3E", "x").await;
    assert!(!escaped.body().contains("\"><script>"), "a name became markup");
}

#[tokio::test]
async fn pages_are_in_the_language_that_the_browser_asks_for_until_its_user_chooses_one() {
    let ward = ward(&[], false).await;
    let german = "accept-language: de-AT,de;q=0.9,en;q=0.5";
    let page = ward.get("/sign-in", &[german]).await;
    assert!(page.body().contains("<html lang=\"de\"") && page.body().contains("Anmelden"), "{}", page.body());
    let cookie = ward.sign_in("rivera", "correct+horse").await.cookie();
    let lang = async |headers: &[&str]| {
        let page = ward.get("/", &[&[cookie.as_str()], headers].concat()).await;
        let (_, rest) = page.body().split_once("<html lang=\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    assert_eq!((lang(&[german]).await, lang(&[]).await), ("de".to_owned(), "en".to_owned()));

    let back = ward.http("POST", "/language", &[&cookie], "to=de&back=%2F%3Fward%3DElm").await;
    assert_eq!((back.status(), back.header("location")), (303, Some("/?ward=Elm")));
    assert_eq!(lang(&["accept-language: en"]).await, "de");
    let page = ward.get("/password", &[&cookie]).await;
    assert!(page.body().contains("Neues Passwort"), "{}", page.body());
    // Another language than there is changes nothing, and nobody is sent to another host.
    for (form, location) in [
        ("to=fr&back=%2F", "/"),
        ("to=de&back=%2F%2Fevil.example", "/"),
        ("to=de&back=%2F%5Cevil", "/"),
        ("to=de&back=%2F%09%2Fevil.example", "/"),
        ("to=de&back=%2F%2Fevil.example%3Fward%3DElm%0D%0A", "/?ward=Elm%0D%0A"),
        ("to=de&back=https:%2F%2Fevil", "/"),
    ] {
        let answer = ward.http("POST", "/language", &[&cookie], form).await;
        assert_eq!((answer.status(), answer.header("location")), (303, Some(location)), "{form}");
        assert_eq!(lang(&[]).await, "de");
    }
}

#[tokio::test]
async fn guessing_passwords_is_slowed_down_for_that_name_only() {
    let ward = ward(&[], false).await;
    let tries = (0..40).map(|_| ward.sign_in("guessed", "x"));
    let statuses: Vec<u16> = futures::future::join_all(tries).await.iter().map(support::Answer::status).collect();
    let count = |status| statuses.iter().filter(|found| **found == status).count();
    // Ten slips are nobody's attack.
    assert!(count(401) >= 10 && count(429) > 0 && count(401) + count(429) == 40, "{statuses:?}");
    assert_eq!(ward.sign_in("rivera", "correct+horse").await.status(), 303);
}

#[tokio::test]
async fn of_a_name_that_no_account_can_have_nothing_is_kept() {
    let ward = ward(&[], false).await;
    let (longest, longer) = ("ß".repeat(64), "ß".repeat(65));
    // As many as are taken at once of another name, and more.
    for _ in 0..30 {
        let answer = ward.sign_in(&longer, "x").await;
        assert_eq!(answer.status(), 401);
        assert!(answer.body().contains("Name and password do not match."), "{}", answer.body());
    }
    let tries = (0..40).map(|_| ward.sign_in(&longest, "x"));
    let answers = futures::future::join_all(tries).await;
    assert!(answers.iter().any(|answer| answer.status() == 429), "{answers:?}");
}

#[tokio::test]
async fn a_form_is_taken_up_to_a_length_and_no_longer() {
    let ward = ward(&[], false).await;
    let cookie = ward.sign_in("rivera", "correct+horse").await.cookie();
    for (path, field, taken) in [("/sign-in", "name", 401), ("/password", "old", 422), ("/language", "back", 303)] {
        for (bytes, status) in [(16 * 1024, taken), (16 * 1024 + 1, 413)] {
            let form = format!("to=de&{field}=");
            let form = format!("{form}{}", "x".repeat(bytes - form.len()));
            assert_eq!(ward.http("POST", path, &[&cookie], &form).await.status(), status, "{path} {bytes}");
        }
    }
}

#[tokio::test]
async fn the_sessions_cookie_is_for_this_host_and_out_of_reach_of_scripts() {
    let plain = ward(&[], false).await.sign_in("rivera", "correct+horse").await;
    let cookie = plain.header("set-cookie").unwrap();
    let (value, attributes) = cookie.split_once("; ").unwrap();
    let attributes: Vec<&str> = attributes.split("; ").collect();
    assert_eq!(value.strip_prefix("wardwatch=").map(str::len), Some(64), "{cookie}");
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(attributes.contains(&attribute), "{attribute} in {cookie}");
    }
    assert!(!attributes.contains(&"Secure"), "over plain HTTP the browser would not send it back: {cookie}");

    let proxied = ward(&["--origin", "https://wards.example.org"], false).await;
    let answer = proxied.sign_in("rivera", "correct+horse").await;
    let cookie = answer.header("set-cookie").unwrap();
    assert!(cookie.starts_with("__Host-wardwatch="), "{cookie}");
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/", "Secure"] {
        assert!(cookie.split("; ").any(|found| found == attribute), "{attribute} in {cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
    assert_eq!(proxied.get("/", &[&answer.cookie()]).await.status(), 200);
    let renamed = answer.cookie().replace("__Host-wardwatch", "wardwatch");
    assert_eq!(proxied.get("/", &[&renamed]).await.status(), 303);
}

#[tokio::test]
async fn forms_of_other_sites_are_refused() {
    let ward = ward(&[], false).await;
    let cookie = ward.sign_in("rivera", "correct+horse").await.cookie();
    let own = format!("origin: http://{}", ward.addr);
    for path in ["/sign-in", "/sign-out", "/password", "/language"] {
        for origin in ["origin: https://evil.example", "origin: null", "origin: http://127.0.0.1:1"] {
            let answer = ward.http("POST", path, &[&cookie, origin], "to=de&name=rivera&password=correct+horse").await;
            assert_eq!(answer.status(), 403, "{path} {origin}");
            assert_eq!(answer.header("set-cookie"), None);
        }
    }
    assert_eq!(ward.get("/", &[&cookie]).await.status(), 200, "still signed in");
    let answer = ward.http("POST", "/sign-in", &[&own], "name=rivera&password=correct+horse").await;
    assert_eq!(answer.status(), 303);
}

#[tokio::test]
async fn signing_out_ends_the_session_itself() {
    let ward = ward(&[], false).await;
    let cookie = ward.sign_in("rivera", "correct+horse").await.cookie();
    let answer = ward.http("POST", "/sign-out", &[&cookie], "").await;
    assert_eq!((answer.status(), answer.header("location")), (303, Some("/sign-in")));
    assert!(answer.header("set-cookie").unwrap().starts_with("wardwatch=;"), "{answer:?}");
    // Whoever kept the cookie has nothing.
    assert_eq!(ward.get("/", &[&cookie]).await.status(), 303);
    assert_eq!(ward.http("POST", "/sign-out", &[&cookie], "").await.status(), 303);
    assert_ne!(ward.get("/sign-out", &[&cookie]).await.status(), 303);
}

#[tokio::test]
async fn a_one_time_password_is_replaced_before_anything_else() {
    let ward = ward(&[], true).await;
    let cookie = ward.sign_in("rivera", "correct+horse").await.cookie();
    let answer = ward.get("/", &[&cookie]).await;
    assert_eq!((answer.status(), answer.header("location")), (303, Some("/password")));
    let header = ("cookie", cookie.strip_prefix("cookie: ").unwrap().to_owned());
    assert_eq!(ward.connect("/ws/patients/", std::slice::from_ref(&header)).await.err(), Some(401));
    assert!(ward.get("/password", &[&cookie]).await.body().contains("<form"));
    for (form, words) in [
        ("old=wrong&new=battery+staple&again=battery+staple", "The present password is not right."),
        ("old=correct+horse&new=battery+staple&again=battery", "The two new passwords are not the same."),
        ("old=correct+horse&new=correct+horse&again=correct+horse", "The new password has to be another one."),
        ("old=correct+horse&new=short&again=short", "A password has 8 to 256 characters."),
        ("", "The new password has to be another one."),
    ] {
        let answer = ward.http("POST", "/password", &[&cookie], form).await;
        assert_eq!(answer.status(), 422, "{form}");
        assert!(answer.body().contains(words), "{words} in {}", answer.body());
    }
    let form = "old=correct+horse&new=battery+staple&again=battery+staple";
    let answer = ward.http("POST", "/password", &[&cookie], form).await;
    assert_eq!((answer.status(), answer.header("location")), (303, Some("/")));
    assert_eq!(ward.get("/", &[&cookie]).await.status(), 200);
    ward.connect("/ws/patients/", &[header]).await.unwrap();
    assert_eq!(ward.sign_in("rivera", "correct+horse").await.status(), 401);
}

#[tokio::test]
async fn a_new_password_ends_the_accounts_other_sessions() {
    let ward = ward(&[], false).await;
    let (one, other) = (
        ward.sign_in("rivera", "correct+horse").await.cookie(),
        ward.sign_in("rivera", "correct+horse").await.cookie(),
    );
    let form = "old=correct+horse&new=battery+staple&again=battery+staple";
    let answer = ward.http("POST", "/password", &[&one], form).await;
    assert_eq!(answer.header("location"), Some("/password?changed=yes"));
    assert_eq!(ward.get("/", &[&one]).await.status(), 200);
    assert_eq!(ward.get("/", &[&other]).await.status(), 303);
}

#[tokio::test]
async fn pages_are_kept_by_nobody_and_framed_by_nobody() {
    let ward = ward(&[], false).await;
    let cookie = ward.sign_in("rivera", "correct+horse").await.cookie();
    for (path, cache) in [
        ("/", "no-store"),
        ("/wall", "no-store"),
        ("/sign-in", "no-store"),
        ("/password", "no-store"),
        ("/healthz", "no-store"),
        ("/pkg/wardwatch.js", "no-cache"),
        ("/nosuch", "no-cache"),
    ] {
        let answer = ward.get(path, &[&cookie]).await;
        assert_eq!(answer.header("cache-control"), Some(cache), "{path}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{path}");
        assert_eq!(answer.header("referrer-policy"), Some("same-origin"), "{path}");
    }
}

#[tokio::test]
async fn a_wall_is_shown_to_who_is_signed_in_and_leads_back_after_signing_in() {
    let ward = ward(&[], false).await;
    let answer = ward.get("/wall?ward=Elm%20Ward&names=full&q=%0d%0a", &[]).await;
    let door = "/sign-in?wall=yes&q=%0D%0A&ward=Elm%20Ward&names=full";
    assert_eq!((answer.status(), answer.header("location")), (303, Some(door)));
    let page = ward.get(door, &[]).await;
    let wall = "/wall?q=%0D%0A&amp;ward=Elm%20Ward&amp;names=full";
    assert!(page.body().contains(&format!("name=\"wall\" value=\"{wall}\"")), "{}", page.body());
    // Whatever a form says, one comes to a wall or to the list.
    for (wanted, location) in [
        ("/wall%3Fward%3DElm%26names%3Dfull", "/wall?ward=Elm&names=full"),
        ("/wall//elsewhere.example", "/wall?names=short"),
        ("//elsewhere.example", "/"),
        ("", "/"),
    ] {
        let answer = ward.sign_in("rivera", &format!("correct+horse&wall={wanted}")).await;
        assert_eq!((answer.status(), answer.header("location")), (303, Some(location)), "{wanted}");
    }
    let cookie = ward.sign_in("rivera", "correct+horse").await.cookie();
    let page = ward.get("/wall", &[&cookie]).await;
    assert_eq!(page.status(), 200);
    assert!(page.body().contains(">LOVELACE, A<"), "{}", page.body());
    assert_eq!(ward.get(door, &[&cookie]).await.header("location"), Some(&*wall.replace("&amp;", "&")));
}

#[tokio::test]
async fn a_wall_does_not_ask_what_anybody_has_not_seen() {
    let ward = ward(&[], false).await;
    let cookie = ward.sign_in("rivera", "correct+horse").await.cookie();
    // Nobody can say any more what is new to whom.
    let sql = "INSERT INTO change (seq, action, patient_id, data, before, account_id, by_name, origin, at) \
               SELECT 3, 'update', 1, data, '[]', NULL, '', '', at FROM change WHERE seq = 1; \
               UPDATE change_head SET seq = 3";
    ward.run_sql(sql).await;
    assert_eq!(ward.get("/", &[&cookie]).await.status(), 500);
    let wall = ward.get("/wall", &[&cookie, "accept-language: de"]).await;
    assert_eq!(wall.status(), 200);
    assert!(wall.body().contains("\"personal\":null") && wall.body().contains("<html lang=\"de\""), "{}", wall.body());
    ward.http("POST", "/language", &[&cookie], "to=de&back=%2Fwall").await;
    assert!(ward.get("/wall", &[&cookie]).await.body().contains("<html lang=\"de\""));
}

#[tokio::test]
async fn only_scripts_that_the_page_names_run_in_it() {
    let ward = ward(&[], false).await;
    let cookie = ward.sign_in("rivera", "correct+horse").await.cookie();
    let mut nonces = Vec::new();
    for _ in 0..2 {
        let page = ward.get("/", &[&cookie]).await;
        let policy = page.header("content-security-policy").unwrap().to_owned();
        let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap().to_owned();
        assert!(
            nonce.len() >= 16 && policy.contains("default-src 'self'") && policy.contains("frame-ancestors 'none'")
        );
        for script in page.body().split("<script").skip(1) {
            let tag = script.split('>').next().unwrap();
            // Data, which no browser runs.
            if tag.contains("type=\"application/json\"") {
                continue;
            }
            assert!(tag.contains(&nonce), "<script{tag}> has no nonce");
        }
        nonces.push(nonce);
    }
    assert_ne!(nonces[0], nonces[1]);
}

#[tokio::test]
async fn what_nobody_foresaw_is_told_without_giving_anything_away() {
    let ward = ward(&[], false).await;
    let cookie = ward.sign_in("rivera", "correct+horse").await.cookie();
    ward.run_sql("ALTER TABLE patient RENAME TO gone").await;
    let answer = ward.get("/", &[&cookie, BROWSER]).await;
    assert_eq!(answer.status(), 500);
    assert!(answer.body().contains("The list cannot be shown") && answer.body().contains("<code>"));
    assert!(!answer.body().to_lowercase().contains("table"), "{}", answer.body());
    let german = ward.get("/", &[&cookie, BROWSER, "Accept-Language: de-CH"]).await;
    assert_eq!((german.status(), german.header("content-type")), (500, Some("text/html; charset=utf-8")));
    assert!(german.body().contains("<html lang=\"de\"") && german.body().contains("Nichts wurde geändert."));
}

#[tokio::test]
async fn who_gets_no_page_gets_one_that_says_why_and_leads_back() {
    let ward = ward(&[], false).await;
    let cookie = ward.sign_in("rivera", "correct+horse").await.cookie();
    ward.http("POST", "/language", &[&cookie], "to=de&back=%2F").await;
    let evil = "origin: https://evil.example";
    for (method, path, headers, status, words) in [
        ("GET", "/nosuch", vec![BROWSER], 404, "There is no such page"),
        ("GET", "/patients/1", vec![BROWSER], 404, "There is no such page"),
        ("GET", "/pkg/nosuch", vec![BROWSER], 404, "There is no such page"),
        ("POST", "/nosuch", vec![BROWSER], 404, "There is no such page"),
        ("GET", "/sign-out", vec![BROWSER], 405, "There is no such page"),
        ("GET", "/nosuch", vec![BROWSER, "accept-language: de"], 404, "Diese Seite gibt es nicht"),
        // As its user has chosen, whatever the browser asks for.
        ("GET", "/nosuch", vec![BROWSER, "accept-language: en", &cookie], 404, "Diese Seite gibt es nicht"),
        ("GET", "/language", vec![BROWSER, &cookie], 405, "Diese Seite gibt es nicht"),
        ("POST", "/sign-in", vec![BROWSER, evil], 403, "This was not done"),
        ("POST", "/password", vec![BROWSER, evil, &cookie, "accept-language: de"], 403, "Das wurde nicht ausgeführt"),
    ] {
        let answer = ward.http(method, path, &headers, "").await;
        assert_eq!(answer.status(), status, "{path}");
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"), "{path}");
        assert!(answer.header("content-security-policy").unwrap().contains("script-src 'none'"), "{path}");
        let page = answer.body();
        let title = format!("<title>{words} · Wardwatch</title>");
        for part in [&*title, words, "/pkg/wardwatch.css", "href=\"/\"", "role=\"alert\""] {
            assert!(page.contains(part), "{part} is missing in {page}");
        }
        assert!(!page.contains("<script") && !page.contains(" style="), "{page}");
        // To a program, a script or an image the same in two lines.
        let headers: Vec<&str> = headers.into_iter().filter(|header| *header != BROWSER).collect();
        for accept in [vec![], vec!["accept: */*"], vec!["accept: application/json"]] {
            let answer = ward.http(method, path, &[headers.clone(), accept].concat(), "").await;
            assert_eq!((answer.status(), answer.header("content-type")), (status, Some("text/plain; charset=utf-8")));
            assert!(answer.body().starts_with(&format!("{words}\n")) && !answer.body().contains('<'), "{answer:?}");
        }
    }
}

#[tokio::test]
async fn files_outside_the_site_are_not_served() {
    let ward = Ward::open().await;
    for path in [
        "/ward.db/../ward.db",
        "/../ward.db",
        "/%2e%2e/ward.db",
        "/pkg/../../etc/passwd",
        "/pkg/%2e%2e%2f%2e%2e%2fetc/passwd",
    ] {
        let answer = ward.get(path, &[]).await;
        assert!(!answer.body().contains("root:"), "{path}");
    }
    assert_eq!(ward.get("/nosuch", &[]).await.status(), 404);
    assert_eq!(ward.get("/pkg/wardwatch.js", &[]).await.status(), 200);
}
