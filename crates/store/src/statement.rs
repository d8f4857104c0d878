//! SQL texts, declared where a test can find all of them.

use std::borrow::Cow;

/// One SQL statement in the subset of both engines, with placeholders `?1`, `?2`, ….
#[derive(Debug, Clone)]
pub struct Statement {
    text: Cow<'static, str>,
}

impl Statement {
    /// A statement known when the program is built. Declare it with [`crate::statements!`], so that it is registered.
    pub const fn fixed(text: &'static str) -> Self {
        Self {
            text: Cow::Borrowed(text),
        }
    }

    /// A statement put together from clauses at run time (lists with filters). The room's tests prepare every combination.
    pub fn composed(text: String) -> Self {
        Self {
            text: Cow::Owned(text),
        }
    }

    /// The text, as written.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// Declares the statements of a room's `store.rs` and lists them in `STATEMENTS`.
///
/// ```
/// store::statements! {
///     /// One area by its code.
///     AREA_BY_CODE = "SELECT id, name FROM area WHERE code = ?1";
/// }
/// assert_eq!(STATEMENTS.len(), 1);
/// assert!(AREA_BY_CODE.text().starts_with("SELECT"));
/// ```
#[macro_export]
macro_rules! statements {
    ($($(#[$about:meta])* $name:ident = $text:expr;)*) => {
        $($(#[$about])* pub(crate) static $name: $crate::Statement = $crate::Statement::fixed($text);)*
        /// Every fixed statement of this room; a test prepares each on both engines.
        pub static STATEMENTS: &[&$crate::Statement] = &[$(&$name),*];
    };
}
