//! How much of anything is accepted, in one place. Beyond a limit the answer is a refusal, never a cut.

/// Bytes of an ordinary request body. A case with all its texts is under 64 KiB; this leaves room without inviting floods.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of one uploaded table. The largest real component survey seen (half a million rows) is under 100 MiB as CSV.
pub const IMPORT_BYTES_MAX: usize = 128 * 1024 * 1024;
/// Bytes of one photo, recording or document. A phone's best photo is 12 MiB, a minute of its video 20 MiB.
pub const ATTACHMENT_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Bytes of a file that comes in pieces: photos that a phone has made small, or one it has not.
pub const UPLOAD_BYTES_MAX: usize = 12 * 1024 * 1024;
/// Bytes of one piece of it: some seconds on a slow line.
pub const UPLOAD_PIECE_BYTES_MAX: usize = 512 * 1024;
/// Attachments of one action. A field worker takes a handful; twenty shows all sides of a building site.
pub const ATTACHMENTS_MAX: usize = 20;
/// Rows of one uploaded table. More than all components of a large city; a loop needs an end.
pub const IMPORT_ROWS_MAX: usize = 2_000_000;
/// Rejected rows a report lists one by one. Past this the file is wrong as a whole and the rest is only counted.
pub const IMPORT_REJECTIONS_LISTED_MAX: usize = 10_000;

/// Characters of a name (person, organisation, area, category). The longest official names have about 60.
pub const NAME_CHARACTERS_MAX: usize = 100;
/// Characters of a title or one-line text.
pub const TITLE_CHARACTERS_MAX: usize = 200;
/// Characters of an address in words.
pub const ADDRESS_CHARACTERS_MAX: usize = 300;
/// Characters of a remark or a reason. Reasons are read in lists; whoever needs more attaches a document.
pub const REMARK_CHARACTERS_MAX: usize = 1_000;
/// Characters of the description of a case. The longest real citizen messages have about 8,000.
pub const DESCRIPTION_CHARACTERS_MAX: usize = 10_000;
/// Characters of a machine name (code, role, tag, form field).
pub const CODE_CHARACTERS_MAX: usize = 64;
/// Characters of a search text. Longer ones find nothing and cost much.
pub const SEARCH_CHARACTERS_MAX: usize = 100;
/// Characters of a pattern or condition written by an administrator (CEL). Longer ones cannot be reviewed by eye.
pub const CONDITION_CHARACTERS_MAX: usize = 2_000;

/// Values in one filter of a list, e.g. `?stage=a,b,c`. Bounds the SQL composed from it.
pub const FILTER_VALUES_MAX: usize = 50;
/// Objects one command may name at once (batch dispatch, merge). Keeps a transaction short.
pub const BATCH_MAX: usize = 200;
/// Tasks of one case. Cases with more parties are split; a loop needs an end.
pub const TASKS_PER_CASE_MAX: usize = 50;
/// Events of one case. A case that has seen this many is being driven in circles by a machine.
pub const EVENTS_PER_CASE_MAX: usize = 10_000;
/// Vertices of one polygon. County borders have about 5,000.
pub const POLYGON_VERTICES_MAX: usize = 50_000;
/// Depth of JSON sent by clients that is kept as it came (forms, detail). Bounds recursion.
pub const JSON_DEPTH_MAX: usize = 16;
/// Characters of an `Idempotency-Key`. A UUID has 36.
pub const IDEMPOTENCY_KEY_CHARACTERS_MAX: usize = 100;
