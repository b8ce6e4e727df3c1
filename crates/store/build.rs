//! Builds again when a migration is added, because they are part of the binary.
fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
