//! Tasks about the source tree itself: the house rules. Nothing here is part of the product.

pub mod tidy;
