// The ground under everything: the city's own areas, asked for by level and view. No map of anybody else's is needed.
import { api, body } from '@/api/client';
import { boxText, frameOf, settled, type Box } from './box';

export const LEVELS = ['district', 'street', 'village', 'grid'] as const;
export type GroundLevel = (typeof LEVELS)[number];

/** From which zoom on a level is drawn: before that its areas are too many and too small. */
export const SHOWN_FROM: Record<GroundLevel, number> = { district: 0, street: 8, village: 12, grid: 14.5 };

export interface Feature {
  type: 'Feature';
  geometry: { type: 'Point' | 'MultiPolygon'; coordinates: unknown };
  properties: { id: string; code: string; name: string };
}
export interface Features {
  type: 'FeatureCollection';
  features: Feature[];
}

const KEPT_MAX = 60;
const kept = new Map<string, Promise<Features>>();

async function ask(level: GroundLevel | 'city' | 'province', [west, south, east, north]: Box): Promise<Features> {
  const answer: unknown = await body(api.GET('/api/v1/areas/map', { params: { query: { level, west, south, east, north } } }));
  return answer as Features;
}

/** The areas of a level around a view; the same promise for views that need the same. */
export function groundOf(level: GroundLevel, view: Box): Promise<Features> {
  const box = settled(view);
  const key = `${level} ${boxText(box)}`;
  const known = kept.get(key);
  if (known !== undefined) return known;
  const asked = ask(level, box);
  asked.catch(() => kept.delete(key));
  kept.set(key, asked);
  const oldest = kept.size > KEPT_MAX ? kept.keys().next().value : undefined;
  if (oldest !== undefined) kept.delete(oldest);
  return asked;
}

const CHINA: Box = [73, 3, 136, 54];
let city: Promise<Box | null> | undefined;

/** The box around the city; none where no outline and no centre is known. */
export function cityFrame(): Promise<Box | null> {
  city ??= (async () => {
    for (const level of ['district', 'city', 'street'] as const) {
      const found = await ask(level, CHINA);
      const frame = frameOf(found.features.map((each) => each.geometry));
      if (frame !== null && frame[2] > frame[0] && frame[3] > frame[1]) return frame;
    }
    return null;
  })();
  city.catch(() => { city = undefined; });
  return city;
}
