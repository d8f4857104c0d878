import type { ExpressionSpecification, FilterSpecification, LayerSpecification, StyleSpecification } from 'maplibre-gl';
import { LEVELS, SHOWN_FROM } from './areas';

// Drawn by the browser with the fonts that are there: no server of glyphs is needed.
const FONT = ['PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', 'sans-serif'];

interface Colours {
  ground: string; inside: string; line: string; text: string; halo: string; brand: string; ok: string; warn: string; late: string; idle: string; edge: string; mark: string;
}
const LIGHT: Colours = { ground: '#e4e9ef', inside: '#f6f8fa', line: '#8fa3ba', text: '#33465c', halo: '#fff', brand: '#1554b8', ok: '#167a3e', warn: '#b97700', late: '#c4321f', idle: '#5b6675', edge: '#fff', mark: '#0b2a5b' };
const DARK: Colours = { ground: '#0b1220', inside: '#131f33', line: '#38537a', text: '#a9c6ea', halo: '#0b1220', brand: '#7db1ff', ok: '#6ee2a0', warn: '#ffc861', late: '#ff9a90', idle: '#a9b6c9', edge: '#0b1220', mark: '#fff' };

const EMPTY = { type: 'geojson', data: { type: 'FeatureCollection', features: [] } } as const;
const OUTLINED: FilterSpecification = ['!=', ['geometry-type'], 'Point'];
const grows = (from: number, to: number): ExpressionSpecification => ['interpolate', ['linear'], ['zoom'], 10, from, 16, to];

function ground(c: Colours): LayerSpecification[] {
  const lines = LEVELS.map((level, n): LayerSpecification => ({
    id: `${level}-line`, type: 'line', source: level, minzoom: SHOWN_FROM[level], filter: OUTLINED,
    paint: { 'line-color': c.line, 'line-width': [2.2, 1.4, 0.9, 0.5][n] ?? 1 },
  }));
  return [{ id: 'inside', type: 'fill', source: 'district', filter: OUTLINED, paint: { 'fill-color': c.inside } }, ...lines];
}

function names(c: Colours): LayerSpecification[] {
  return LEVELS.filter((level) => level !== 'district').map((level): LayerSpecification => ({
    id: `${level}-name`, type: 'symbol', source: level, minzoom: SHOWN_FROM[level] + (level === 'grid' ? 1 : 0), maxzoom: level === 'street' ? 15 : 24,
    layout: { 'text-field': ['get', 'name'], 'text-font': FONT, 'text-size': level === 'street' ? 13 : 11, 'text-max-width': 8, 'text-padding': 6 },
    paint: { 'text-color': c.text, 'text-halo-color': c.halo, 'text-halo-width': 1.5 },
  }));
}

const size = (add: number): ExpressionSpecification => ['+', ['match', ['get', 'light'], 'red', 2, 'yellow', 1, 0], ['case', ['==', ['get', 'level'], 'normal'], 0, 2], add];

/** What is urgent or overdue is larger too: colour alone is not seen by everybody. */
function cases(c: Colours): LayerSpecification[] {
  const light: ExpressionSpecification = ['match', ['get', 'light'], 'red', c.late, 'yellow', c.warn, 'green', c.ok, c.idle];
  return [
    {
      id: 'cells', type: 'circle', source: 'cells',
      paint: { 'circle-color': c.brand, 'circle-opacity': 0.82, 'circle-stroke-color': c.edge, 'circle-stroke-width': 1.5, 'circle-radius': ['interpolate', ['linear'], ['sqrt', ['get', 'count']], 1, 10, 70, 30] },
    },
    { id: 'cell-count', type: 'symbol', source: 'cells', layout: { 'text-field': ['to-string', ['get', 'count']], 'text-font': FONT, 'text-size': 12, 'text-allow-overlap': true }, paint: { 'text-color': c.edge } },
    {
      id: 'cases', type: 'circle', source: 'cases', layout: { 'circle-sort-key': ['match', ['get', 'light'], 'red', 3, 'yellow', 2, 'green', 1, 0] },
      paint: { 'circle-color': light, 'circle-stroke-color': c.edge, 'circle-stroke-width': 1.2, 'circle-radius': ['interpolate', ['linear'], ['zoom'], 10, size(3), 16, size(6)] },
    },
    { id: 'marked', type: 'circle', source: 'marked', paint: { 'circle-color': 'transparent', 'circle-radius': grows(10, 14), 'circle-stroke-width': 3, 'circle-stroke-color': c.mark } },
    { id: 'marked-dot', type: 'circle', source: 'marked', paint: { 'circle-color': c.mark, 'circle-radius': 3 } },
  ];
}

/** The whole map without anything on it yet. */
export function styleOf(isDark: boolean): StyleSpecification {
  const c = isDark ? DARK : LIGHT;
  const sources = Object.fromEntries([...LEVELS, 'cells', 'cases', 'marked'].map((id) => [id, { ...EMPTY }]));
  return { version: 8, sources, layers: [{ id: 'ground', type: 'background', paint: { 'background-color': c.ground } }, ...ground(c), ...names(c), ...cases(c)] };
}
