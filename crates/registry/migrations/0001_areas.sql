-- Areas, their outlines, and zones. All of it but history is read whole into memory at start and after changes, so it needs no index
-- but its keys. Outlines are apart, so that a change of name does not rewrite them. An area that ended stays, so that what lay in it
-- still names it; its code is never another's.
CREATE TABLE area (
  id $id,
  code $key NOT NULL UNIQUE,
  name TEXT NOT NULL,
  level TEXT NOT NULL,
  parent_id BIGINT REFERENCES area (id),
  path $key NOT NULL UNIQUE,
  lon DOUBLE PRECISION,
  lat DOUBLE PRECISION,
  effective_from TEXT,
  effective_to TEXT,
  version BIGINT NOT NULL
);

-- What an area was called before it was renamed, and until when: cases of that time still say so.
CREATE TABLE area_former_name (
  area_id BIGINT NOT NULL REFERENCES area (id),
  until BIGINT NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY (area_id, until)
) $clustered;

-- Which areas an area took the place of.
CREATE TABLE area_succession (
  area_id BIGINT NOT NULL REFERENCES area (id),
  succeeds_id BIGINT NOT NULL REFERENCES area (id),
  PRIMARY KEY (area_id, succeeds_id)
) $clustered;

-- What became of an area, only ever added to: a row for each version, with what it changed.
CREATE TABLE area_history (
  area_id BIGINT NOT NULL REFERENCES area (id),
  version BIGINT NOT NULL,
  at BIGINT NOT NULL,
  operation TEXT NOT NULL,
  staff_id BIGINT NOT NULL,
  organisation_id BIGINT NOT NULL,
  reason TEXT,
  changes TEXT NOT NULL,
  PRIMARY KEY (area_id, version)
) $clustered;

CREATE TABLE area_boundary (
  area_id BIGINT NOT NULL PRIMARY KEY REFERENCES area (id),
  shape $blob NOT NULL
);

CREATE TABLE zone (
  id $id,
  name $key NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  shape $blob,
  version BIGINT NOT NULL
);

CREATE TABLE zone_area (
  zone_id BIGINT NOT NULL REFERENCES zone (id),
  area_id BIGINT NOT NULL REFERENCES area (id),
  PRIMARY KEY (zone_id, area_id)
) $clustered;
