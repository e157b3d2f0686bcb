//! What becomes of secrets: wiped when they are dropped, shown by no `Debug`, and gone with a record
//! that couldn't be read.

#[path = "../common"]
mod common {
    pub mod certs;
    pub mod pair;
    pub mod rogue;
}
mod dead;
mod debug;
mod spy;
mod stack;
mod wiped;
