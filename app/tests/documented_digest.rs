//! The example of `docs/protocol.md`, from which integrators write their own: what is documented is what is done.

use app::{list::Digest, patient::Patient};

const DOCUMENT: &str = include_str!("../../docs/protocol.md");

/// As the document tells it, of the bytes that were received.
fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[test]
fn the_digest_of_the_documented_rows_is_the_documented_one() {
    let (heartbeat, example) = DOCUMENT.split_once("### Heartbeats").unwrap().1.split_once("digest above").unwrap();
    let digest = heartbeat.split_once(r#""digest":""#).unwrap().1.split('"').next().unwrap();
    let hashes: Vec<_> = example.lines().next().unwrap().split('`').skip(1).step_by(2).collect();
    let rows: Vec<_> = example.lines().filter(|line| line.starts_with('{')).take(2).collect();
    assert_eq!((hashes.len(), rows.len()), (2, 2));
    for (text, hash) in rows.iter().zip(hashes) {
        assert_eq!(format!("{:016x}", fnv(text)), hash);
        let row: Patient = serde_json::from_str(text).unwrap();
        assert_eq!(Digest::of(&row).to_string(), hash, "{text}");
        // A row goes over the wire as it is hashed.
        assert_eq!(serde_json::to_string(&row).unwrap(), *text);
    }
    let sum: Digest = rows.iter().map(|text| Digest::of(&serde_json::from_str(text).unwrap())).sum();
    assert_eq!(sum.to_string(), digest);
}
