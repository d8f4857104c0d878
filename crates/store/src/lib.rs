//! The database: SQLite and PostgreSQL behind one transaction type.
