//! Reads the files of `vectors/`, whose form `vectors/README.md` describes.
//!
//! A fault in a file, or a name that isn't in it, fails the test that asked.
#![allow(
    dead_code,
    reason = "each test that includes this file uses a part of it"
)]

// Named, as the library's own tests include this file where `std` has no prelude.
use std::borrow::ToOwned;
use std::format;
use std::path::PathBuf;
use std::string::String;
use std::vec::Vec;

/// One `[name]` with its values, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    pub name: String,
    pub values: Vec<(String, Vec<u8>)>,
}

impl Section {
    /// The value of `key`, which must be there.
    pub fn get(&self, key: &str) -> &[u8] {
        let found = self.values.iter().find(|(k, _)| k == key);
        &found
            .unwrap_or_else(|| panic!("[{}] has no {key}", self.name))
            .1
    }

    /// Whether the section only says that this side gets what the other side got before.
    pub fn same_as_peer(&self) -> bool {
        self.values.is_empty()
    }

    /// `client` or `server`: the first word of the name, in a trace.
    pub fn side(&self) -> &str {
        self.name.split(' ').next().unwrap()
    }
}

/// A whole file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vectors {
    pub sections: Vec<Section>,
}

impl Vectors {
    /// Reads `vectors/{file}`.
    pub fn load(file: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("vectors")
            .join(file);
        let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path:?}: {e}"));
        Self::parse(&text).unwrap_or_else(|e| panic!("{path:?}: {e}"))
    }

    /// Reads a text in the form of `vectors/README.md`; an error names the line.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut sections: Vec<Section> = Vec::new();
        // A continuation line belongs to the value just above it and to nothing else.
        let mut in_value = false;
        for (at, line) in text.lines().enumerate() {
            let fault = |what: &str| format!("line {}: {what}", at + 1);
            if line.trim().is_empty() || line.starts_with('#') {
                in_value = false;
            } else if let Some(hex) = line.strip_prefix([' ', '\t']) {
                let open = sections.last_mut().filter(|_| in_value);
                let value = open.and_then(|s| s.values.last_mut());
                let (_, bytes) = value.ok_or_else(|| fault("continues no value"))?;
                bytes.extend(decode(hex.trim()).ok_or_else(|| fault("not hexadecimal"))?);
            } else if let Some(rest) = line.strip_prefix('[') {
                let name = rest.trim_end().strip_suffix(']');
                let name = name.filter(|n| !n.trim().is_empty());
                let name = name.ok_or_else(|| fault("no section name"))?.to_owned();
                sections.push(Section {
                    name,
                    values: Vec::new(),
                });
                in_value = false;
            } else {
                let (key, hex) = line.split_once('=').ok_or_else(|| fault("no `=`"))?;
                let section = sections
                    .last_mut()
                    .ok_or_else(|| fault("before any section"))?;
                let key = key.trim();
                if key.is_empty() || section.values.iter().any(|(k, _)| k == key) {
                    return Err(fault("empty or repeated key"));
                }
                let bytes = decode(hex.trim()).ok_or_else(|| fault("not hexadecimal"))?;
                section.values.push((key.to_owned(), bytes));
                in_value = true;
            }
        }
        Ok(Self { sections })
    }

    /// The sections of that name, in order.
    pub fn named<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a Section> {
        self.sections.iter().filter(move |s| s.name == name)
    }

    /// The first section of that name that has values.
    pub fn find(&self, name: &str) -> &Section {
        let found = self.named(name).find(|s| !s.same_as_peer());
        found.unwrap_or_else(|| panic!("no section [{name}] with values"))
    }

    /// `find(section).get(key)`.
    pub fn value(&self, section: &str, key: &str) -> &[u8] {
        self.find(section).get(key)
    }

    /// A walk through the steps from the first one on.
    pub fn walk(&self) -> Walk<'_> {
        Walk {
            rest: &self.sections,
        }
    }
}

/// A place in the order of the steps.
#[derive(Debug, Clone)]
pub struct Walk<'a> {
    rest: &'a [Section],
}

impl<'a> Walk<'a> {
    /// The next step, which must be the one of that name.
    pub fn next(&mut self, name: &str) -> &'a Section {
        let (step, rest) = self
            .rest
            .split_first()
            .unwrap_or_else(|| panic!("no [{name}]: at end"));
        assert_eq!(step.name, name, "another step is next");
        self.rest = rest;
        step
    }

    /// The next step of that name, whatever stands before it.
    pub fn skip_to(&mut self, name: &str) -> &'a Section {
        let at = self.rest.iter().position(|s| s.name == name);
        self.rest = &self.rest[at.unwrap_or_else(|| panic!("no [{name}] from here on"))..];
        self.next(name)
    }

    /// Whether no step is left.
    pub fn at_end(&self) -> bool {
        self.rest.is_empty()
    }
}

/// Lower-case hexadecimal only: one way to write a value.
fn decode(hex: &str) -> Option<Vec<u8>> {
    let digit = |c: u8| match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'f' => Some(c - b'a' + 10),
        _ => None,
    };
    let pair = |p: &[u8]| match p {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    };
    hex.as_bytes().chunks(2).map(pair).collect()
}
