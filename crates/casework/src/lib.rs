//! Reports, cases, tasks: the closed loop.
