//! The demo city as its people see it over HTTP: sign in, and take cases through the loop.
