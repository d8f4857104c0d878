//! This room on both engines, and its routes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fall")]

mod accounts;
mod administration;
mod audit_trail;
mod city;
mod http;
mod imports;
mod memberships;
mod notices;
mod organisations;
mod people;
mod scopes;
mod signing_in;
mod tokens;
mod unmasking;

#[test]
fn every_statement_is_understood_by_both_engines() {
    store::testing::assert_every_statement_prepares(&[access::ROOM]);
}
