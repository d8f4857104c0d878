//! Tests of casework through its public face.

mod imports;
mod law;
mod law_table;
mod lists;
mod loop_closed;
mod town;
mod world;
