//! Of a thousand, how many go which way: the odds by which the story goes. Nothing else decides.

/// Sources of reports, with their share. Sensors and cameras speak through the centre's clerks here.
pub(super) const SOURCES: &[(&str, f64)] = &[
    ("hotline", 430.0),
    ("inspector", 300.0),
    ("citizen_app", 150.0),
    ("camera", 55.0),
    ("sensor", 30.0),
    ("department", 20.0),
    ("leader", 8.0),
    ("media", 7.0),
];
/// Calls on which the case is opened during the call.
pub(super) const OPENED_AT_ONCE: u64 = 850;
/// Citizens' reports that are no case: a question that is answered at once, what is not the city's to do, what is taken back.
pub(super) const ANSWERED: u64 = 90;
pub(super) const REJECTED: u64 = 25;
pub(super) const WITHDRAWN: u64 = 10;
/// Reporters who do not want to be named to the handlers.
pub(super) const HIDDEN: u64 = 60;
/// Cases filed or dispatched later than they should.
pub(super) const SLOW_DESK: u64 = 40;
/// Dispatches with a co-handler.
pub(super) const JOINT: u64 = 120;
/// Tasks accepted after the response limit.
pub(super) const LATE_RESPONSE: u64 = 60;
/// Tasks handled after their deadline.
pub(super) const LATE_HANDLING: u64 = 70;
/// Tasks that nobody finishes until the story ends.
pub(super) const FORGOTTEN: u64 = 8;
/// Inspections that fail.
pub(super) const REWORK: u64 = 55;
/// Inspections later than they should be.
pub(super) const LATE_INSPECTION: u64 = 50;
