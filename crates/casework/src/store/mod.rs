//! All SQL of casework: the only writer and reader of its tables. [`read`] and [`write`] carry states, [`listing`] what lists of cases
//! and reports are made of, [`task_list`] composes lists of tasks.

pub mod attachments;
pub mod list;
pub mod listing;
pub mod read;
pub mod routing;
pub mod search;
pub mod statistics;
pub mod task_list;
pub mod write;

use self::listing::{case_entry_columns, report_entry_columns};
use ::store::handover::Table;
use ::store::{Migration, Room, StoreError, Tx, params, statements};

/// Casework as the store sees it.
pub const ROOM: Room = Room {
    name: "casework",
    migrations: &[
        Migration {
            name: "0001_casework",
            sql: include_str!("../../migrations/0001_casework.sql"),
        },
        Migration {
            name: "0002_statistics",
            sql: include_str!("../../migrations/0002_statistics.sql"),
        },
    ],
    statements: STATEMENTS,
    tables: TABLES,
};

/// What becomes of each table when the city is handed over. State rows go along, though they are folds of the timelines: `verify` holds
/// them against each other on the other side. The numbers are made anew.
const TABLES: &[Table] = &[
    Table::handed("report", &["id"]),
    Table::handed("case_file", &["id"]),
    Table::handed("case_words", &["case_id"]),
    Table::handed("task", &["id"]),
    Table::handed("report_case", &["report_id", "case_id"]),
    Table::handed("case_organisation", &["case_id", "organisation_path"]),
    Table::handed("case_zone", &["zone_id", "case_id"]),
    Table::handed("case_watch", &["account_id", "case_id"]),
    Table::handed("note", &["id"]),
    Table::handed("attachment", &["id"]),
    Table::stays("upload"),
    Table::stays("upload_piece"),
    Table::handed("timeline", &["subject_id", "seq"]),
    Table::handed("fallback_organisation", &["area_path"]),
    Table::handed("number_series", &["series"]),
    Table::replacing("source", &["code"]),
    Table::replacing("process", &["code", "version"]),
    Table::handed("route", &["id"]),
    Table::handed("dispatch", &["task_id"]),
    Table::made_anew("obligation"),
    Table::made_anew("obligation_day"),
    Table::made_anew("report_zone"),
    Table::handed("rate_choice", &["rate"]),
];

/// The columns of a case that make its state, in the order `read` expects.
macro_rules! case_columns {
    () => {
        "c.id, c.version, c.case_no, c.stage, c.level, c.source, c.category_id, c.area_path, c.lon, c.lat, c.process_code,
         c.process_version, c.rule_row_id, c.rule_row_version, c.rule_limit, c.words_digest, c.accepted_by_id,
         c.accepted_by_path, c.filed_by_id, c.filed_by_path, c.started_at, c.yellow_at, c.due_at, c.rework_count,
         c.accepted_at, c.filed_at, c.dispatched_at, c.handled_at, c.inspected_at, c.closed_at, c.extra"
    };
}

/// The columns of a task, in the order `read` expects.
macro_rules! task_columns {
    () => {
        "t.id, t.kind, t.role, t.organisation_id, t.organisation_path, t.state, t.response_started_at, t.response_yellow_at,
         t.response_due_at, t.handling_started_at, t.handling_yellow_at, t.handling_due_at, t.response_overdue,
         t.handling_overdue, t.opened_at, t.accepted_at, t.finished_at, t.assignee, t.handled_by, t.result_note_id,
         t.result_digest, t.rework_count, t.case_id, t.extra"
    };
}

/// The columns of a report that make its state, in the order `read` expects.
macro_rules! report_columns {
    () => {
        "r.id, r.version, r.report_no, r.stage, r.source, r.words_digest, r.area_path, r.lon, r.lat, r.external_system,
         r.external_id, r.received_at, r.accepted_at, r.settled_at, r.organisation_id, r.organisation_path,
         r.reporter_hidden, r.extra, r.level, r.pool_started_at, r.pool_yellow_at, r.pool_due_at"
    };
}

/// The columns of an attachment, in the order `attachments` expects.
macro_rules! attachment_columns {
    () => {
        "a.id, a.state, a.kind, a.size_bytes, a.digest, a.thumbnail_digest, a.thumbnail_bytes, a.width, a.height, a.taken_at, a.lon,
         a.lat, a.name_sealed, a.uploaded_by, a.uploaded_at, a.report_id, a.case_id, a.task_id, a.operation, a.attached_at"
    };
}
/// A case and its sealed words: its own, and those of its first report.
macro_rules! case_words_columns {
    () => {
        concat!(
            "SELECT ",
            case_columns!(),
            ", c.lead_organisation_id, w.case_id, w.words_sealed, p.id, p.words_sealed, c.updated_at FROM case_file c
             LEFT JOIN case_words w ON w.case_id = c.id LEFT JOIN report p ON p.id = c.first_report_id"
        )
    };
}
pub(crate) use {case_columns, case_words_columns, report_columns, task_columns};

