//! Working calendars, deadlines, time-limit texts.
