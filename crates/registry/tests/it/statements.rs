//! Every statement is understood by both engines.

#[test]
fn every_statement_prepares_on_both_engines() {
    store::testing::assert_every_statement_prepares(&[registry::ROOM]);
}
