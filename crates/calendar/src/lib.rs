//! Working calendars, time-limit texts and the deadlines that follow from both.
//!
//! A [`Limit`] is what a standard prescribes (`4工作时`, `2紧急工作时`), a [`WorkCalendar`] knows when people work, and
//! [`WorkCalendar::deadline`] adds the one to an instant under the other. All of it is pure: the present time, the storing
//! of calendars and the firing of timers are elsewhere.
//!
//! ```
//! use base::Timestamp;
//! use calendar::{BareUnits, Limit, WorkCalendar};
//!
//! let calendar = WorkCalendar::china()?;
//! let limit = Limit::parse("4工作时", &BareUnits::default())?;
//! let reported: Timestamp = "2026-09-30T16:30:00+08:00".parse()?;
//! // One hour before closing, seven days of National Day, three hours of the next morning.
//! let due = calendar.deadline(reported, &limit).due_at;
//! assert_eq!(due.to_string(), "2026-10-08T11:30:00+08:00");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod day_table;
mod deadline;
mod definition;
mod limit;
mod limit_text;
mod work_calendar;

pub use deadline::{Deadline, DeadlineNote, Light, Suspension};
pub use definition::{
    CalendarDefinition, DayEnd, MonthDay, Period, Season, Weekday, YearDefinition,
};
pub use limit::{Counting, Limit, TimeUnit};
pub use limit_text::{BareUnits, LIMIT_CHARACTERS_MAX, LIMIT_DAYS_MAX, LimitError, LimitFault};
pub use work_calendar::{CalendarError, DayKind, WorkCalendar};
