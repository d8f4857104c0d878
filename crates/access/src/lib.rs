//! Organisations, staff, accounts, roles, scopes, sealing.
