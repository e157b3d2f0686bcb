//! What a run found: tables for people (Markdown), or all of it for machines (JSON).

use crate::clock::Spread;
use std::fmt::Write as _;

/// One place in a table.
#[derive(Clone, Debug)]
pub enum Cell {
    /// The library can't do it, or it wasn't asked for.
    Missing,
    Text(String),
    /// With so many digits after the point.
    Number(f64, usize),
    /// The least and, in brackets, the median.
    Spread(Spread, usize),
}

impl Cell {
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A number, if there is one.
    pub fn maybe(value: Option<f64>, digits: usize) -> Self {
        value.map_or(Self::Missing, |value| Self::Number(value, digits))
    }

    fn markdown(&self) -> String {
        match self {
            Self::Missing => "-".into(),
            Self::Text(text) => text.clone(),
            Self::Number(value, digits) => format!("{value:.digits$}"),
            Self::Spread(Spread { min, median }, digits) => {
                format!("{min:.digits$} ({median:.digits$})")
            }
        }
    }

    fn json(&self) -> String {
        match self {
            Self::Missing => "null".into(),
            Self::Text(text) => quoted(text),
            Self::Number(value, _) => value.to_string(),
            Self::Spread(Spread { min, median }, _) => {
                format!("{{\"min\":{min},\"median\":{median}}}")
            }
        }
    }
}

/// As a string of JSON.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c < ' ' => write!(out, "\\u{:04x}", u32::from(c)).expect("a string takes it"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn list(items: impl IntoIterator<Item = String>) -> String {
    let items: Vec<String> = items.into_iter().collect();
    format!("[{}]", items.join(","))
}

#[derive(Clone, Debug)]
pub struct Table {
    /// For machines.
    pub id: &'static str,
    pub title: String,
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Cell>>,
}

impl Table {
    pub fn new(
        id: &'static str,
        title: impl Into<String>,
        columns: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        Self {
            id,
            title: title.into(),
            columns: columns.into_iter().map(Into::into).collect(),
            rows: Vec::new(),
        }
    }

    pub fn row(&mut self, name: impl Into<String>, cells: impl IntoIterator<Item = Cell>) {
        let name = std::iter::once(Cell::Text(name.into()));
        self.rows.push(name.chain(cells).collect());
    }

    fn markdown(&self) -> String {
        let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        let mut out = format!("\n## {}\n\n", self.title);
        out += &line(self.columns.clone());
        out += &line(vec!["---".to_owned(); self.columns.len()]);
        for row in &self.rows {
            out += &line(row.iter().map(Cell::markdown).collect());
        }
        out
    }

    fn json(&self) -> String {
        format!(
            "{{\"id\":{},\"title\":{},\"columns\":{},\"rows\":{}}}",
            quoted(self.id),
            quoted(&self.title),
            list(self.columns.iter().map(|column| quoted(column))),
            list(self.rows.iter().map(|row| list(row.iter().map(Cell::json)))),
        )
    }
}

/// Takes tables as they are ready.
#[derive(Debug)]
pub struct Report {
    /// Kept until the end rather than printed.
    tables: Option<Vec<Table>>,
}

impl Report {
    pub fn new(json: bool) -> Self {
        Self {
            tables: json.then(Vec::new),
        }
    }

    pub fn add(&mut self, table: Table) {
        match &mut self.tables {
            Some(tables) => tables.push(table),
            None => print!("{}", table.markdown()),
        }
    }

    /// Prints what was kept.
    pub fn end(self) {
        if let Some(tables) = self.tables {
            println!("{{\"tables\":{}}}", list(tables.iter().map(Table::json)));
        }
    }
}
