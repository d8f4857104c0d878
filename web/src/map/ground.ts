// The ground of the console's maps. No map of anybody else's is needed.
import { api, body } from '@/api/client';
import { groundBy, type Features } from './areas';

const ground = groundBy(async (level, [west, south, east, north]) => {
  const answer: unknown = await body(api.GET('/api/v1/areas/map', { params: { query: { level, west, south, east, north } } }));
  return answer as Features;
});
export const groundOf = ground.of;
export const cityFrame = ground.city;
