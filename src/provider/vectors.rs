//! Reads the files of `vectors/` for the tests of this module (their form is in its README).

use crate::crypto::Random;
use std::string::{String, ToString};
use std::vec::Vec;

/// A `[name]` with its values.
pub(super) struct Section {
    pub(super) name: String,
    values: Vec<(String, Vec<u8>)>,
}

impl Section {
    pub(super) fn get(&self, key: &str) -> &[u8] {
        let found = self.values.iter().find(|(k, _)| k == key);
        &found.unwrap_or_else(|| panic!("{}: no {key}", self.name)).1
    }
}

pub(super) fn hex(digits: &str) -> Vec<u8> {
    assert!(digits.len().is_multiple_of(2));
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
        .collect()
}

pub(super) fn sections(text: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for line in text.lines() {
        if line.is_empty() || line.starts_with('#') {
        } else if let Some(name) = line.strip_prefix('[') {
            let name = name.strip_suffix(']').unwrap().to_string();
            let values = Vec::new();
            sections.push(Section { name, values });
        } else if line.starts_with(char::is_whitespace) {
            let values = &mut sections.last_mut().unwrap().values;
            values.last_mut().unwrap().1.extend(hex(line.trim()));
        } else {
            let (key, value) = line.split_once('=').unwrap();
            let value = (key.trim().to_string(), hex(value.trim()));
            sections.last_mut().unwrap().values.push(value);
        }
    }
    sections
}

/// The section of that name, which must be there once.
pub(super) fn section(text: &str, name: &str) -> Section {
    let mut found = sections(text)
        .into_iter()
        .filter(|section| section.name == name);
    let first = found.next().unwrap_or_else(|| panic!("no [{name}]"));
    assert!(found.next().is_none(), "[{name}] stands twice");
    first
}

/// A generator whose bytes differ with `seed`.
pub(super) fn random(seed: u8) -> Random {
    Random::new([seed; 32])
}
