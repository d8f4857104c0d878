// A map that lies flat with the north above and has two buttons, on desks and on phones. A large piece of code: only what is fetched when a
// map is wanted may import it.
import { Map as MapLibre, NavigationControl, setWorkerUrl } from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url';
import 'maplibre-gl/dist/maplibre-gl.css';
import type { Box, Place } from './box';
import { styleOf } from './style';

setWorkerUrl(workerUrl);

export interface MapWords { title: string; zoomIn: string; zoomOut: string }

/** What is seen first: a box, with so many pixels around it, or what lies about a place. */
export type Start = { box: Box; padding: number } | { at: Place; zoom: number };

/** Throws where the browser cannot draw. */
export function flatMap(container: HTMLElement, isDark: boolean, words: MapWords, start: Start): MapLibre {
  const view = 'at' in start
    ? { center: [start.at.lon, start.at.lat] as [number, number], zoom: start.zoom }
    : { bounds: [...start.box] as [number, number, number, number], fitBoundsOptions: { padding: start.padding } };
  const map = new MapLibre({
    container, style: styleOf(isDark), ...view,
    attributionControl: false, dragRotate: false, pitchWithRotate: false, touchPitch: false, maxZoom: 19, fadeDuration: 0, renderWorldCopies: false,
    locale: { 'Map.Title': words.title, 'NavigationControl.ZoomIn': words.zoomIn, 'NavigationControl.ZoomOut': words.zoomOut },
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new NavigationControl({ showCompass: false }), 'bottom-right');
  return map;
}
