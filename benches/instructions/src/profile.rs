//! Reads what callgrind writes (valgrind's manual, "Callgrind Format Specification").

use crate::CRYPTOGRAPHY;
use std::collections::HashMap;

/// Instructions by function.
#[derive(Default)]
pub struct Profile {
    /// By name, each without what it calls; of crates from a registry, what the compiler put into
    /// functions of others stands as `crate::(in other::function)`.
    own: HashMap<String, i64>,
    /// Of functions of libc, with all they call, by the name of the function that called.
    libc_by_caller: HashMap<String, i64>,
}

/// The names that stand for numbers in the file: `fn=(7) name` once, then `fn=(7)`.
#[derive(Default)]
struct Names(HashMap<String, String>);

impl Names {
    fn resolve(&mut self, text: &str) -> String {
        let (number, name) = text.split_once(' ').unwrap_or((text, ""));
        if !name.is_empty() {
            self.0.insert(number.to_owned(), name.to_owned());
        }
        self.0.get(number).cloned().unwrap_or_default()
    }
}

impl Profile {
    pub fn parse(text: &str) -> Self {
        let mut profile = Self::default();
        let (mut functions, mut objects) = (Names::default(), Names::default());
        let (mut files, mut file) = (Names::default(), String::new());
        let (mut function, mut object) = (String::new(), String::new());
        let (mut called, mut called_object) = (None, String::new());
        for line in text.lines() {
            if let Some(name) = line.strip_prefix("fn=") {
                function = functions.resolve(name);
                // An object that stands nowhere is the caller's.
                called_object.clone_from(&object);
            } else if let Some(name) = ["fl=", "fi=", "fe="]
                .iter()
                .find_map(|p| line.strip_prefix(p))
            {
                file = files.resolve(name);
            } else if let Some(name) = ["cfi=", "cfl="].iter().find_map(|p| line.strip_prefix(p)) {
                files.resolve(name);
            } else if let Some(name) = line.strip_prefix("ob=") {
                object = objects.resolve(name);
                called_object.clone_from(&object);
            } else if let Some(name) = line.strip_prefix("cob=") {
                called_object = objects.resolve(name);
            } else if let Some(name) = line.strip_prefix("cfn=") {
                functions.resolve(name);
            } else if line.starts_with("calls=") {
                called = Some(std::mem::replace(&mut called_object, object.clone()));
            } else if line.starts_with(|c: char| c.is_ascii_digit() || "+-*".contains(c)) {
                let cost = line
                    .split_once(' ')
                    .map_or(0, |(_, cost)| cost.trim().parse().expect("one event: Ir"));
                match called.take() {
                    None => {
                        let name = name_of(&function, &object, &file);
                        *profile.own.entry(name).or_default() += cost;
                    }
                    Some(to) if is_libc(&to) && !is_libc(&object) => {
                        *profile.libc_by_caller.entry(function.clone()).or_default() += cost;
                    }
                    Some(_) => {}
                }
            }
        }
        profile
    }

    /// What `runs` more runs than in `few` cost each.
    pub fn per_run(&self, few: &Self, runs: i64) -> Self {
        let difference = |many: &HashMap<String, i64>, few: &HashMap<String, i64>| {
            many.iter()
                .map(|(name, cost)| {
                    let before = few.get(name).copied().unwrap_or(0);
                    (name.clone(), (cost - before) / runs)
                })
                .filter(|(_, cost)| *cost != 0)
                .collect()
        };
        Self {
            own: difference(&self.own, &few.own),
            libc_by_caller: difference(&self.libc_by_caller, &few.libc_by_caller),
        }
    }

    pub fn total(&self) -> i64 {
        self.own.values().sum()
    }

    pub fn outside(&self) -> i64 {
        self.functions().map(|(_, cost)| cost).sum()
    }

    pub fn libc_from_cryptography(&self) -> i64 {
        let from = |(name, _): &(&String, &i64)| CRYPTOGRAPHY.contains(&crate_of(name).as_str());
        let calls = self.libc_by_caller.iter().filter(from);
        calls.map(|(_, cost)| cost).sum()
    }

    pub fn of_crate(&self, wanted: &str) -> i64 {
        let of = self.crates().into_iter();
        of.filter(|(name, _)| name == wanted)
            .map(|(_, cost)| cost)
            .sum()
    }

    /// Crates, the most expensive first.
    pub fn crates(&self) -> Vec<(String, i64)> {
        let mut sums: HashMap<String, i64> = HashMap::new();
        for (name, cost) in &self.own {
            *sums.entry(crate_of(name)).or_default() += cost;
        }
        sorted(sums.into_iter())
    }

    /// Functions outside cryptography, the most expensive first.
    pub fn functions(&self) -> impl Iterator<Item = (String, i64)> {
        let outside =
            |(name, _): &(&String, &i64)| !CRYPTOGRAPHY.contains(&crate_of(name).as_str());
        let functions = self.own.iter().filter(outside);
        sorted(functions.map(|(name, cost)| (name.clone(), *cost))).into_iter()
    }
}

fn sorted(costs: impl Iterator<Item = (String, i64)>) -> Vec<(String, i64)> {
    let mut costs: Vec<_> = costs.collect();
    costs.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    costs
}

fn is_libc(object: &str) -> bool {
    object.contains("/libc.so") || object.contains("/libc-")
}

/// A function's name: libc's as a path of their own, and where the line stands in a file of another crate
/// than the function, that crate's.
fn name_of(function: &str, object: &str, file: &str) -> String {
    if is_libc(object) || object.contains("/ld-linux") {
        return format!("libc::{function}");
    }
    match crate_of_file(file) {
        Some(name) if name != crate_of(function) => format!("{name}::(in {function})"),
        _ => function.to_owned(),
    }
}

/// The crate of a file in cargo's registry: `.../registry/src/<index>/<crate>-<version>/...`. None for
/// Rust's own library, which counts for the function that its lines were put into.
fn crate_of_file(file: &str) -> Option<String> {
    let (_, path) = file.split_once("/registry/src/")?;
    let dir = path.split('/').nth(1)?;
    let version = dir
        .match_indices('-')
        .find(|(at, _)| dir[at + 1..].starts_with(|c: char| c.is_ascii_digit()));
    let (at, _) = version?;
    // The one package here whose library is called otherwise.
    let name = dir[..at].replace('-', "_");
    Some(name.replace("rustls_webpki", "webpki"))
}

/// The crate of a function: `a` of `a::f`, `<a::T as b::Trait>::f` and `<&a::T as ...>::f`, `b` of
/// `<T as b::Trait>::f`.
fn crate_of(function: &str) -> String {
    // ring's functions in C and assembly have a prefix with its version.
    if function.contains("ring_core_") {
        return "ring".to_owned();
    }
    let subject = |path: &str| {
        let path = path.trim_start_matches(['<', '&', '*', '[', '(']);
        let path = path.trim_start_matches("mut ").trim_start_matches("dyn ");
        let name = path.split("::").next().unwrap_or("").to_owned();
        (path.contains("::"), name)
    };
    match function
        .strip_prefix('<')
        .and_then(|f| f.split_once(" as "))
    {
        Some((of, by)) => match subject(of) {
            (true, name) => name,
            (false, _) => subject(by).1,
        },
        None => subject(function).1,
    }
}
