import { afterEach, describe, expect, it, vi } from 'vitest';
import { api, AppError } from '@/api/client';
import { filterOf, hasFilters, queryOf, withoutFilters } from '@/cases/filter';
import { canDraw } from '@/map/able';
import { groundBy, type Features } from '@/map/areas';
import { boxOf, boxText, frameOf, holds, settled, type Box } from '@/map/box';
import { cityFrame, groundOf } from '@/map/ground';
import { styleOf } from '@/map/style';

const BOX: Box = [121.05, 31.1, 121.15, 31.2];
afterEach(() => { vi.restoreAllMocks(); });

describe('a box', () => {
  it('is written and read again', () => {
    expect(boxOf(boxText(BOX))).toEqual(BOX);
  });
  it.each(['', '1,2,3', '1,2,3,4,5', '3,2,1,4', '1,4,3,2', '1,2,x,4', '1,,3,4', '-200,0,1,1', undefined, ['1,2,3,4']])('is none in %j', (text) => {
    expect(boxOf(text)).toBeNull();
  });
  it('settles on lines of its own: moved a little it asks for the same, and what is in view is always in it', () => {
    const moved: Box = [121.0501, 31.1001, 121.1501, 31.2001];
    expect(settled(moved)).toEqual(settled(BOX));
    for (const box of [BOX, moved, [-180, -90, 180, 90] as Box]) {
      const [west, south, east, north] = settled(box);
      expect(west <= box[0] && south <= box[1] && east >= box[2] && north >= box[3]).toBe(true);
      expect((east - west) / (box[2] - box[0])).toBeLessThan(4);
    }
  });
  it('is around all corners, however deep they lie', () => {
    expect(frameOf([{ coordinates: [[[[121, 31], [122, 31.5]]]] }, { coordinates: [120.5, 32] }])).toEqual([120.5, 31, 122, 32]);
    expect(frameOf([])).toBeNull();
    expect(holds(BOX, { lon: 121.1, lat: 31.15 })).toBe(true);
    expect(holds(BOX, { lon: 121.2, lat: 31.15 })).toBe(false);
  });
});

describe('the part of the map in the address', () => {
  it('is a filter like the others, for the list and its export', () => {
    const filter = filterOf({ box: 'doing', within: boxText(BOX) });
    expect(hasFilters(filter)).toBe(true);
    expect(queryOf(filter)).toMatchObject({ box: 'doing', within: boxText(BOX) });
    expect(withoutFilters()).toHaveProperty('within', undefined);
  });
  it('is left out when it is no box', () => {
    expect(queryOf(filterOf({ within: 'everywhere' }))).not.toHaveProperty('within');
  });
});

describe('the style', () => {
  it('asks nobody for anything: no glyphs, no sprites, no addresses', () => {
    for (const dark of [false, true]) {
      const style = styleOf(dark);
      expect(style.glyphs ?? style.sprite).toBeUndefined();
      expect(JSON.stringify(style)).not.toMatch(/https?:/);
      const sources = new Set(Object.keys(style.sources));
      for (const layer of style.layers) if ('source' in layer) expect(sources.has(String(layer.source)), layer.id).toBe(true);
    }
  });
});

const answers = (features: unknown[]) => vi.spyOn(api, 'GET').mockImplementation((async () => ({ data: { type: 'FeatureCollection', features, is_cut: false } })) as never);

describe('the ground', () => {
  it('is asked for once for views that need the same, and again after a failure', async () => {
    const asked = answers([]);
    await Promise.all([groundOf('street', BOX), groundOf('street', [121.0501, 31.1001, 121.1501, 31.2001])]);
    expect(asked).toHaveBeenCalledTimes(1);
    asked.mockRejectedValueOnce(new AppError(0, {}, ''));
    await expect(groundOf('village', BOX)).rejects.toThrow();
    await expect(groundOf('village', BOX)).resolves.toMatchObject({ features: [] });
    expect(asked).toHaveBeenCalledTimes(3);
  });
  it('knows where the city is by its outlines', async () => {
    answers([{ type: 'Feature', properties: {}, geometry: { type: 'MultiPolygon', coordinates: [[[[121, 31], [121.4, 31], [121.4, 31.4], [121, 31]]]] } }]);
    expect(await cityFrame()).toEqual([121, 31, 121.4, 31.4]);
  });
  it('begins with the whole country where nobody answers, and finds the city when it is asked again', async () => {
    const outline: Features = { type: 'FeatureCollection', features: [{ type: 'Feature', properties: { id: '1', code: '310118', name: '青浦区' }, geometry: { type: 'MultiPolygon', coordinates: [[[[121, 31], [121.4, 31], [121.4, 31.4], [121, 31]]]] } }] };
    const ask = vi.fn().mockRejectedValueOnce(new AppError(0, {}, '')).mockResolvedValue(outline);
    const ground = groundBy(ask);
    expect(await ground.city()).toEqual([73, 3, 136, 54]);
    expect(await ground.city()).toEqual([121, 31, 121.4, 31.4]);
    const empty = groundBy(async () => await Promise.resolve({ type: 'FeatureCollection', features: [] }));
    expect(await empty.city()).toEqual([73, 3, 136, 54]);
  });
});

it('a browser without WebGL is known before the map is fetched', () => {
  expect(canDraw()).toBe(false);
});
