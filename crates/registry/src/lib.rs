//! Areas, zones, standards, categories, rule rows.
