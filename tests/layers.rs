//! The order of the rooms: imports run downwards only, and no file outgrows a reader.

use std::fs;
use std::path::{Path, PathBuf};

/// Each room with all that it may import, in addition to itself. Rooms at the same height don't
/// see each other, but for `record`, which is made of `keys`.
const ALLOWED: [(&str, &[&str]); 14] = [
    ("codepoint", &[]),
    ("secret", &[]),
    ("lock", &[]),
    ("error", &["codepoint", "secret"]),
    ("wire", &["codepoint", "secret", "error"]),
    ("crypto", &["codepoint", "secret", "error", "wire"]),
    ("keys", &["codepoint", "secret", "error", "wire", "crypto"]),
    (
        "record",
        &["codepoint", "secret", "error", "wire", "crypto", "keys"],
    ),
    (
        "pki",
        &["codepoint", "secret", "lock", "error", "wire", "crypto"],
    ),
    ("provider", &["codepoint", "secret", "error", "crypto"]),
    (
        "config",
        &[
            "codepoint",
            "secret",
            "lock",
            "error",
            "wire",
            "crypto",
            "keys",
            "record",
            "pki",
            "provider",
        ],
    ),
    (
        "handshake",
        &[
            "codepoint",
            "secret",
            "error",
            "wire",
            "crypto",
            "keys",
            "pki",
            "config",
        ],
    ),
    (
        "conn",
        &[
            "codepoint",
            "secret",
            "error",
            "wire",
            "crypto",
            "keys",
            "record",
            "pki",
            "config",
            "handshake",
        ],
    ),
    (
        "io",
        &[
            "codepoint",
            "secret",
            "error",
            "wire",
            "crypto",
            "keys",
            "record",
            "pki",
            "config",
            "handshake",
            "conn",
        ],
    ),
];

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// All files of src with their path below it.
fn files() -> Vec<(String, String)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    sources(&src, &mut found);
    assert!(found.len() > 40, "{} files only", found.len());
    found
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(&src).unwrap().display().to_string();
            (name.replace('\\', "/"), fs::read_to_string(path).unwrap())
        })
        .collect()
}

/// What is compiled without `cfg(test)`: unit tests stand last in their file, or in files of
/// their own. Comments go too, so that links in docs may point anywhere.
fn code(text: &str) -> String {
    let inline = text.match_indices("#[cfg(test)]\nmod ").find(|(at, _)| {
        let line = text[*at..].lines().nth(1).unwrap_or("");
        line.contains('{')
    });
    let end = inline.map_or(text.len(), |(at, _)| at);
    text[..end]
        .lines()
        .map(|line| line.split("//").next().unwrap_or(""))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The files, or the directories with a slash at the end, that `cfg(test)` leaves out.
fn test_files(files: &[(String, String)]) -> Vec<String> {
    let mut found = Vec::new();
    for (name, text) in files {
        let dir = match name.strip_suffix("mod.rs").or(name.strip_suffix("lib.rs")) {
            Some(dir) => dir.to_owned(),
            None => format!("{}/", name.strip_suffix(".rs").unwrap()),
        };
        let marked = text.match_indices("#[cfg(test)]\nmod ");
        for line in marked.filter_map(|(at, _)| text[at..].lines().nth(1)) {
            if let Some(module) = line.strip_prefix("mod ").and_then(|l| l.strip_suffix(';')) {
                found.push(format!("{dir}{module}.rs"));
                found.push(format!("{dir}{module}/"));
            }
        }
    }
    found
}

/// All files of src but those of unit tests.
fn library_files() -> Vec<(String, String)> {
    let all = files();
    let tests = test_files(&all);
    assert!(!tests.is_empty());
    let is_test = |name: &str| {
        tests
            .iter()
            .any(|t| name == t || (t.ends_with('/') && name.starts_with(t)))
    };
    all.into_iter().filter(|(name, _)| !is_test(name)).collect()
}

/// The room of a file.
fn room(name: &str) -> &str {
    name.split(['/', '.']).next().unwrap()
}

/// Every room named by `crate::room` or within `crate::{...}`.
fn imports(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, prefix) in code.match_indices("crate::") {
        let rest = &code[at + prefix.len()..];
        if let Some(list) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut word = String::new();
            let mut first = true;
            for c in list.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => first = true,
                    c if depth == 0 && first && (c.is_alphanumeric() || c == '_') => word.push(c),
                    _ => {}
                }
                if !(word.is_empty() || c.is_alphanumeric() || c == '_') {
                    found.push(std::mem::take(&mut word));
                    first = c == ',';
                }
            }
            found.extend(Some(word).filter(|word| !word.is_empty()));
        } else {
            let end = rest
                .find(|c: char| !(c.is_alphanumeric() || c == '_'))
                .unwrap_or(rest.len());
            found.push(rest[..end].to_owned());
        }
    }
    found
}

/// The edges of one file that the order doesn't allow.
fn upward(name: &str, text: &str) -> Vec<String> {
    let from = room(name);
    let Some((_, allowed)) = ALLOWED.iter().find(|(room, _)| *room == from) else {
        return vec![format!("{name}: a room without a place in the order")];
    };
    imports(&code(text))
        .into_iter()
        // What isn't a room is a macro, or an item of the crate's root.
        .filter(|to| ALLOWED.iter().any(|(room, _)| room == to))
        .filter(|to| to != from && !allowed.contains(&to.as_str()))
        .map(|to| format!("{name}: {from} -> {to}"))
        .collect()
}

#[test]
fn imports_run_downwards() {
    let mut wrong = Vec::new();
    let mut edges = 0;
    for (name, text) in library_files() {
        if name == "lib.rs" {
            continue;
        }
        edges += imports(&code(&text)).len();
        wrong.extend(upward(&name, &text));
    }
    assert!(edges > 200, "only {edges} imports were seen");
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn an_upward_edge_is_found_in_every_form() {
    for text in [
        "use crate::conn::Event;",
        "use crate::{error::Error, record::{Epoch, Padding}, conn};",
        "fn f() { let x = crate::record::Epoch::Plaintext; }",
        "pub(crate) use crate::io::Stream;",
    ] {
        assert!(!upward("handshake/x.rs", text).is_empty(), "{text}");
    }
    for text in [
        "//! [`crate::conn`] explains.",
        "use crate::{error::Error, keys::{Epoch, tls13::conn}};",
        "use super::record::Padding;\n#[cfg(test)]\nmod tests { use crate::conn::Event; }",
    ] {
        assert_eq!(upward("handshake/x.rs", text), Vec::<String>::new());
    }
    assert_eq!(upward("attic/x.rs", "").len(), 1);
}

#[test]
fn only_config_names_a_provider() {
    for (room, allowed) in ALLOWED {
        assert_eq!(allowed.contains(&"provider"), room == "config", "{room}");
    }
}

#[test]
fn files_stay_under_nine_hundred_lines() {
    let long: Vec<_> = files()
        .into_iter()
        .map(|(name, text)| (name, text.lines().count()))
        .filter(|(_, lines)| *lines > 900)
        .collect();
    assert_eq!(long, []);
}
