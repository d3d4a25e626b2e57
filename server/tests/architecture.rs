//! Who may use whom. A rule that only a document tells is broken in a month.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

/// The modules of `app`; each may use those before it.
const APP: [&str; 14] = [
    "patient",
    "change",
    "filter",
    "wire",
    "unseen",
    "list",
    "edits",
    "replica",
    "language",
    "live",
    "wording",
    "components",
    "pages",
    "shell",
];

/// How many of them are about patients only: no browser, no HTTP, no database.
const PURE: usize = 8;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Name within the crate (`list/arrange.rs`) and code, without comments, of every file of a crate.
fn sources(name: &str) -> Vec<(String, String)> {
    let src = root().join(name).join("src");
    let mut found = Vec::new();
    files(&src, &mut found);
    assert!(!found.is_empty());
    let code = |path: &Path| {
        let text = std::fs::read_to_string(path).unwrap();
        text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
    };
    found.iter().map(|path| (path.strip_prefix(&src).unwrap().display().to_string(), code(path))).collect()
}

/// The module that a file belongs to: `list` for `list.rs` and `list/arrange.rs`.
fn module(file: &str) -> &str {
    file.split('/').next().unwrap().trim_end_matches(".rs")
}

/// The modules that code names after `crate::`, in one path or in braces.
fn uses(code: &str) -> BTreeSet<String> {
    let name = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut found = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        let Some(group) = rest.strip_prefix('{') else {
            found.insert(name(rest));
            continue;
        };
        let mut depth = 0;
        let mut begins = true;
        for (at, c) in group.char_indices() {
            match c {
                '}' if depth == 0 => break,
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' => begins = depth == 0,
                c if begins && depth == 0 && !c.is_whitespace() => {
                    found.insert(name(&group[at..]));
                    begins = false;
                }
                _ => {}
            }
        }
    }
    found
}

fn mentions(code: &str, krate: &str) -> bool {
    code.contains(&format!("{krate}::")) || code.contains(&format!("use {krate}"))
}

#[test]
fn the_scan_sees_both_spellings_of_a_use() {
    let code = "use crate::{\n    a::{b, c},\n    d::E, f,\n};\nfn x() { crate::g::h(); }";
    assert_eq!(uses(code).iter().map(String::as_str).collect::<Vec<_>>(), ["a", "d", "f", "g"]);
}

#[test]
fn a_module_of_app_uses_only_those_before_it() {
    for (file, code) in sources("app") {
        let Some(rank) = APP.iter().position(|name| *name == module(&file)) else {
            assert_eq!(file, "lib.rs", "a module that this test does not know");
            continue;
        };
        for used in uses(&code) {
            let other = APP.iter().position(|name| *name == used);
            assert!(other.is_some_and(|other| other <= rank), "app/src/{file} uses {used}");
        }
    }
}

#[test]
fn what_a_patient_is_knows_no_browser_no_http_and_no_database() {
    for (file, code) in sources("app") {
        if !APP[..PURE].contains(&module(&file)) {
            continue;
        }
        for krate in ["leptos", "axum", "sqlx", "tokio", "web_sys", "gloo_net"] {
            assert!(!mentions(&code, krate), "app/src/{file} uses {krate}");
        }
    }
}

#[test]
fn sql_is_spoken_in_the_store_only() {
    for (file, code) in sources("server") {
        assert!(!mentions(&code, "sqlx") || module(&file) == "store", "server/src/{file} uses sqlx");
    }
    for name in ["app", "frontend"] {
        for (file, code) in sources(name) {
            assert!(!mentions(&code, "sqlx"), "{name}/src/{file} uses sqlx");
        }
    }
}

#[test]
fn the_store_knows_nobody_who_asks_it() {
    for (file, code) in sources("server") {
        let not_for = match module(&file) {
            "store" | "auth" => {
                ["feed", "asides", "socket", "pages", "routes", "startup", "state", "import"].as_slice()
            }
            "feed" | "asides" => ["socket", "pages", "routes", "startup", "state", "import"].as_slice(),
            "socket" | "pages" => ["routes", "startup", "cli"].as_slice(),
            _ => continue,
        };
        for used in uses(&code) {
            assert!(!not_for.contains(&used.as_str()), "server/src/{file} uses {used}");
        }
    }
}

#[test]
fn the_browser_is_spoken_to_in_frontend_only() {
    for name in ["app", "server"] {
        for (file, code) in sources(name) {
            assert!(!mentions(&code, "gloo_net"), "{name}/src/{file} uses gloo_net");
        }
    }
}

#[test]
fn the_two_halves_do_not_depend_on_each_other() {
    let manifest = |name: &str| std::fs::read_to_string(root().join(name).join("Cargo.toml")).unwrap();
    let depends = |name: &str, on: &str| {
        let begins = [format!("{on} "), format!("{on}."), format!("{on}=")];
        manifest(name).lines().any(|line| begins.iter().any(|begin| line.starts_with(begin)))
    };
    assert!(depends("server", "app") && depends("frontend", "app"), "the scan works");
    for (name, on) in [("server", "frontend"), ("frontend", "server"), ("app", "server"), ("app", "frontend")] {
        assert!(!depends(name, on), "{name} depends on {on}");
    }
}

#[test]
fn no_file_switches_lints_for_itself() {
    for name in ["app", "server", "frontend"] {
        for (file, code) in sources(name) {
            for line in code.lines().map(str::trim_start) {
                // `expect` gives its reason and fails when there is none any more.
                let inner = line.starts_with("#![") && !line.starts_with("#![expect(");
                assert!(!inner && !line.contains("#[allow("), "{name}/src/{file}: {line}");
            }
        }
    }
}

#[test]
fn the_time_is_asked_for_in_one_place() {
    for (file, code) in sources("server") {
        let asks = code.contains("SystemTime::now") || code.contains("Timestamp::now");
        assert!(!asks || file == "clock.rs", "server/src/{file} asks what time it is");
    }
}
