//! Tabular files read with care.
