//! How the story goes: the odds by which everything in it is decided, each with where it comes from. Nothing else decides.
//!
//! Odds are of a thousand. "Assumed" says that no public figure is at hand and a plausible one was chosen so that every list of
//! the demo has something in it; the tests hold what the story realises against what is stated here.

use crate::dice::Rate;

/// Sources of reports, with their share: assumed. Sensors and cameras speak through the centre's clerks here.
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

macro_rules! rates {
    ($($(#[$doc:meta])* $name:ident = $permille:literal;)+) => {
        $($(#[$doc])* pub(super) const $name: Rate = Rate {
            name: stringify!($name),
            permille: $permille,
        };)+

        /// What is stated.
        pub const STATED: &[Rate] = &[$($name),+];
    };
}

rates! {
    // --- Reports ---
    /// Matters that somebody else tells of as well within hours: assumed.
    TOLD_AGAIN = 40;
    /// Calls on which the case is opened during the call: assumed.
    OPENED_AT_ONCE = 850;
    /// Citizens' reports from the pool that are no case and are answered at once: assumed.
    ANSWERED = 90;
    /// Those that are not the city's to do: assumed.
    REJECTED = 25;
    /// Those that are taken back: assumed.
    WITHDRAWN = 25;
    /// Reports taken from the pool that are put back for another: assumed.
    RELEASED = 25;
    /// Reporters who do not want to be named to the handlers: assumed.
    HIDDEN = 60;
    /// Citizens' cases that are run as 12345 requests, with callback: assumed.
    HOTLINE = 400;
    /// Citizens' and inspectors' cases that are run as small matters: assumed.
    QUICK = 70;
    /// What inspectors put right themselves at once: assumed.
    SELF_HANDLED = 150;
    /// Leaders' orders without a report and a place, of all that comes in: assumed.
    ORDERS = 6;
    /// New cases that are one with another at the same place and are merged: assumed.
    MERGED = 600;
    /// Cases that are split: assumed.
    SPLIT = 8;
    /// Citizens' reports that turn out to be about another case under way as well: assumed.
    JOINED = 25;
    /// Citizens whom the desk hides from the handlers though they did not ask for it: assumed.
    HIDDEN_BY_DESK = 12;
    // --- The desk ---
    /// Cases verified before filing: assumed.
    VERIFIED = 50;
    /// Verifications that find it untrue: assumed.
    UNTRUE = 150;
    /// Filed cases that dispatch sends back: assumed.
    SENT_BACK = 8;
    /// Cases filed or dispatched later than they should: assumed.
    SLOW_DESK = 40;
    /// Dispatches that are taken back at once: assumed.
    RECALLED = 8;
    /// Dispatches with a co-handler (一单多派): assumed.
    JOINT = 120;
    /// Dispatches to whom routing names: assumed.
    FOLLOWED = 850;
    /// Of the others that are a street's matter, those that the district's centre takes on itself and gives on down the line:
    /// assumed.
    BY_DISTRICT = 200;
    // --- Handling ---
    /// Dispatches to the right one that come back: with the next, nine of a hundred of all. 准确派遣率 is quoted at about 75 %
    /// nationally in the press; a well-run district does better.
    RETURNED = 60;
    /// Dispatches to somebody who has little to do with it that come back: assumed.
    RETURNED_ASTRAY = 320;
    /// Of those, the ones that come back a second time: assumed.
    RETURNED_AGAIN = 350;
    /// Of those, the ones whose third holder demands a ruling: assumed.
    RULING = 600;
    /// Tasks accepted after the response limit: assumed.
    LATE_RESPONSE = 60;
    /// Accepted tasks that are given to a person (指派): assumed.
    ASSIGNED = 250;
    /// Handlers who call the reporter (联系群众): assumed.
    CONTACTED = 500;
    /// Contacts in which the reporter is reached: assumed.
    REACHED_BY_HANDLER = 850;
    /// Tasks of a street or station that are given on to the one below: assumed.
    DELEGATED = 300;
    /// Tasks of a street or station that call in a department (吹哨报到): assumed.
    WHISTLED = 60;
    /// Co-handlers who are not needed any more and taken back: assumed.
    REVOKED = 80;
    /// Leads that ask for an extension: assumed.
    EXTENSION_ASKED = 35;
    /// Extensions that are granted: assumed.
    EXTENSION_GRANTED = 850;
    /// Leads that ask for a suspension: assumed.
    SUSPENSION_ASKED = 20;
    /// Suspensions that are granted: assumed.
    SUSPENSION_GRANTED = 800;
    /// Suspensions that are ended before their date, because what was waited for came: assumed.
    RESUMED = 400;
    /// Tasks handled after their deadline: assumed.
    LATE_HANDLING = 70;
    /// Tasks that nobody finishes until the story ends: assumed.
    FORGOTTEN = 8;
    /// Cases that are urged: assumed.
    URGED = 45;
    /// Cases marked as important: assumed.
    MARKED = 15;
    /// Cases whose level is changed while they are handled: assumed.
    LEVELLED = 15;
    /// Cases that are given a deadline from above: assumed.
    DEADLINE_GIVEN = 12;
    /// Cases that are put into the emergency mode (平急转换): assumed.
    IN_MODE = 12;
    /// Cases that a shift leader watches (关注): assumed.
    WATCHED = 30;
    /// Of those, the ones let go once they are closed: assumed.
    UNWATCHED = 600;
    /// Callbacks that a shift leader gives to a clerk: assumed.
    CALLBACK_ASSIGNED = 100;
    /// Citizens who have what they told deleted once it is over: assumed, more than there will be.
    ERASED = 40;
    /// Cases that are supervised (督办): assumed.
    SUPERVISED = 15;
    /// Steps of the last hours that nobody has taken yet, so that every stage has living cases: assumed.
    LEFT_OPEN = 350;
    /// The same of the rest of the last day: assumed.
    LEFT_OPEN_EARLIER = 60;
    // --- After handling ---
    /// Inspections that fail (返工): assumed.
    REWORK = 55;
    /// Inspections later than they should be: assumed.
    LATE_INSPECTION = 50;
    /// Calls back before which the clerk looks at the reporter's number unmasked; the others are connected by the switchboard:
    /// assumed.
    UNMASKED = 300;
    /// Calls back that reach nobody: assumed.
    UNREACHED = 200;
    /// Reporters who say that it is solved: assumed, near the rates that districts publish.
    SOLVED = 900;
    /// Of what is not solved, what is done again: assumed.
    REDONE = 600;
    /// Reporters without a call back who rate: assumed.
    RATED = 150;
    /// Closed cases that are opened again: assumed.
    REOPENED = 10;
    /// Closed cases whose exclusion from the numbers is asked for: assumed.
    EXCLUDED = 8;
    /// Exclusions that are granted: assumed.
    EXCLUSION_GRANTED = 700;
    /// Late cases whose department appeals: assumed.
    APPEALED = 200;
    /// Reviews of appeals that approve: assumed.
    APPEAL_GRANTED = 700;
}

/// How content reporters are, from very satisfied to very dissatisfied, when it is solved: assumed.
pub(super) const CONTENT: &[f64] = &[620.0, 250.0, 80.0, 35.0, 15.0];
/// The same when it is not solved: assumed.
pub(super) const DISCONTENT: &[f64] = &[10.0, 40.0, 150.0, 450.0, 350.0];
