//! Tests of casework through its public face.

mod law;
mod law_table;
mod world;
