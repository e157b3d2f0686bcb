//! `Debug` of every public type: no secret byte, in hexadecimal, as a list of numbers, or as text.

use crate::common::pair::now;
use crate::common::rogue::World;
use crate::spy::noting;
use crate::wiped::{Case, End, boxed, cases, configs, known};
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::path::Path;
use symbolon::crypto::{HashSecret, Random};
use symbolon::secret::{Secret, SecretBytes};

/// Public types that never come near a secret: code points, what is parsed of messages and
/// certificates, errors, limits, and what is told of them.
const HARMLESS: &[&str] = &[];

/// Names after `pub struct` and `pub enum` in the sources, without tests.
fn public_types(dir: &Path, into: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            if name != "tests" && name != "replay" {
                public_types(&path, into);
            }
            continue;
        }
        if name == "tests.rs" || name == "replay.rs" {
            continue;
        }
        for line in std::fs::read_to_string(&path).unwrap().lines() {
            let line = line.trim_start();
            let rest = line.strip_prefix("pub struct ").or(line.strip_prefix("pub enum "));
            if let Some(rest) = rest {
                let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
                into.insert(rest[..end.unwrap_or(rest.len())].to_owned());
            }
        }
    }
}
