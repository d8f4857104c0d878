/** West, south, east, north, in degrees of CGCS2000. */
export type Box = readonly [number, number, number, number];

export interface Place {
  lon: number;
  lat: number;
}

/** A box as addresses and the server have it: to about a metre. */
export function boxText(box: Box): string {
  return box.map((number) => number.toFixed(5)).join(',');
}

/** The box that an address says; none when it is no box. */
export function boxOf(text: unknown): Box | null {
  if (typeof text !== 'string') return null;
  const parts = text.split(',');
  const [west = NaN, south = NaN, east = NaN, north = NaN] = parts.map((part) => (part.trim() === '' ? NaN : Number(part)));
  const fits = parts.length === 4 && west >= -180 && east <= 180 && south >= -90 && north <= 90 && east > west && north > south;
  return fits ? [west, south, east, north] : null;
}

/** The box made larger until its sides stand on lines that do not move with it: views that differ a little ask for the same. */
export function settled([west, south, east, north]: Box): Box {
  const side = 2 ** Math.ceil(Math.log2(Math.max(east - west, north - south) / 2));
  const down = (at: number): number => Math.floor(at / side) * side;
  const up = (at: number): number => Math.ceil(at / side) * side;
  return [Math.max(down(west), -180), Math.max(down(south), -90), Math.min(up(east), 180), Math.min(up(north), 90)];
}

export function holds([west, south, east, north]: Box, { lon, lat }: Place): boolean {
  return lon >= west && lon <= east && lat >= south && lat <= north;
}

/** The box around all corners of GeoJSON geometries. */
export function frameOf(geometries: readonly { coordinates: unknown }[]): Box | null {
  let box: [number, number, number, number] | null = null;
  const walk = (part: unknown): void => {
    if (!Array.isArray(part)) return;
    const [lon, lat] = part as unknown[];
    if (typeof lon === 'number' && typeof lat === 'number') {
      box = box === null ? [lon, lat, lon, lat] : [Math.min(box[0], lon), Math.min(box[1], lat), Math.max(box[2], lon), Math.max(box[3], lat)];
    } else {
      for (const each of part) walk(each);
    }
  };
  for (const geometry of geometries) walk(geometry.coordinates);
  return box;
}
