-- Reports, cases, tasks. State rows are folds of `timeline`; what people wrote is sealed here and nowhere else, so that it can
-- be destroyed without breaking a timeline. Every index below serves a filter of a list or a lookup; each costs every command.

CREATE TABLE report (
  id $id,
  version BIGINT NOT NULL,
  report_no $key NOT NULL,
  stage $key NOT NULL,
  source $key NOT NULL,
  level $key NOT NULL,
  -- The person who has taken it from the pool.
  claimed_by BIGINT,
  -- {title, detail, address} sealed; null once forgotten. The title is sealed apart for lists.
  words_sealed $blob,
  words_digest TEXT NOT NULL,
  title_sealed $blob,
  -- {name, phone} sealed; null when nobody was named.
  reporter_sealed $blob,
  -- Keyed hash of the phone number.
  reporter_key $blob,
  reporter_hidden BOOLEAN NOT NULL,
  area_path $key,
  street_path $key,
  village_path $key,
  lon DOUBLE PRECISION,
  lat DOUBLE PRECISION,
  -- The place in the system it was taken from.
  external_system $key,
  external_id $key,
  organisation_id BIGINT NOT NULL,
  organisation_path $key NOT NULL,
  received_at BIGINT NOT NULL,
  recorded_at BIGINT NOT NULL,
  accepted_at BIGINT,
  settled_at BIGINT,
  -- Until when somebody must have decided on it; null once somebody has, and where nothing is asked.
  pool_started_at BIGINT,
  pool_yellow_at BIGINT,
  pool_due_at BIGINT,
  -- JSON of what is known of some reports only.
  extra TEXT NOT NULL
);
CREATE INDEX report_by_pool_due ON report (pool_due_at, pool_yellow_at, id) WHERE pool_due_at IS NOT NULL;
CREATE UNIQUE INDEX report_by_no ON report (report_no);
CREATE INDEX report_by_stage ON report (stage, id, source, level, area_path, claimed_by);
-- What never changes, with the rest to be passed over without reading rows, which hold the sealed words. The stage, for which every step
-- writes an index again, stands where few are found; of a street's or the city's reports nearly all are settled.
CREATE INDEX report_by_street ON report (street_path, id, source, level, area_path);
CREATE INDEX report_by_village ON report (village_path, id, stage, source, level, area_path);
CREATE INDEX report_by_source ON report (source, id, stage, level, area_path);
CREATE INDEX report_by_claimer ON report (claimed_by, id) WHERE claimed_by IS NOT NULL;
CREATE INDEX report_by_level ON report (level, id, stage, source, area_path) WHERE level <> 'normal';
CREATE INDEX report_by_reporter ON report (reporter_key) WHERE reporter_key IS NOT NULL;
CREATE UNIQUE INDEX report_by_external ON report (external_system, external_id) WHERE external_id IS NOT NULL;

CREATE TABLE case_file (
  id $id,
  version BIGINT NOT NULL,
  case_no $key NOT NULL,
  stage $key NOT NULL,
  level $key NOT NULL,
  source $key NOT NULL,
  category_id BIGINT,
  area_path $key,
  -- The street and the village it lies in, for the commonest filters.
  street_path $key,
  village_path $key,
  lon DOUBLE PRECISION,
  lat DOUBLE PRECISION,
  process_code $key NOT NULL,
  process_version BIGINT NOT NULL,
  rule_row_id BIGINT,
  rule_row_version BIGINT,
  -- The handling limit as it was when filed.
  rule_limit TEXT,
  -- Of its own words in case_words, or of those of its first report.
  words_digest TEXT NOT NULL,
  first_report_id BIGINT,
  accepted_by_id BIGINT NOT NULL,
  accepted_by_path $key NOT NULL,
  filed_by_id BIGINT,
  filed_by_path $key,
  lead_organisation_id BIGINT,
  -- The clock of the present stage.
  started_at BIGINT,
  yellow_at BIGINT,
  due_at BIGINT,
  rework_count BIGINT NOT NULL,
  accepted_at BIGINT NOT NULL,
  filed_at BIGINT,
  dispatched_at BIGINT,
  handled_at BIGINT,
  inspected_at BIGINT,
  closed_at BIGINT,
  updated_at BIGINT NOT NULL,
  -- 重要, 督办, 挂账, 有待审申请: now.
  is_important BOOLEAN NOT NULL,
  is_supervised BOOLEAN NOT NULL,
  is_suspended BOOLEAN NOT NULL,
  is_asked BOOLEAN NOT NULL,
  -- JSON of what is known of some cases only.
  extra TEXT NOT NULL
);
-- Few cases are marked in one of these ways; important ones stay so when they are closed, and are found newest first.
CREATE INDEX case_important ON case_file (id, stage, level, source, street_path, category_id, area_path, is_important)
  WHERE is_important;
