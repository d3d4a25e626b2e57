//! Files of one JSON resource a line.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::error::Category;

use super::{
    ReadError, Refusal,
    resource::{Object, Resource},
};

/// Where an export's files are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Files<'a> {
    /// In this folder.
    In(&'a Path),
    /// In the program itself.
    DemoWard,
}

/// The demo ward, so that the program needs no files to be tried.
const DEMO_WARD: [(&str, &[u8]); 3] = [
    ("Patient.ndjson", include_bytes!("../../../demo/ward/Patient.ndjson")),
    ("Encounter.ndjson", include_bytes!("../../../demo/ward/Encounter.ndjson")),
    ("Location.ndjson", include_bytes!("../../../demo/ward/Location.ndjson")),
];

impl Files<'_> {
    fn path(self, name: &str) -> PathBuf {
        match self {
            Self::In(dir) => dir.join(name),
            Self::DemoWard => PathBuf::from(name),
        }
    }

    fn open(self, name: &str) -> io::Result<Box<dyn BufRead>> {
        match self {
            Self::In(dir) => Ok(Box::new(BufReader::new(File::open(dir.join(name))?))),
            Self::DemoWard => DEMO_WARD
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, bytes)| Box::new(*bytes) as Box<dyn BufRead>)
                .ok_or_else(|| io::ErrorKind::NotFound.into()),
        }
    }
}

/// What one file holds.
pub(super) struct Contents<R> {
    /// The lines that hold an `R`, in their order.
    pub(super) entries: Vec<Entry<R>>,
    /// The others.
    pub(super) refused: Vec<Refusal>,
}

/// A resource and where it stands.
pub(super) struct Entry<R> {
    /// Number of the line, from 1.
    pub(super) line: usize,
    /// The resource's id, which no other line of the file has.
    pub(super) id: String,
    pub(super) resource: R,
}

/// What every resource has.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Header {
    resource_type: Option<String>,
    id: Option<String>,
}

impl<R> Default for Contents<R> {
    fn default() -> Self {
        Self { entries: Vec::new(), refused: Vec::new() }
    }
}

impl<R: Resource> Entry<R> {
    /// Refuses this line after all.
    pub(super) fn refuse(&self, reason: String) -> Refusal {
        refusal::<R>(self.line, reason)
    }
}

/// The name that a bulk export's file of `R`s has.
pub(super) fn file_name<R: Resource>() -> String {
    format!("{}.ndjson", R::TYPE)
}

/// Reads the `R`s of an export.
pub(super) fn read<R: Resource>(files: Files<'_>) -> Result<Contents<R>, ReadError> {
    let path = files.path(&file_name::<R>());
    let read = || read_lines(files.open(&file_name::<R>())?);
    read().map_err(|cause| match cause.kind() {
        io::ErrorKind::NotFound => ReadError::Missing { path: path.clone() },
        _ => ReadError::Unreadable { path: path.clone(), cause },
    })
}

/// Reads the `R`s of an export that need not have any.
pub(super) fn read_optional<R: Resource>(files: Files<'_>) -> Result<Contents<R>, ReadError> {
    match read(files) {
        Err(ReadError::Missing { .. }) => Ok(Contents::default()),
        read => read,
    }
}

fn read_lines<R: Resource>(mut file: impl BufRead) -> io::Result<Contents<R>> {
    let mut contents = Contents::default();
    let mut first_with_id = HashMap::new();
    let mut bytes = Vec::new();
    for line in 1.. {
        bytes.clear();
        if file.read_until(b'\n', &mut bytes)? == 0 {
            break;
        }
        let read = parse(without_mark(line, &bytes)).and_then(|(id, resource)| {
            let first = *first_with_id.entry(id.clone()).or_insert(line);
            if first == line {
                Ok(Entry { line, id, resource })
            } else {
                Err(format!("its id is that of line {first}"))
            }
        });
        match read {
            Ok(entry) => contents.entries.push(entry),
            Err(reason) => contents.refused.push(refusal::<R>(line, reason)),
        }
    }
    Ok(contents)
}

/// The line without the byte order mark that some systems begin a UTF-8 file with.
fn without_mark(line: usize, bytes: &[u8]) -> &[u8] {
    if line == 1 { bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes) } else { bytes }
}

fn refusal<R: Resource>(line: usize, reason: String) -> Refusal {
    Refusal { file: file_name::<R>(), line, reason }
}

/// The resource of one line, with its id, or what is wrong with the line.
fn parse<R: Resource>(line: &[u8]) -> Result<(String, R), String> {
    let text = str::from_utf8(line).map_err(|error| format!("not UTF-8 text after byte {}", error.valid_up_to()))?;
    let text = text.trim_ascii_end();
    if text.is_empty() {
        return Err("empty line".to_owned());
    }
    let header: Header = object(text)?;
    match header.resource_type.as_deref() {
        Some(found) if found == R::TYPE => {}
        Some(found) => return Err(format!("is of type {}, not {}", quoted(found), R::TYPE)),
        None => return Err("no resourceType".to_owned()),
    }
    let id = header.id.filter(|id| !id.trim_ascii().is_empty()).ok_or("no id")?;
    Ok((id, object(text)?))
}

fn object<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_str::<Object<T>>(text).map(Object::into_inner).map_err(|error| wrong_json(&error))
}

/// serde's message on one line: the column will do, and a value that it quotes may be somebody's name.
fn wrong_json(error: &serde_json::Error) -> String {
    let (text, column) = (error.to_string(), error.column());
    let message = text.strip_suffix(&format!(" at line {} column {column}", error.line())).unwrap_or(&text);
    if error.classify() != Category::Data {
        return format!("not valid JSON: {message} at column {column}");
    }
    match message.rsplit_once(", expected ") {
        Some((found, expected)) => {
            let kind = found.split(['"', '`']).next().unwrap_or_default().trim_end();
            format!("not as in FHIR R4: {kind}, expected {expected} at column {column}")
        }
        None => format!("not as in FHIR R4: {message} at column {column}"),
    }
}

/// A code from the export inside a sentence: in quotation marks, what is invisible escaped, and not at any length.
pub(super) fn quoted(code: &str) -> String {
    /// Takes in every reference that follows the rules.
    const LONGEST: usize = 80;
    let short: String = code.chars().take(LONGEST).collect();
    let rest = if short.len() < code.len() { "…" } else { "" };
    format!("{short:?}{rest}")
}
