-- The numbers of casework. `obligation` is made from the timelines and can be made anew at will: it is never the source of truth.
-- `obligation_day` adds it up by local day, so that a quarter of a city is a few thousand rows.

CREATE TABLE obligation (
  -- The report or case.
  subject_id BIGINT NOT NULL,
  -- Its place among the obligations of that subject.
  seq BIGINT NOT NULL,
  kind $key NOT NULL,
  -- When it was due; when it happened, if nothing was asked.
  at BIGINT NOT NULL,
  organisation_id BIGINT NOT NULL,
  organisation_path $key NOT NULL,
  -- Who did it, and as what.
  staff_id BIGINT,
  role $key,
  area_path $key,
  street_path $key,
  category_id BIGINT,
  source $key NOT NULL,
  -- What became of it; see Marks in statistics/mod.rs.
  marks BIGINT NOT NULL,
  PRIMARY KEY (subject_id, seq)
) $clustered;
CREATE INDEX obligation_by_time ON obligation (at);
CREATE INDEX obligation_by_organisation ON obligation (organisation_path, at);
CREATE INDEX obligation_by_street ON obligation (street_path, at);

-- The zones that a report lies in for the numbers: those of its cases, or while it has none those that hold the place told. Made from
-- the cases and the zones as they are drawn now; can be made anew at will.
CREATE TABLE report_zone (
  report_id BIGINT NOT NULL,
  zone_id BIGINT NOT NULL,
  PRIMARY KEY (report_id, zone_id)
) $clustered;

-- Sums of one local day. One dimension at a time: whose, what about, where from, who; each by street, because most
-- people who may not see the whole city see a street.
-- A measure that counts what lacks a mark (late: done and not in time) is the difference of two that are kept.
CREATE TABLE obligation_day (
  -- `organisation`, `category`, `source` or `person`.
  dimension $key NOT NULL,
  -- The beginning of the day.
  day BIGINT NOT NULL,
  -- The id or word within the dimension, of a person `role/id`; empty for what has none.
  key $key NOT NULL,
  -- The street, or the area above streets; empty for what lies nowhere.
  place_path $key NOT NULL,
  -- Of dimension `organisation`: its path. Else empty.
  organisation_path $key NOT NULL,
  reports BIGINT NOT NULL DEFAULT 0,
  reports_valid BIGINT NOT NULL DEFAULT 0,
  reports_open BIGINT NOT NULL DEFAULT 0,
  reports_redone BIGINT NOT NULL DEFAULT 0,
  accept_due BIGINT NOT NULL DEFAULT 0,
  accept_done BIGINT NOT NULL DEFAULT 0,
  accept_on_time BIGINT NOT NULL DEFAULT 0,
  accept_accurate BIGINT NOT NULL DEFAULT 0,
  accept_sent_back BIGINT NOT NULL DEFAULT 0,
  accept_answered BIGINT NOT NULL DEFAULT 0,
  accept_rejected BIGINT NOT NULL DEFAULT 0,
  callback_due BIGINT NOT NULL DEFAULT 0,
  callback_done BIGINT NOT NULL DEFAULT 0,
  callback_on_time BIGINT NOT NULL DEFAULT 0,
  opinions BIGINT NOT NULL DEFAULT 0,
  opinions_solved BIGINT NOT NULL DEFAULT 0,
  opinions_satisfied BIGINT NOT NULL DEFAULT 0,
  cases BIGINT NOT NULL DEFAULT 0,
  cases_filed BIGINT NOT NULL DEFAULT 0,
  cases_cancelled BIGINT NOT NULL DEFAULT 0,
  cases_self_handled BIGINT NOT NULL DEFAULT 0,
  file_due BIGINT NOT NULL DEFAULT 0,
  file_done BIGINT NOT NULL DEFAULT 0,
  file_on_time BIGINT NOT NULL DEFAULT 0,
  file_accurate BIGINT NOT NULL DEFAULT 0,
  dispatch_due BIGINT NOT NULL DEFAULT 0,
  dispatch_done BIGINT NOT NULL DEFAULT 0,
  dispatch_on_time BIGINT NOT NULL DEFAULT 0,
  dispatch_accurate BIGINT NOT NULL DEFAULT 0,
  respond_due BIGINT NOT NULL DEFAULT 0,
  respond_done BIGINT NOT NULL DEFAULT 0,
  respond_on_time BIGINT NOT NULL DEFAULT 0,
  handle_due BIGINT NOT NULL DEFAULT 0,
  handle_done BIGINT NOT NULL DEFAULT 0,
  handle_on_time BIGINT NOT NULL DEFAULT 0,
  handle_extended BIGINT NOT NULL DEFAULT 0,
  handle_suspended BIGINT NOT NULL DEFAULT 0,
  handle_exempt BIGINT NOT NULL DEFAULT 0,
  verify_due BIGINT NOT NULL DEFAULT 0,
  verify_done BIGINT NOT NULL DEFAULT 0,
  verify_on_time BIGINT NOT NULL DEFAULT 0,
  inspect_due BIGINT NOT NULL DEFAULT 0,
  inspect_done BIGINT NOT NULL DEFAULT 0,
  inspect_on_time BIGINT NOT NULL DEFAULT 0,
  inspect_failed BIGINT NOT NULL DEFAULT 0,
  inspect_overturned BIGINT NOT NULL DEFAULT 0,
  close_due BIGINT NOT NULL DEFAULT 0,
  close_done BIGINT NOT NULL DEFAULT 0,
  close_on_time BIGINT NOT NULL DEFAULT 0,
  close_reworked BIGINT NOT NULL DEFAULT 0,
  archive_due BIGINT NOT NULL DEFAULT 0,
  archive_done BIGINT NOT NULL DEFAULT 0,
  archive_on_time BIGINT NOT NULL DEFAULT 0,
  supervise_due BIGINT NOT NULL DEFAULT 0,
  supervise_done BIGINT NOT NULL DEFAULT 0,
  supervise_on_time BIGINT NOT NULL DEFAULT 0,
  cancels BIGINT NOT NULL DEFAULT 0,
  transfers BIGINT NOT NULL DEFAULT 0,
  verify_sent BIGINT NOT NULL DEFAULT 0,
  inspect_sent BIGINT NOT NULL DEFAULT 0,
  urges BIGINT NOT NULL DEFAULT 0,
  demands BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (dimension, day, key, place_path, organisation_path)
) $clustered;

-- How far the obligations follow the outbox is the cursor of the consumer `statistics`. What a city divides its rates by, where it is
-- not the first that the rate names.
CREATE TABLE rate_choice (
  rate $key NOT NULL,
  denominator $key NOT NULL,
  chosen_at BIGINT NOT NULL,
  PRIMARY KEY (rate)
) $clustered;