CREATE INDEX case_important_by_street ON case_file (street_path, id, stage, level, source, category_id, area_path, is_important)
  WHERE is_important;
CREATE INDEX case_important_by_category ON case_file (category_id, id, stage, level, source, street_path, area_path, is_important)
  WHERE is_important;
CREATE INDEX case_important_by_source ON case_file (source, id, stage, level, street_path, category_id, area_path, is_important)
  WHERE is_important;
CREATE INDEX case_supervised ON case_file (id, stage, level, source, street_path, category_id, area_path, is_supervised)
  WHERE is_supervised;
CREATE INDEX case_suspended ON case_file (id, stage, level, source, street_path, category_id, area_path, is_suspended)
  WHERE is_suspended;
CREATE INDEX case_asked ON case_file (id, stage, level, source, street_path, category_id, area_path, is_asked)
  WHERE is_asked;
CREATE UNIQUE INDEX case_by_no ON case_file (case_no);
-- Open cases are few: every list of them looks through this one. Not with NOT IN, for which SQLite makes a table at every write.
-- By id first: the newest are found without a sort, whatever else is asked of them.
CREATE INDEX case_open ON case_file (id, stage, due_at, yellow_at, level, source, street_path, category_id, is_important,
  lead_organisation_id, process_code, area_path)
  WHERE stage <> 'closed' AND stage <> 'cancelled' AND stage <> 'merged';
-- And by when they are due and when they changed, in which orders they are listed, too.
CREATE INDEX case_open_due ON case_file (due_at, id, stage, yellow_at, level, source, street_path, category_id, is_important,
  lead_organisation_id, process_code, area_path)
  WHERE stage <> 'closed' AND stage <> 'cancelled' AND stage <> 'merged';
CREATE INDEX case_open_updated ON case_file (updated_at, id, stage, due_at, yellow_at, level, source, street_path, category_id, is_important,
  lead_organisation_id, process_code, area_path)
  WHERE stage <> 'closed' AND stage <> 'cancelled' AND stage <> 'merged';
-- By level, then by id: the newest of each level are found without a sort, whichever of the two stages is asked for.
CREATE INDEX case_dropped ON case_file (level, id, stage, source, street_path, category_id, is_important, area_path)
  WHERE stage IN ('cancelled', 'merged');
CREATE INDEX case_dropped_by_street ON case_file (street_path, level, id, stage, source, category_id, is_important, area_path)
  WHERE stage IN ('cancelled', 'merged');
CREATE INDEX case_dropped_by_category ON case_file (category_id, level, id, stage, source, street_path, is_important, area_path)
  WHERE stage IN ('cancelled', 'merged');
CREATE INDEX case_dropped_by_source ON case_file (source, level, id, stage, street_path, category_id, is_important, area_path)
  WHERE stage IN ('cancelled', 'merged');
CREATE INDEX case_by_level ON case_file (level, id, source, street_path, category_id, area_path, is_important)
  WHERE level <> 'normal';
-- What hardly ever changes, alone and in pairs, so that any three filters leave little to look through. The other columns stand in the
-- index to be passed over without reading rows. An UPDATE that names one of them writes all these again, changed or not: the level
-- has its own, CASE_MARK.
CREATE INDEX case_by_street ON case_file (street_path, id, level, area_path);
CREATE INDEX case_by_village ON case_file (village_path, id, level, source, category_id, area_path);
CREATE INDEX case_by_street_category ON case_file (street_path, category_id, id, source, level, area_path);
CREATE INDEX case_by_street_source ON case_file (street_path, source, id, level, area_path, category_id);
CREATE INDEX case_by_category ON case_file (category_id, id, level, area_path);
CREATE INDEX case_by_category_source ON case_file (category_id, source, id, level, area_path);
CREATE INDEX case_by_source ON case_file (source, id, level, area_path);

-- The own words of a case, where they are not those of its first report. Apart, because the case's row is written again at every
-- step and these never are.
CREATE TABLE case_words (
  case_id $id,
  -- {title, detail, address} sealed; null once forgotten. The title is sealed apart for lists.
  words_sealed $blob,
  title_sealed $blob
);

