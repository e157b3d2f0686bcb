//! How often what happened.

use std::collections::BTreeMap;

#[derive(Default)]
pub struct Stats(BTreeMap<String, u64>);

impl Stats {
    pub fn add(&mut self, what: &str, n: u64) {
        match self.0.get_mut(what) {
            Some(count) => *count += n,
            None => {
                self.0.insert(what.to_owned(), n);
            }
        }
    }

    pub fn get(&self, what: &str) -> u64 {
        self.0.get(what).copied().unwrap_or(0)
    }

    pub fn merge(&mut self, other: &Self) {
        other.0.iter().for_each(|(what, n)| self.add(what, *n));
    }

    pub fn print(&self) {
        for (what, n) in &self.0 {
            println!("{n:>12}  {what}");
        }
    }
}
