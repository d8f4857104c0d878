// The city's own areas as the ground of a map, whoever asks for them: by level and view, each once.
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

export interface Ground {
  /** The areas of a level around a view; the same promise for views that need the same. */
  of: (level: GroundLevel, view: Box) => Promise<Features>;
  /** The box around the city; of the whole country where no outline and no centre is known, or nobody answers. */
  city: () => Promise<Box>;
}

const KEPT_MAX = 60;
const CHINA: Box = [73, 3, 136, 54];

export function groundBy(ask: (level: GroundLevel | 'city', box: Box) => Promise<Features>): Ground {
  const kept = new Map<string, Promise<Features>>();
  let frame: Promise<Box> | undefined;
  return {
    of(level, view) {
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
    },
    city() {
      frame ??= (async () => {
        for (const level of ['district', 'city', 'street'] as const) {
          const found = await ask(level, CHINA);
          const box = frameOf(found.features.map((each) => each.geometry));
          if (box !== null && box[2] > box[0] && box[3] > box[1]) return box;
        }
        return CHINA;
      })().catch(() => {
        frame = undefined;
        return CHINA;
      });
      return frame;
    },
  };
}
