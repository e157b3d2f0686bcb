//! What the run was made on.

use crate::libraries::{self, Library};
use crate::report::{Cell, Table};

/// Instructions that the libraries' cryptography chooses by.
const FLAGS: [&str; 14] = [
    "aes",
    "pclmulqdq",
    "avx2",
    "bmi2",
    "adx",
    "sha_ni",
    "vaes",
    "vpclmulqdq",
    "avx512f",
    "avx512ifma",
    "avx512vl",
    "gfni",
    "sha512",
    "hypervisor",
];

pub fn table(all: &[Box<dyn Library>]) -> Table {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        text.lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(key, _)| key.trim() == name)
            .map_or("unknown", |(_, value)| value.trim())
    };
    let flags: Vec<&str> = field("flags").split(' ').collect();
    let (have, lack): (Vec<&str>, Vec<&str>) =
        FLAGS.into_iter().partition(|flag| flags.contains(flag));
    let processors = std::thread::available_parallelism().map_or(0, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("unknown").to_owned();

    let mut table = Table::new("machine", "What ran, and on what", ["", ""]);
    let model = format!(
        "{}, family {} model {}, {processors} processors",
        field("model name"),
        field("cpu family"),
        field("model")
    );
    table.row("CPU", [Cell::text(model)]);
    table.row("has", [Cell::text(have.join(" "))]);
    table.row("lacks", [Cell::text(lack.join(" "))]);
    table.row("load when it began", [Cell::text(load)]);
    table.row(
        "provider that symbolon chose",
        [Cell::text(libraries::check_choice())],
    );
    for library in all {
        table.row(library.name(), [Cell::text(library.version())]);
    }
    table
}