CREATE TABLE task (
  id $id,
  -- One of the two: a task is of a case, or calls the reporter of a report back.
  case_id BIGINT,
  report_id BIGINT,
  kind $key NOT NULL,
  role $key NOT NULL,
  organisation_id BIGINT NOT NULL,
  organisation_path $key NOT NULL,
  state $key NOT NULL,
  response_started_at BIGINT,
  response_yellow_at BIGINT,
  response_due_at BIGINT,
  handling_started_at BIGINT NOT NULL,
  handling_yellow_at BIGINT NOT NULL,
  handling_due_at BIGINT NOT NULL,
  response_overdue BOOLEAN NOT NULL,
  handling_overdue BOOLEAN NOT NULL,
  opened_at BIGINT NOT NULL,
  accepted_at BIGINT,
  finished_at BIGINT,
  assignee BIGINT,
  -- JSON list of the persons who accepted or finished it.
  handled_by TEXT NOT NULL,
  result_note_id BIGINT,
  result_digest TEXT,
  rework_count BIGINT NOT NULL,
  -- JSON of what is known of some tasks only.
  extra TEXT NOT NULL
);
CREATE INDEX task_by_case ON task (case_id, id);
-- What has ended is read newest first: where few organisations hold it by each of these, else from all that ended so.
CREATE INDEX task_ended_by_holder ON task (kind, state, organisation_path, id) WHERE state NOT IN ('assigned', 'accepted');
CREATE INDEX task_ended ON task (kind, state, id, organisation_path) WHERE state NOT IN ('assigned', 'accepted');
CREATE INDEX task_by_assignee ON task (assignee, state, id) WHERE assignee IS NOT NULL;
-- Open tasks are few: whose they are, of which case, and when they are due.
CREATE INDEX task_open ON task (organisation_path, case_id, state, kind, response_due_at, handling_due_at, id)
  WHERE state IN ('assigned', 'accepted');

CREATE TABLE report_case (
  report_id BIGINT NOT NULL,
  case_id BIGINT NOT NULL,
  -- Whether the case has ended for this report.
  closed BOOLEAN NOT NULL,
  PRIMARY KEY (report_id, case_id)
) $clustered;
CREATE INDEX report_case_by_case ON report_case (case_id, report_id);

-- Who accepted or filed the case, holds or held a task of it, and every organisation above those: they may see it.
CREATE TABLE case_organisation (
  case_id BIGINT NOT NULL,
  organisation_path $key NOT NULL,
  -- Of the case, kept here for the lists of one organisation.
  is_open BOOLEAN NOT NULL,
  -- Cancelled or merged.
  is_dropped BOOLEAN NOT NULL,
  is_important BOOLEAN NOT NULL,
  -- The same, so that what does not fit is passed over without reading the case.
  level $key NOT NULL,
  area_path $key,
  street_path $key,
  village_path $key,
  category_id BIGINT,
  source $key NOT NULL,
  PRIMARY KEY (case_id, organisation_path)
) $clustered;
-- Open cases and those that have ended stand apart, so that a new tie is written to one index and only what has ended to more.
CREATE INDEX case_organisation_open ON case_organisation (organisation_path, case_id, category_id, source, area_path, level, is_open)
  WHERE is_open;
-- What has ended, newest first by whatever never changes, alone and in pairs, as cases themselves are: any three filters leave little to
-- look through, however many cases an organisation has.
CREATE INDEX case_organisation_ended
  ON case_organisation (organisation_path, case_id, is_dropped, category_id, source, area_path, level, is_open)
  WHERE NOT is_open;
CREATE INDEX case_organisation_ended_by_category
  ON case_organisation (organisation_path, category_id, case_id, is_dropped, source, area_path, level, is_open)
  WHERE NOT is_open;
CREATE INDEX case_organisation_ended_by_source
  ON case_organisation (organisation_path, source, case_id, is_dropped, category_id, area_path, level, is_open)
  WHERE NOT is_open;
CREATE INDEX case_organisation_ended_by_street
  ON case_organisation (organisation_path, street_path, case_id, is_dropped, category_id, source, area_path, level, is_open)
  WHERE NOT is_open;
CREATE INDEX case_organisation_ended_by_village
  ON case_organisation (organisation_path, village_path, case_id, is_dropped, category_id, source, area_path, level, is_open)
  WHERE NOT is_open;
CREATE INDEX case_organisation_ended_by_category_source
  ON case_organisation (organisation_path, category_id, source, case_id, is_dropped, area_path, level, is_open)
  WHERE NOT is_open;
