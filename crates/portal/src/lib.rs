//! What the public may call: tell something, follow it, answer and rate; and what everybody may see of a case.
//!
//! Nobody here has an account. Whoever tells something gets a *link* to it, a secret that the browser keeps; whoever has lost it proves
//! the phone it was told from with a code. All that is done goes through the same commands of casework as anybody's, in the role
//! [`access::REPORTER`], which no person has.
//!
//! Three things are held everywhere: nobody learns whether a number or a phone is known ([`service::codes`] does the same work and gives
//! the same answer for all); nobody gets in by asking often ([`limits`]); and nothing that somebody told is shown to others unless
//! somebody of the city has looked at it ([`service::publication`]).

mod error;
pub mod http;
pub mod limits;
pub mod plain_words;
pub mod service;
mod store;
pub mod suggest;

pub use error::PortalError;
pub use service::messages::{Message, MessageKind, Sender, message_put};
pub use service::{Portal, PortalParts};
pub use store::ROOM;

/// Every problem code this room gives, besides those of the rooms below; each has a translation.
pub const PROBLEM_CODES: &[&str] = &[
    "code_wrong",
    "link_expired",
    "too_many_requests",
    "codes_not_sent",
    "publication_changed",
];

/// Codes of wrong fields that only this room uses.
pub const FIELD_CODES: &[&str] = &["too_far", "not_a_picture"];
