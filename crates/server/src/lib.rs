//! HTTP, live stream, CLI, the binary.
