-- Areas, their outlines, and zones. All of it is read whole into memory at start and after changes, so it needs no index
-- but its keys. Outlines are apart, so that a change of name does not rewrite them.
CREATE TABLE area (
  id $id,
  code $key NOT NULL UNIQUE,
  name TEXT NOT NULL,
  level TEXT NOT NULL,
  parent_id BIGINT REFERENCES area (id),
  path $key NOT NULL UNIQUE,
  lon DOUBLE PRECISION,
  lat DOUBLE PRECISION,
  version BIGINT NOT NULL
);

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
