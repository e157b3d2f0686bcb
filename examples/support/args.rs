//! Command lines, read by hand: one table per program gives the parser and the help.

use std::fmt::Write as _;

/// One option.
pub struct Opt {
    /// With its dashes.
    pub name: &'static str,
    /// What its value is called in the help; `None` for a flag.
    pub value: Option<&'static str>,
    pub help: &'static str,
}

/// An option without a value.
pub const fn flag(name: &'static str, help: &'static str) -> Opt {
    let value = None;
    Opt { name, value, help }
}

/// An option with a value.
pub const fn option(name: &'static str, value: &'static str, help: &'static str) -> Opt {
    let value = Some(value);
    Opt { name, value, help }
}

/// A program's command line.
pub struct Program {
    pub name: &'static str,
    pub about: &'static str,
    /// What may stand beside the options, if anything.
    pub positional: Option<&'static str>,
    pub options: &'static [Opt],
    /// What stands below the options in the help.
    pub notes: &'static str,
}

/// A mistake in the command line, told in one sentence.
#[derive(Debug)]
pub struct Usage(pub String);

/// A command line that was read.
#[derive(Debug)]
pub struct Args {
    options: Vec<(&'static str, Option<String>)>,
    positional: Vec<String>,
}

impl Program {
    /// Reads the arguments, without the program's own name. `None` if help is asked for.
    pub fn parse(&self, args: impl Iterator<Item = String>) -> Result<Option<Args>, Usage> {
        let mut read = Args {
            options: Vec::new(),
            positional: Vec::new(),
        };
        let mut args = args.peekable();
        let mut only_positional = false;
        while let Some(arg) = args.next() {
            if only_positional || !arg.starts_with('-') || arg == "-" {
                read.positional.push(arg);
                continue;
            }
            if arg == "--" {
                only_positional = true;
                continue;
            }
            if arg == "--help" || arg == "-h" {
                return Ok(None);
            }
            let (name, inline) = match arg.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (arg.as_str(), None),
            };
            let Some(option) = self.options.iter().find(|option| option.name == name) else {
                return Err(Usage(format!("unknown option {name}")));
            };
            if read.flag(option.name) {
                return Err(Usage(format!("{name} is given twice")));
            }
            let value = match (option.value, inline) {
                (None, None) => None,
                (None, Some(_)) => return Err(Usage(format!("{name} takes no value"))),
                (Some(_), Some(value)) => Some(value),
                (Some(what), None) => match args.next_if(|next| !next.starts_with("--")) {
                    Some(value) => Some(value),
                    None => return Err(Usage(format!("{name} needs a value: {name} {what}"))),
                },
            };
            read.options.push((option.name, value));
        }
        let most = usize::from(self.positional.is_some());
        match read.positional.get(most) {
            Some(extra) => Err(Usage(format!("unexpected argument {extra:?}"))),
            None => Ok(Some(read)),
        }
    }

    /// The text of `--help`.
    pub fn help(&self) -> String {
        let positional = self.positional.map(|p| format!(" {p}")).unwrap_or_default();
        let mut text = format!(
            "{}\n\nUsage: cargo run --example {} --{positional} [OPTIONS]\n\nOptions:\n",
            self.about, self.name
        );
        let help = flag("--help", "Print this.");
        let left = |option: &Opt| match option.value {
            Some(value) => format!("{} {value}", option.name),
            None => option.name.to_owned(),
        };
        let all = || self.options.iter().chain([&help]);
        let width = all().map(|option| left(option).len()).max().unwrap_or(0);
        for option in all() {
            let mut start = left(option);
            for line in wrap(option.help, 96 - width - 4) {
                let _ = writeln!(text, "  {start:width$}  {line}");
                start.clear();
            }
        }
        text.push('\n');
        text.push_str(self.notes.trim_matches('\n'));
        text.push('\n');
        text
    }
}

impl Args {
    /// Whether the option is there.
    pub fn flag(&self, name: &str) -> bool {
        self.options.iter().any(|(given, _)| *given == name)
    }

    /// The option's value.
    pub fn value(&self, name: &str) -> Option<&str> {
        let (_, value) = self.options.iter().find(|(given, _)| *given == name)?;
        value.as_deref()
    }

    /// The option's value as a number (or whatever else) that is in range.
    pub fn number<T: std::str::FromStr + PartialOrd + std::fmt::Display>(
        &self,
        name: &str,
        range: std::ops::RangeInclusive<T>,
    ) -> Result<Option<T>, Usage> {
        let Some(text) = self.value(name) else {
            return Ok(None);
        };
        let parsed = text.parse().ok().filter(|number| range.contains(number));
        let (from, to) = (range.start(), range.end());
        let wrong = || Usage(format!("{name} must be {from} to {to}, not {text:?}"));
        parsed.ok_or_else(wrong).map(Some)
    }

    /// The option's value as a list with commas in between.
    pub fn list(&self, name: &str) -> Option<Vec<&str>> {
        Some(self.value(name)?.split(',').map(str::trim).collect())
    }

    /// What stood beside the options.
    pub fn positional(&self) -> Option<&str> {
        self.positional.first().map(String::as_str)
    }
}

/// Breaks a text between words into lines of at most `width` characters, where it can.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is always a line");
        let length = line.chars().count();
        if length > 0 && length + 1 + word.chars().count() > width {
            lines.push(word.to_owned());
        } else {
            if length > 0 {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}
