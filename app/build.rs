//! Builds again when a text has changed: the macro that takes them in does not tell cargo that it reads files.

fn main() {
    println!("cargo::rerun-if-changed=locales");
}