statements! {
    /// One case.
    CASE_BY_ID = concat!("SELECT ", case_columns!(), " FROM case_file c WHERE c.id = ?1");
    /// The case of a task.
    CASE_BY_TASK = concat!("SELECT ", case_columns!(), " FROM case_file c WHERE c.id = (SELECT case_id FROM task WHERE id = ?1)");
    /// Cases in order of id, for the verifier.
    CASES_AFTER = concat!("SELECT ", case_columns!(), " FROM case_file c WHERE c.id > ?1 ORDER BY c.id LIMIT ?2");
    /// The sealed words of a case: its own, and those of its first report.
    CASE_WORDS = "SELECT w.case_id, w.words_sealed, r.id, r.words_sealed FROM case_file c
        LEFT JOIN case_words w ON w.case_id = c.id LEFT JOIN report r ON r.id = c.first_report_id WHERE c.id = ?1";
    /// The tasks of a case, oldest first.
    TASKS_OF_CASE = concat!("SELECT ", task_columns!(), " FROM task t WHERE t.case_id = ?1 ORDER BY t.id");
    /// Who holds a task.
    TASK_HOLDER = "SELECT organisation_id, organisation_path FROM task WHERE id = ?1";
    /// One report.
    REPORT_BY_ID = concat!("SELECT ", report_columns!(), " FROM report r WHERE r.id = ?1");
    /// Reports in order of id, for the verifier.
    REPORTS_AFTER = concat!("SELECT ", report_columns!(), " FROM report r WHERE r.id > ?1 ORDER BY r.id LIMIT ?2");
    /// What is sealed of a report.
    REPORT_SEALED = "SELECT words_sealed, reporter_sealed FROM report WHERE id = ?1";
    /// The report taken from elsewhere under this key.
    REPORT_BY_EXTERNAL = "SELECT id FROM report WHERE external_system = ?1 AND external_id = ?2";
    /// Reports of one phone number.
    REPORTS_BY_REPORTER = concat!("SELECT ", report_columns!(), ", r.title_sealed FROM report r WHERE r.reporter_key = ?1
        ORDER BY r.id DESC LIMIT 200");
    /// The cases of a report.
    CASES_OF_REPORT = "SELECT case_id, closed FROM report_case WHERE report_id = ?1 ORDER BY case_id";
    /// The reports of a case.
    REPORTS_OF_CASE = "SELECT report_id FROM report_case WHERE case_id = ?1 ORDER BY report_id";
    /// The organisations that hold or held tasks of the cases of a report.
    ORGANISATIONS_OF_REPORT = "SELECT DISTINCT o.organisation_path FROM report_case x
        JOIN case_organisation o ON o.case_id = x.case_id WHERE x.report_id = ?1";
    /// What is known of some of the cases of a report.
    EXTRAS_OF_REPORT = "SELECT c.extra FROM report_case x JOIN case_file c ON c.id = x.case_id WHERE x.report_id = ?1";
    /// The organisations that may see a case.
    ORGANISATIONS_OF_CASE = "SELECT organisation_path FROM case_organisation WHERE case_id = ?1 ORDER BY organisation_path";
    /// How a case is marked.
    MARKS_OF_CASE = "SELECT is_important, is_supervised, is_suspended, is_escalated, asked FROM case_file WHERE id = ?1";
    /// Where cases lie, after an id.
    CASE_PLACES_AFTER = "SELECT id, area_path, lon, lat FROM case_file WHERE id > ?1 ORDER BY id LIMIT ?2";
    /// The zones that the cases of a range of ids lie in.
    ZONES_OF_CASES = "SELECT case_id, zone_id FROM case_zone WHERE case_id > ?1 AND case_id <= ?2";
    /// One case with its words.
    CASE_FOUND = concat!(case_words_columns!(), " WHERE c.id = ?1");
    /// Cases with their words, the newest first.
    CASES_FOUND_BELOW = concat!(case_words_columns!(), " WHERE c.id < ?1 ORDER BY c.id DESC LIMIT ?2");
    /// The organisations that see the cases of a range of ids.
    ORGANISATIONS_OF_CASES = "SELECT case_id, organisation_path FROM case_organisation WHERE case_id >= ?1 AND case_id <= ?2";
    /// One report with its words.
    REPORT_FOUND = concat!("SELECT ", report_columns!(), ", r.words_sealed FROM report r WHERE r.id = ?1");
    /// Reports with their words, the newest first.
    REPORTS_FOUND_BELOW = concat!("SELECT ", report_columns!(), ", r.words_sealed FROM report r WHERE r.id < ?1 ORDER BY r.id DESC LIMIT ?2");
    /// Whether somebody watches a case.
    CASE_WATCHED = "SELECT watched_at FROM case_watch WHERE account_id = ?1 AND case_id = ?2";
    // Of lists.
    /// What lists know of cases after an id.
    CASE_ENTRIES = concat!(case_entry_columns!(), " WHERE c.id > ?1 ORDER BY c.id LIMIT ?2");
    /// What they know of reports.
    REPORT_ENTRIES = concat!(report_entry_columns!(), " WHERE r.id > ?1 ORDER BY r.id LIMIT ?2");
    /// The cases an organisation, or one below it, has to do with.
    CASES_OF_TIED = "SELECT case_id FROM case_organisation WHERE organisation_path = ?1 ORDER BY case_id";
    /// The cases that lie in a zone.
    CASES_OF_ZONE = "SELECT case_id FROM case_zone WHERE zone_id = ?1 ORDER BY case_id";
    /// The cases whose number begins so.
    CASES_NUMBERED = "SELECT id FROM case_file WHERE case_no >= ?1 AND case_no < ?2 ORDER BY case_no LIMIT 100000";
    /// The reports whose number begins so.
    REPORTS_NUMBERED = "SELECT id FROM report WHERE report_no >= ?1 AND report_no < ?2 ORDER BY report_no LIMIT 100000";
    /// The cases an account watches.
    CASES_WATCHED = "SELECT case_id FROM case_watch WHERE account_id = ?1 ORDER BY case_id";
    /// The reports a person has taken.
    REPORTS_CLAIMED = "SELECT id FROM report WHERE claimed_by = ?1 ORDER BY id";
    /// The cases of open tasks held within a subtree.
    CASES_HELD = "SELECT t.case_id, t.state FROM task t
        WHERE t.state IN ('assigned', 'accepted') AND t.organisation_path >= ?1 AND t.organisation_path < ?2";
    /// A timeline.
    TIMELINE = "SELECT seq, kind, occurred_at, recorded_at, account_id, staff_id, organisation_id, organisation_path, role,
        schema_number, body FROM timeline WHERE subject_id = ?1 ORDER BY seq";
    /// A part of a timeline.
    TIMELINE_PART = "SELECT seq, kind, occurred_at, recorded_at, account_id, staff_id, organisation_id, organisation_path, role,
        schema_number, body FROM timeline WHERE subject_id = ?1 AND seq > ?2 AND seq <= ?3 ORDER BY seq";
    /// The notes of a case.
    NOTE_BY_ID = "SELECT sealed FROM note WHERE id = ?1";
    /// How many timelines there are, and how many subjects.
    COUNTS = "SELECT (SELECT COUNT(*) FROM timeline WHERE seq = 1), (SELECT COUNT(*) FROM case_file),
        (SELECT COUNT(*) FROM report)";
    /// Timeline entries of a subject that has no row.
    TIMELINE_ORPHANS = "SELECT t.subject_id FROM timeline t WHERE t.seq = 1
        AND NOT EXISTS (SELECT 1 FROM case_file c WHERE c.id = t.subject_id)
        AND NOT EXISTS (SELECT 1 FROM report r WHERE r.id = t.subject_id) LIMIT 100";
    /// Links that point nowhere.
    REPORT_CASE_ORPHANS = "SELECT x.report_id, x.case_id FROM report_case x
        WHERE NOT EXISTS (SELECT 1 FROM case_file c WHERE c.id = x.case_id)
        OR NOT EXISTS (SELECT 1 FROM report r WHERE r.id = x.report_id) LIMIT 100";
    /// Open ties to cases that have ended, and the other way round. A report that was withdrawn has no open ties.
    REPORT_CASE_ASTRAY = "SELECT x.report_id, x.case_id FROM report_case x JOIN case_file c ON c.id = x.case_id
        JOIN report r ON r.id = x.report_id
        WHERE x.closed <> (c.stage IN ('closed', 'cancelled', 'merged') OR r.stage = 'withdrawn') LIMIT 100";
    /// Reports whose stage contradicts their ties: under way without an open one, or at an end with one.
    REPORTS_ASTRAY = "SELECT r.id FROM report r
        WHERE (r.stage = 'accepted') <> EXISTS (SELECT 1 FROM report_case x WHERE x.report_id = r.id AND NOT x.closed) LIMIT 100";
    /// Reports to be called back without the one open task to do so, and the other way round.
    CALLBACKS_ASTRAY = "SELECT r.id FROM report r WHERE r.stage = 'calling_back' AND NOT EXISTS (SELECT 1 FROM task t
        WHERE t.report_id = r.id AND t.state = 'assigned')
        UNION ALL SELECT t.report_id FROM task t JOIN report r ON r.id = t.report_id
        WHERE t.state = 'assigned' AND r.stage <> 'calling_back' LIMIT 100";
    /// Tasks of no case and no report.
    TASK_ORPHANS = "SELECT t.id FROM task t WHERE NOT EXISTS (SELECT 1 FROM case_file c WHERE c.id = t.case_id)
        AND NOT EXISTS (SELECT 1 FROM report r WHERE r.id = t.report_id) LIMIT 100";

    /// A new report.
    REPORT_ADD = "INSERT INTO report (id, version, report_no, stage, source, words_sealed, words_digest, title_sealed,
        reporter_sealed, reporter_key, reporter_hidden, area_path, lon, lat, external_system, external_id, organisation_id,
        organisation_path, received_at, recorded_at, accepted_at, extra, level,
        pool_started_at, pool_yellow_at, pool_due_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24,
        ?25, ?26)";
    /// A report has moved on.
    REPORT_MOVE = "UPDATE report SET version = ?3, stage = ?4, accepted_at = ?5, settled_at = ?6, extra = ?7,
        claimed_by = ?8, pool_started_at = ?9, pool_yellow_at = ?10, pool_due_at = ?11 WHERE id = ?1 AND version = ?2";
    /// What a later file tells otherwise of a report: its words.
    REPORT_WORDS_CORRECT = "UPDATE report SET words_sealed = ?2, words_digest = ?3, title_sealed = ?4 WHERE id = ?1";
    /// The same: its place.
    REPORT_PLACE_CORRECT = "UPDATE report SET area_path = ?2, lon = ?3, lat = ?4 WHERE id = ?1";
    /// The same of a case; its words are those of its report.
    CASE_CORRECT = "UPDATE case_file SET category_id = ?2, words_digest = ?3, area_path = ?4, lon = ?5, lat = ?6 WHERE id = ?1";
    /// A new case.
    CASE_ADD = "INSERT INTO case_file (id, version, case_no, stage, level, source, category_id, area_path, lon, lat,
        process_code, process_version, words_digest, first_report_id, accepted_by_id, accepted_by_path, started_at, yellow_at, due_at,
        rework_count, accepted_at, extra, updated_at, is_important, is_supervised, is_suspended, is_escalated, asked)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, 0, ?20, ?21, ?22,
        FALSE, FALSE, FALSE, FALSE, 0)";
    /// The own words of a case.
    CASE_WORDS_ADD = "INSERT INTO case_words (case_id, words_sealed, title_sealed) VALUES (?1, ?2, ?3)";
    /// A case has moved on.
    CASE_MOVE = "UPDATE case_file SET version = ?3, stage = ?4, rule_row_id = ?5, rule_row_version = ?6, rule_limit = ?7,
        filed_by_id = ?8, filed_by_path = ?9, lead_organisation_id = ?10, started_at = ?11, yellow_at = ?12, due_at = ?13,
        rework_count = ?14, filed_at = ?15, dispatched_at = ?16, handled_at = ?17, inspected_at = ?18, closed_at = ?19,
        extra = ?20, updated_at = ?21 WHERE id = ?1 AND version = ?2";
    /// It is marked otherwise. Apart, because these stand in every index of cases.
    CASE_MARK = "UPDATE case_file SET level = ?2, is_important = ?3, is_supervised = ?4, is_suspended = ?5,
        is_escalated = ?6, asked = ?7 WHERE id = ?1";
    /// A case has moved on within its stage: a task was accepted or finished.
    CASE_TOUCH = "UPDATE case_file SET version = ?3, updated_at = ?4 WHERE id = ?1 AND version = ?2";
    /// A new task.
    TASK_ADD = "INSERT INTO task (id, case_id, kind, role, organisation_id, organisation_path, state, response_started_at,
        response_yellow_at, response_due_at, handling_started_at, handling_yellow_at, handling_due_at, response_overdue,
        handling_overdue, opened_at, handled_by, rework_count, extra)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, FALSE, FALSE, ?14, ?15, 0, ?16)";
    /// A new task to call a reporter back.
    CALLBACK_ADD = "INSERT INTO task (id, report_id, kind, role, organisation_id, organisation_path, state,
        handling_started_at, handling_yellow_at, handling_due_at, response_overdue, handling_overdue, opened_at,
        handled_by, rework_count, extra)
        VALUES (?1, ?2, 'callback', 'lead', ?3, ?4, ?5, ?6, ?7, ?8, FALSE, FALSE, ?9, '[]', 0, '{}')";
    /// A task to call a reporter back has moved on.
    CALLBACK_MOVE = "UPDATE task SET state = ?2, handling_overdue = ?3, finished_at = ?4, assignee = ?5 WHERE id = ?1";
    /// A task has moved on.
    TASK_MOVE = "UPDATE task SET state = ?2, handling_started_at = ?3, handling_yellow_at = ?4, handling_due_at = ?5,
        response_overdue = ?6, handling_overdue = ?7, opened_at = ?8, accepted_at = ?9, finished_at = ?10, assignee = ?11,
        handled_by = ?12, result_note_id = ?13, result_digest = ?14, rework_count = ?15, extra = ?16,
        response_started_at = ?17, response_yellow_at = ?18, response_due_at = ?19 WHERE id = ?1";
    /// A report opens or joins a case.
    REPORT_CASE_ADD = "INSERT INTO report_case (report_id, case_id, closed) VALUES (?1, ?2, FALSE)";
    /// A case of a report has ended, or is open again.
    REPORT_CASE_MOVE = "UPDATE report_case SET closed = ?3 WHERE report_id = ?1 AND case_id = ?2";
    /// Where reports come from.
    SOURCES = "SELECT code, version, name_zh, name_en, channel, is_active FROM source ORDER BY code";
    /// A new source.
    SOURCE_ADD = "INSERT INTO source (code, version, name_zh, name_en, channel, is_active) VALUES (?1, 1, ?2, ?3, ?4, TRUE)";
    /// A source is called otherwise, or is put in or out of use.
    SOURCE_MOVE = "UPDATE source SET version = ?3, name_zh = ?4, name_en = ?5, channel = ?6, is_active = ?7
        WHERE code = ?1 AND version = ?2";
    /// An organisation may see a case.
    CASE_ORGANISATION_ADD = "INSERT INTO case_organisation (case_id, organisation_path) VALUES (?1, ?2)
        ON CONFLICT (case_id, organisation_path) DO NOTHING";
    /// A case lies in a zone.
    CASE_ZONE_ADD = "INSERT INTO case_zone (zone_id, case_id) VALUES (?1, ?2)";
    /// It lies there no more.
    CASE_ZONE_DROP = "DELETE FROM case_zone WHERE zone_id = ?1 AND case_id = ?2";
    /// What a reporter told is destroyed, and who that was.
    REPORT_FORGET = "UPDATE report SET words_sealed = NULL, title_sealed = NULL, reporter_sealed = NULL, reporter_key = NULL WHERE id = ?1";
    /// The words of a case are.
    CASE_FORGET = "UPDATE case_words SET words_sealed = NULL, title_sealed = NULL WHERE case_id = ?1";
    /// A note is.
    NOTE_FORGET = "UPDATE note SET sealed = NULL WHERE id = ?1";
    /// Somebody watches a case.
    CASE_WATCH_ADD = "INSERT INTO case_watch (account_id, case_id, watched_at) VALUES (?1, ?2, ?3)
        ON CONFLICT (account_id, case_id) DO NOTHING";
    /// Somebody watches it no more.
    CASE_WATCH_DROP = "DELETE FROM case_watch WHERE account_id = ?1 AND case_id = ?2";
    /// A sealed note.
    NOTE_ADD = "INSERT INTO note (id, subject_id, sealed) VALUES (?1, ?2, ?3)";
    /// One more event.
    TIMELINE_ADD = "INSERT INTO timeline (subject_id, seq, kind, occurred_at, recorded_at, account_id, staff_id,
        organisation_id, organisation_path, role, schema_number, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    /// The fallback organisation of an area.
    FALLBACK_SET = "INSERT INTO fallback_organisation (area_path, organisation_id, set_at) VALUES (?1, ?2, ?3)
        ON CONFLICT (area_path) DO UPDATE SET organisation_id = excluded.organisation_id, set_at = excluded.set_at";
    /// The same, read.
    FALLBACK_OF = "SELECT area_path, organisation_id, set_at FROM fallback_organisation WHERE area_path = ?1";
    /// All of them, by area.
    FALLBACKS_AFTER = "SELECT area_path, organisation_id, set_at FROM fallback_organisation WHERE area_path > ?1
        ORDER BY area_path LIMIT ?2";
    // Of attachments.
    /// One of them.
    ATTACHMENT_BY_ID = concat!("SELECT ", attachment_columns!(), " FROM attachment a WHERE a.id = ?1");
    /// Those of a report.
    ATTACHMENTS_OF_REPORT = concat!("SELECT ", attachment_columns!(), " FROM attachment a
        WHERE a.report_id = ?1 AND a.state = 'attached' ORDER BY a.id");
    /// Those of a case and of its reports.
    ATTACHMENTS_OF_CASE = concat!("SELECT ", attachment_columns!(), " FROM attachment a WHERE a.case_id = ?1 AND a.state = 'attached'
        UNION ALL SELECT ", attachment_columns!(), " FROM report_case x JOIN attachment a ON a.report_id = x.report_id
        WHERE x.case_id = ?1 AND a.state = 'attached'");
    /// All that was ever attached to a report or case.
    ATTACHMENTS_OF_SUBJECT = concat!("SELECT ", attachment_columns!(), " FROM attachment a WHERE a.case_id = ?1
        UNION ALL SELECT ", attachment_columns!(), " FROM attachment a WHERE a.report_id = ?1");
    /// How many of an account wait, up to a limit.
    ATTACHMENTS_WAITING_OF = "SELECT COUNT(*) FROM (SELECT id FROM attachment WHERE uploaded_by = ?1 AND state = 'waiting' LIMIT ?2) n";
    /// What there should be, in order of id, for the verifier.
    ATTACHMENTS_AFTER = concat!("SELECT ", attachment_columns!(), " FROM attachment a
        WHERE a.id > ?1 AND a.state IN ('waiting', 'attached') ORDER BY a.id LIMIT ?2");
    /// Whose bytes are still there, in a range of ids.
    ATTACHMENTS_KNOWN = "SELECT id FROM attachment WHERE id >= ?1 AND id <= ?2 AND state <> 'gone'";
    /// Those whose bytes are to be destroyed.
    ATTACHMENTS_DROPPED = concat!("SELECT ", attachment_columns!(), " FROM attachment a WHERE a.state = 'dropped'
        ORDER BY a.uploaded_at, a.id LIMIT ?1");
    /// A new one.
    ATTACHMENT_ADD = "INSERT INTO attachment (id, state, kind, size_bytes, digest, thumbnail_digest, thumbnail_bytes, width, height,
        taken_at, lon, lat, name_sealed, uploaded_by, uploaded_at)
        VALUES (?1, 'waiting', ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
    /// It goes with an action.
    ATTACHMENT_ATTACH = "UPDATE attachment SET state = 'attached', report_id = ?2, case_id = ?3, task_id = ?4, operation = ?5,
        attached_at = ?6 WHERE id = ?1 AND state = 'waiting'";
    // Of files that come in pieces.
    /// One of a caller.
    UPLOAD_BY_KEY = "SELECT id, length_bytes, received_bytes, attachment_id FROM upload WHERE caller = ?1 AND key = ?2";
    /// One begins.
    UPLOAD_ADD = "INSERT INTO upload (id, caller, key, length_bytes, received_bytes, begun_at) VALUES (?1, ?2, ?3, ?4, 0, ?5)";
    /// So much of it is here.
    UPLOAD_RECEIVED = "UPDATE upload SET received_bytes = ?3 WHERE id = ?1 AND received_bytes = ?2";
    /// It is whole.
    UPLOAD_WHOLE = "UPDATE upload SET attachment_id = ?2 WHERE id = ?1";
    /// A piece of it.
    UPLOAD_PIECE_ADD = "INSERT INTO upload_piece (upload_id, from_byte, bytes) VALUES (?1, ?2, ?3)";
    /// The piece of it that begins there.
    UPLOAD_PIECE = "SELECT bytes FROM upload_piece WHERE upload_id = ?1 AND from_byte = ?2";
    /// They are one file by now.
    UPLOAD_PIECES_DROP = "DELETE FROM upload_piece WHERE upload_id = ?1";
    /// How many a caller has begun, as far as anybody asks.
    UPLOADS_OF = "SELECT COUNT(*), CAST(COALESCE(SUM(length_bytes), 0) AS BIGINT) FROM upload WHERE caller = ?1 AND attachment_id IS NULL";
    /// Whole since long, or begun long ago and not whole yet.
    UPLOADS_OLD = "SELECT id FROM upload WHERE begun_at < ?1 OR (begun_at < ?2 AND attachment_id IS NULL) ORDER BY begun_at LIMIT ?3";
    /// Nobody goes on with it.
    UPLOAD_DROP = "DELETE FROM upload WHERE id = ?1";
    // Of reporters, who follow what they told.
    /// The report of this number, if this is the phone it was told from.
    REPORT_OF_REPORTER = "SELECT id FROM report WHERE report_no = ?1 AND reporter_key = ?2";
    /// A case by its number.
    CASE_ID_BY_NO = "SELECT id FROM case_file WHERE case_no = ?1";
    /// How many have told of a case, a phone once.
    REPORTERS_OF_CASE = "SELECT COUNT(DISTINCT r.reporter_key) + COUNT(CASE WHEN r.reporter_key IS NULL THEN 1 END)
        FROM report_case x JOIN report r ON r.id = x.report_id WHERE x.case_id = ?1";
    /// Nothing has used them in time.
    ATTACHMENTS_DROP_WAITING = "UPDATE attachment SET state = 'dropped' WHERE state = 'waiting' AND uploaded_at < ?1";
    /// What was sent with a report is forgotten.
    ATTACHMENTS_FORGET_OF_REPORT = "UPDATE attachment SET state = 'dropped', name_sealed = NULL, taken_at = NULL, lon = NULL, lat = NULL
        WHERE report_id = ?1 AND state = 'attached'";
    /// The same of a case.
    ATTACHMENTS_FORGET_OF_CASE = "UPDATE attachment SET state = 'dropped', name_sealed = NULL, taken_at = NULL, lon = NULL, lat = NULL
        WHERE case_id = ?1 AND state = 'attached'";
    /// Its bytes are destroyed.
    ATTACHMENT_GONE = "UPDATE attachment SET state = 'gone' WHERE id = ?1 AND state = 'dropped'";
    /// And nothing names it.
    ATTACHMENT_DELETE = "DELETE FROM attachment WHERE id = ?1 AND state = 'dropped'";
    // Of exports, page by page.
    /// Cases, and what their state does not say.
    EXPORT_CASES = concat!("SELECT ", case_columns!(), ", c.lead_organisation_id, c.is_important, c.is_supervised, c.is_suspended
        FROM case_file c WHERE c.id > ?1 ORDER BY c.id LIMIT ?2");
    /// Reports, and what is sealed of them.
    EXPORT_REPORTS = concat!("SELECT ", report_columns!(), ", r.words_sealed, r.reporter_sealed FROM report r
        WHERE r.id > ?1 ORDER BY r.id LIMIT ?2");
    /// Tasks, and the number of what they are of.
    EXPORT_TASKS = concat!("SELECT ", task_columns!(), ", c.case_no, r.report_no FROM task t
        LEFT JOIN case_file c ON c.id = t.case_id LEFT JOIN report r ON r.id = t.report_id
        WHERE t.id > ?1 ORDER BY t.id LIMIT ?2");
    /// Timelines, and the number of whose each is.
    EXPORT_TIMELINE = "SELECT t.seq, t.kind, t.occurred_at, t.recorded_at, t.account_id, t.staff_id, t.organisation_id,
        t.organisation_path, t.role, t.schema_number, t.body, t.subject_id, c.case_no, r.report_no FROM timeline t
        LEFT JOIN case_file c ON c.id = t.subject_id LEFT JOIN report r ON r.id = t.subject_id
        WHERE (t.subject_id, t.seq) > (?1, ?2) ORDER BY t.subject_id, t.seq LIMIT ?3";
    /// Notes, and the number of whose each is.
    EXPORT_NOTES = "SELECT n.id, n.subject_id, n.sealed, c.case_no, r.report_no FROM note n
        LEFT JOIN case_file c ON c.id = n.subject_id LEFT JOIN report r ON r.id = n.subject_id
        WHERE n.id > ?1 ORDER BY n.id LIMIT ?2";
    /// The numbers of the reports of a case.
    REPORT_NOS_OF_CASE = "SELECT r.report_no FROM report_case x JOIN report r ON r.id = x.report_id WHERE x.case_id = ?1 ORDER BY r.id";
    /// The numbers of the cases of a report.
    CASE_NOS_OF_REPORT = "SELECT c.case_no FROM report_case x JOIN case_file c ON c.id = x.case_id WHERE x.report_id = ?1 ORDER BY c.id";
    /// Who reported what a case or report is about, sealed.
    REPORTERS_OF_SUBJECT = "SELECT r.id, r.reporter_sealed FROM report r WHERE r.id = ?1 AND r.reporter_sealed IS NOT NULL
        UNION ALL SELECT r.id, r.reporter_sealed FROM report_case x JOIN report r ON r.id = x.report_id
        WHERE x.case_id = ?1 AND r.reporter_sealed IS NOT NULL";
    // Of processes and routing.
    /// The routing table.
    ROUTES = "SELECT id, version, kind, category_id, area_path, hours, unit_name, organisation_id, changed_at FROM route ORDER BY id";
    /// The fallback organisations of areas.
    FALLBACKS = "SELECT area_path, organisation_id FROM fallback_organisation ORDER BY area_path";
    /// One row of it.
    ROUTE_BY_ID = "SELECT id, version, kind, category_id, area_path, hours, unit_name, organisation_id, changed_at FROM route
        WHERE id = ?1";
    /// The row that speaks of an occasion.
    ROUTE_BY_OCCASION = "SELECT id FROM route WHERE occasion = ?1";
    /// A new row.
    ROUTE_ADD = "INSERT INTO route (id, version, kind, category_id, area_path, hours, unit_name, organisation_id, changed_at, occasion)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    /// A row has changed.
    ROUTE_CHANGE = "UPDATE route SET version = ?3, kind = ?4, category_id = ?5, area_path = ?6, hours = ?7, unit_name = ?8,
        organisation_id = ?9, changed_at = ?10, occasion = ?11 WHERE id = ?1 AND version = ?2";
    /// A row is gone.
    ROUTE_REMOVE = "DELETE FROM route WHERE id = ?1 AND version = ?2";
    /// A lead was given an order.
    DISPATCH_ADD = "INSERT INTO dispatch (task_id, case_id, dispatched_at, organisation_id, organisation_path, category_id, area_path,
        suggested_id, basis, followed, rule_row_id, component_id, maintainer_id, owner_id)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
    /// What users call a case.
    CASE_NO = "SELECT case_no FROM case_file WHERE id = ?1";
    /// It came back.
    DISPATCH_RETURNED = "UPDATE dispatch SET returned_at = ?2 WHERE task_id = ?1";
    /// Another order takes the place of those before.
    DISPATCH_REPLACED = "UPDATE dispatch SET replaced_at = ?2 WHERE case_id = ?1 AND replaced_at IS NULL";
    /// Every version of every process.
    PROCESSES = "SELECT code, version, document, is_built_in, saved_by, saved_at FROM process ORDER BY code, version";
    /// The newest version of a process.
    PROCESS_NEWEST = "SELECT MAX(version) FROM process WHERE code = ?1";
    /// A version is saved.
    PROCESS_ADD = "INSERT INTO process (code, version, document, is_built_in, saved_by, saved_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    /// A version that came with the product.
    PROCESS_ADD_BUILT_IN = "INSERT INTO process (code, version, document, is_built_in, saved_by, saved_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (code, version) DO NOTHING";
    // Of numbers.
    /// The obligations of a report or case.
    OBLIGATIONS_OF_SUBJECT = "SELECT kind, at, organisation_id, organisation_path, staff_id, role, area_path, street_path, category_id,
        source, marks FROM obligation WHERE subject_id = ?1 ORDER BY seq";
    /// One of them, new or changed.
    OBLIGATION_PUT = "INSERT INTO obligation (subject_id, seq, kind, at, organisation_id, organisation_path, staff_id, role, area_path,
        street_path, category_id, source, marks) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
        ON CONFLICT (subject_id, seq) DO UPDATE SET kind = excluded.kind, at = excluded.at,
        organisation_id = excluded.organisation_id, organisation_path = excluded.organisation_path,
        staff_id = excluded.staff_id, role = excluded.role, area_path = excluded.area_path,
        street_path = excluded.street_path, category_id = excluded.category_id, source = excluded.source,
        marks = excluded.marks";
    /// There are fewer than before.
    OBLIGATION_DROP = "DELETE FROM obligation WHERE subject_id = ?1 AND seq >= ?2";
    /// What the numbers of a report need of its cases.
    CASES_FOR_NUMBERS = "SELECT c.id, c.stage, c.filed_at, c.lead_organisation_id, c.category_id, c.extra FROM report_case x
        JOIN case_file c ON c.id = x.case_id WHERE x.report_id = ?1 ORDER BY c.id";
    /// The zones that a report lies in for the numbers.
    REPORT_ZONES = "SELECT zone_id FROM report_zone WHERE report_id = ?1 ORDER BY zone_id";
    /// The zones that its cases lie in.
    ZONES_OF_REPORT_CASES = "SELECT DISTINCT z.zone_id FROM report_case x JOIN case_zone z ON z.case_id = x.case_id
        WHERE x.report_id = ?1 ORDER BY z.zone_id";
    /// Where reports without any case lie, after an id.
    REPORT_PLACES_AFTER = "SELECT r.id, r.area_path, r.lon, r.lat FROM report r WHERE r.id > ?1
        AND NOT EXISTS (SELECT 1 FROM report_case x WHERE x.report_id = r.id) ORDER BY r.id LIMIT ?2";
    /// A report lies in a zone.
    REPORT_ZONE_ADD = "INSERT INTO report_zone (report_id, zone_id) VALUES (?1, ?2) ON CONFLICT (report_id, zone_id) DO NOTHING";
    /// It lies there no more.
    REPORT_ZONE_DROP = "DELETE FROM report_zone WHERE report_id = ?1 AND zone_id = ?2";
    /// What rates are divided by.
    RATE_CHOICES = "SELECT rate, denominator FROM rate_choice ORDER BY rate";
    /// A rate is divided by something else.
    RATE_CHOOSE = "INSERT INTO rate_choice (rate, denominator, chosen_at) VALUES (?1, ?2, ?3)
        ON CONFLICT (rate) DO UPDATE SET denominator = excluded.denominator, chosen_at = excluded.chosen_at";
    /// The number and stage of a case.
    CASE_HEAD = "SELECT case_no, stage FROM case_file WHERE id = ?1";
    /// The number and stage of a report.
    REPORT_HEAD = "SELECT report_no, stage FROM report WHERE id = ?1";
    /// Takes a block of serials.
    SERIALS_TAKE = "INSERT INTO number_series (series, next_serial) VALUES (?1, ?2)
        ON CONFLICT (series) DO UPDATE SET next_serial = number_series.next_serial + ?3 RETURNING next_serial";
}

/// Takes `count` serials of a series; answers the first serial after them. The first ever is 1.
pub fn take_serials(tx: &mut Tx<'_>, series: &str, count: i64) -> Result<i64, StoreError> {
    tx.query_opt(&SERIALS_TAKE, params![series, count + 1, count], |row| {
        row.get(0)
    })?
    .ok_or_else(|| StoreError::Corrupt("a number series gave no number".to_owned()))
}