CREATE INDEX case_organisation_ended_by_street_category
  ON case_organisation (organisation_path, street_path, category_id, case_id, is_dropped, source, area_path, level, is_open)
  WHERE NOT is_open;
CREATE INDEX case_organisation_ended_by_street_source
  ON case_organisation (organisation_path, street_path, source, case_id, is_dropped, category_id, area_path, level, is_open)
  WHERE NOT is_open;
-- Cancelled and merged ones are few: whoever asks for them among an organisation's looks through these.
CREATE INDEX case_organisation_dropped
  ON case_organisation (organisation_path, level, case_id, category_id, source, area_path, is_important, is_dropped)
  WHERE is_dropped;
CREATE INDEX case_organisation_by_level
  ON case_organisation (organisation_path, level, case_id, is_open, is_dropped, category_id, source, area_path)
  WHERE level <> 'normal';
CREATE INDEX case_organisation_important
  ON case_organisation (organisation_path, case_id, is_open, is_dropped, category_id, source, area_path, level, is_important)
  WHERE is_important;

-- The zones that hold the place of a case, as they are drawn now.
CREATE TABLE case_zone (
  zone_id BIGINT NOT NULL,
  case_id BIGINT NOT NULL,
  PRIMARY KEY (zone_id, case_id)
) $clustered;
CREATE INDEX case_zone_by_case ON case_zone (case_id, zone_id);

-- 关注: whoever wants to keep an eye on a case.
CREATE TABLE case_watch (
  account_id BIGINT NOT NULL,
  case_id BIGINT NOT NULL,
  watched_at BIGINT NOT NULL,
  PRIMARY KEY (account_id, case_id)
) $clustered;

-- Results and opinions, sealed. Events refer to them by id and digest.
CREATE TABLE note (
  id $id,
  subject_id BIGINT NOT NULL,
  sealed $blob
);

-- Photos, videos, recordings, documents that go with an action. The bytes lie where files lie, under names made of the id.
CREATE TABLE attachment (
  id $id,
  -- `waiting` for the action it goes with, `attached`, `dropped`: its bytes are still to be destroyed, `gone`.
  state $key NOT NULL,
  -- By content: jpeg, pdf, ...
  kind $key NOT NULL,
  size_bytes BIGINT NOT NULL,
  -- SM3 of the bytes as they are kept, in hexadecimal; the timeline has it, too.
  digest $key NOT NULL,
  -- The same of the thumbnail; null where there is none.
  thumbnail_digest $key,
  thumbnail_bytes BIGINT,
  -- Pixels, as it is looked at.
  width BIGINT,
  height BIGINT,
  -- What the device said of time and place, which the bytes say no more.
  taken_at BIGINT,
  lon DOUBLE PRECISION,
  lat DOUBLE PRECISION,
  -- What it was called; null when nobody said, or once forgotten.
  name_sealed $blob,
  -- The account.
  uploaded_by BIGINT NOT NULL,
  uploaded_at BIGINT NOT NULL,
  -- What it belongs to: a report as it was told, or an action on a case.
  report_id BIGINT,
  case_id BIGINT,
  task_id BIGINT,
  operation $key,
  attached_at BIGINT
);
CREATE INDEX attachment_by_report ON attachment (report_id, id) WHERE report_id IS NOT NULL;
CREATE INDEX attachment_by_case ON attachment (case_id, id) WHERE case_id IS NOT NULL;
-- Few wait or are to be destroyed.
CREATE INDEX attachment_waiting ON attachment (uploaded_by, id) WHERE state = 'waiting';
CREATE INDEX attachment_unsettled ON attachment (state, uploaded_at, id) WHERE state IN ('waiting', 'dropped');

-- A file that comes in pieces, from a phone whose line breaks: what has arrived waits here until the file is whole.
CREATE TABLE upload (
  id $id,
  -- The account; 0 for whoever has none.
  caller BIGINT NOT NULL,
  -- Keyed hash of the key that the caller chose, in hexadecimal: whoever knows the key may go on with it and use it.
  key $key NOT NULL,
  length_bytes BIGINT NOT NULL,
  received_bytes BIGINT NOT NULL,
  begun_at BIGINT NOT NULL,
  -- Once it is whole.
  attachment_id BIGINT
);
CREATE UNIQUE INDEX upload_by_key ON upload (caller, key);
CREATE INDEX upload_by_time ON upload (begun_at);
CREATE TABLE upload_piece (
  upload_id BIGINT NOT NULL,
  from_byte BIGINT NOT NULL,
  bytes $blob NOT NULL,
  PRIMARY KEY (upload_id, from_byte)
) $clustered;

