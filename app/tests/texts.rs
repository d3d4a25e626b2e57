//! Every text that the code names is there, in all languages, and none is there for nothing.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use app::language::Language;

fn read(dir: &Path, extension: &str, texts: &mut Vec<String>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(&path, extension, texts);
        } else if path.extension().is_some_and(|found| found == extension) {
            texts.push(fs::read_to_string(path).unwrap());
        }
    }
}

/// Texts by key, each by language.
fn texts() -> BTreeMap<String, BTreeMap<String, String>> {
    fn collect(key: &str, table: &toml::Table, found: &mut BTreeMap<String, BTreeMap<String, String>>) {
        for (name, value) in table {
            match value {
                toml::Value::Table(table) => {
                    let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
                    collect(&key, table, found);
                }
                toml::Value::String(text) => {
                    let languages = found.entry(key.to_owned()).or_default();
                    assert_eq!(languages.insert(name.clone(), text.clone()), None, "{key} is there twice");
                }
                // The version of the files' form.
                _ => {}
            }
        }
    }
    let mut files = Vec::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("locales"), "toml", &mut files);
    let mut found = BTreeMap::new();
    for file in files {
        collect("", &file.parse().unwrap(), &mut found);
    }
    assert!(found.len() > 20);
    found
}

/// String literals of the code that look like keys.
fn named(namespaces: &BTreeSet<String>) -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut files = Vec::new();
    for half in ["app/src", "server/src", "frontend/src"] {
        read(&root.join(half), "rs", &mut files);
    }
    let is_key = |text: &&str| {
        let part = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        };
        text.split_once('.').is_some_and(|(namespace, _)| namespaces.contains(namespace)) && text.split('.').all(part)
    };
    files.iter().flat_map(|file| file.split('"').filter(is_key).map(str::to_owned)).collect()
}

fn values_in(text: &str) -> BTreeSet<&str> {
    text.split("%{").skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).collect()
}

#[test]
fn every_text_is_there_in_every_language_and_takes_the_same_values() {
    let languages: BTreeSet<&str> = Language::ALL.iter().map(|language| language.code()).collect();
    for (key, texts) in texts() {
        assert_eq!(texts.keys().map(String::as_str).collect::<BTreeSet<_>>(), languages, "{key}");
        // The text for one of something may have the number in words.
        let is_about_one = key.split('.').next_back() == Some("one");
        let values = |text: &str| {
            values_in(text)
                .into_iter()
                .filter(|name| !(is_about_one && *name == "count"))
                .map(str::to_owned)
                .collect::<BTreeSet<_>>()
        };
        let first = values(&texts["en"]);
        for (language, text) in texts {
            assert_eq!(values(&text), first, "{key} in {language}");
            assert!(!text.trim().is_empty(), "{key} in {language}");
        }
    }
}

#[test]
fn every_text_that_is_named_is_there_and_the_other_way_round() {
    let texts: BTreeSet<String> = texts().into_keys().collect();
    let namespaces = texts.iter().filter_map(|key| key.split('.').next()).map(str::to_owned).collect();
    let named = named(&namespaces);
    let missing: Vec<_> = named.difference(&texts).collect();
    let idle: Vec<_> = texts.difference(&named).collect();
    assert!(missing.is_empty(), "named and not there: {missing:?}");
    assert!(idle.is_empty(), "there and not named: {idle:?}");
}
