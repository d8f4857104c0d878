-- Zones have somebody who answers for them, and a history; a duty grid (kind `duty_grid`) is made of unit grids, each of them in one duty
-- grid at most: that is what `duty_grid_area` holds. Layers are what maps draw; places are points that belong to a layer and nothing else.
ALTER TABLE zone ADD COLUMN code $key;
ALTER TABLE zone ADD COLUMN organisation_id BIGINT;
ALTER TABLE zone ADD COLUMN is_active BOOLEAN NOT NULL DEFAULT TRUE;
CREATE UNIQUE INDEX zone_by_code ON zone (code);

CREATE TABLE zone_staff (
  zone_id BIGINT NOT NULL REFERENCES zone (id),
  staff_id BIGINT NOT NULL,
  PRIMARY KEY (zone_id, staff_id)
) $clustered;

CREATE TABLE duty_grid_area (
  area_id BIGINT NOT NULL PRIMARY KEY REFERENCES area (id),
  zone_id BIGINT NOT NULL REFERENCES zone (id)
);
CREATE INDEX duty_grid_area_by_zone ON duty_grid_area (zone_id);

-- Every version of a zone, whole; only ever added to.
CREATE TABLE zone_history (
  zone_id BIGINT NOT NULL REFERENCES zone (id),
  version BIGINT NOT NULL,
  at BIGINT NOT NULL,
  staff_id BIGINT NOT NULL,
  organisation_id BIGINT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (zone_id, version)
) $clustered;

CREATE TABLE layer (
  id $id,
  code $key NOT NULL UNIQUE,
  name TEXT NOT NULL,
  geometry TEXT NOT NULL,
  source TEXT NOT NULL,
  style TEXT NOT NULL,
  level_min BIGINT NOT NULL,
  level_max BIGINT NOT NULL,
  position BIGINT NOT NULL,
  is_active BOOLEAN NOT NULL,
  version BIGINT NOT NULL
);

CREATE TABLE place (
  id $id,
  layer_id BIGINT NOT NULL REFERENCES layer (id),
  code $key NOT NULL,
  name TEXT NOT NULL,
  lon DOUBLE PRECISION NOT NULL,
  lat DOUBLE PRECISION NOT NULL,
  cell BIGINT NOT NULL,
  attributes TEXT,
  version BIGINT NOT NULL,
  UNIQUE (layer_id, code)
);
CREATE INDEX place_by_cell ON place (layer_id, cell);

-- The layers every installation begins with.
INSERT INTO layer (id, code, name, geometry, source, style, level_min, level_max, position, is_active, version) VALUES
  (1, 'districts', '区县', 'polygon', '{"kind":"areas","level":"district"}', '{"line":"#1f4e79","line_width":2}', 0, 12, 10, TRUE, 1),
  (2, 'streets', '街镇', 'polygon', '{"kind":"areas","level":"street"}', '{"line":"#2e75b6","line_width":1.5}', 9, 15, 20, TRUE, 1),
  (3, 'villages', '村居', 'polygon', '{"kind":"areas","level":"village"}', '{"line":"#9dc3e6","line_width":1}', 12, 24, 30, TRUE, 1),
  (4, 'grids', '单元网格', 'polygon', '{"kind":"areas","level":"grid"}', '{"line":"#bfbfbf","line_width":0.5}', 15, 24, 40, TRUE, 1),
  (5, 'duty_grids', '责任网格', 'polygon', '{"kind":"zones","zone_kind":"duty_grid"}', '{"line":"#c55a11","line_width":1.5}', 12, 24, 50, TRUE, 1);