-- What happened to a report or a case, in order. Never changed, never deleted, no personal text.
CREATE TABLE timeline (
  subject_id BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  kind $key NOT NULL,
  occurred_at BIGINT NOT NULL,
  recorded_at BIGINT NOT NULL,
  -- Who; null when the platform itself did it.
  account_id BIGINT,
  staff_id BIGINT,
  organisation_id BIGINT,
  organisation_path $key,
  role $key,
  schema_number BIGINT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (subject_id, seq)
) $clustered;

-- 兜底: who takes what nobody else is suggested for, by area; the nearest area above holds.
CREATE TABLE fallback_organisation (
  area_path $key NOT NULL,
  organisation_id BIGINT NOT NULL,
  set_at BIGINT NOT NULL,
  PRIMARY KEY (area_path)
) $clustered;

-- Human numbers are taken in blocks; see numbers.rs.
CREATE TABLE number_series (
  series $key NOT NULL,
  next_serial BIGINT NOT NULL,
  PRIMARY KEY (series)
) $clustered;

-- Where reports come from: the channels a city knows. A report names one; it is never deleted, only put out of use.
CREATE TABLE source (
  code $key NOT NULL,
  version BIGINT NOT NULL,
  name_zh TEXT NOT NULL,
  name_en TEXT NOT NULL,
  channel $key NOT NULL,
  is_active BOOLEAN NOT NULL,
  PRIMARY KEY (code)
) $clustered;

INSERT INTO source (code, version, name_zh, name_en, channel, is_active) VALUES
  ('inspector', 1, '监督员上报', 'Inspector', 'field', TRUE),
  ('hotline', 1, '12345热线', 'Hotline 12345', 'phone', TRUE),
  ('citizen_app', 1, '市民随手拍', 'Citizen app', 'online', TRUE),
  ('sensor', 1, '物联感知', 'Sensor', 'device', TRUE),
  ('camera', 1, '视频智能分析', 'Camera', 'device', TRUE),
  ('leader', 1, '领导交办', 'Leader', 'authority', TRUE),
  ('media', 1, '媒体曝光', 'Media', 'media', TRUE),
  ('upper_platform', 1, '上级平台', 'Upper platform', 'authority', TRUE),
  ('department', 1, '部门转办', 'Department', 'authority', TRUE),
  ('visit', 1, '来信来访', 'Letters and visits', 'in_person', TRUE),
  ('import', 1, '批量导入', 'Import', 'batch', TRUE);
-- Processes: every version ever saved, as JSON. Never changed: cases pin versions.
CREATE TABLE process (
  code $key NOT NULL,
  version BIGINT NOT NULL,
  document TEXT NOT NULL,
  is_built_in BOOLEAN NOT NULL,
  saved_by BIGINT,
  saved_at BIGINT NOT NULL,
  PRIMARY KEY (code, version)
) $clustered;

-- The routing table. Read whole into memory; what it was before a change is in the audit.
CREATE TABLE route (
  id $id,
  version BIGINT NOT NULL,
  kind $key NOT NULL,
  category_id BIGINT,
  area_path $key,
  -- JSON {days, from, until}.
  hours TEXT,
  unit_name $key,
  organisation_id BIGINT NOT NULL,
  changed_at BIGINT NOT NULL,
  -- What it speaks of, so that no two rows speak of the same.
  occasion $key NOT NULL
);
CREATE UNIQUE INDEX route_by_occasion ON route (occasion);

-- One row for every order to a lead, for the accuracy of dispatch and for rehearsals.
CREATE TABLE dispatch (
  task_id $id,
  case_id BIGINT NOT NULL,
  dispatched_at BIGINT NOT NULL,
  organisation_id BIGINT NOT NULL,
  organisation_path $key NOT NULL,
  category_id BIGINT,
  area_path $key,
  -- What routing said then.
  suggested_id BIGINT,
  basis $key,
  followed BOOLEAN,
  -- What else routing went by then, for rehearsals: the rule row; the component and who had to do with it.
  rule_row_id BIGINT,
  component_id BIGINT,
  maintainer_id BIGINT,
  owner_id BIGINT,
  -- When it came back; when another order took its place.
  returned_at BIGINT,
  replaced_at BIGINT
);
CREATE INDEX dispatch_by_time ON dispatch (dispatched_at, task_id);
CREATE INDEX dispatch_by_case ON dispatch (case_id);
