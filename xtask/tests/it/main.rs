//! The repository itself keeps the house rules.

use std::path::Path;
use xtask::tidy;

#[test]
fn the_repository_keeps_every_house_rule() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let tree = tidy::Tree::read(&root.canonicalize().unwrap()).unwrap();
    assert!(tree.has("Cargo.toml"), "the tree was read from its root");
    let findings = tidy::check(&tree);
    let list: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(list.is_empty(), "\n{}\n", list.join("\n"));
}
