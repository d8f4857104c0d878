/** Where this phone is, or what somebody pointed at on the map. */
export interface Here { lon: number; lat: number; accuracy: number; isPicked?: boolean }

/** As the API takes a place: satellites give WGS 84, the map is drawn in CGCS 2000. */
export function placeOf({ lon, lat, isPicked }: Here): { lon: number; lat: number; coordinate_system: string } {
  return { lon, lat, coordinate_system: isPicked === true ? 'cgcs2000' : 'wgs84' };
}

const PATIENCE_MS = 15_000;
const KNOWN_MS = 30_000;

/** Asks the phone, anew when what it knew a moment ago will not do; null when it does not say. Degrees are WGS 84, as satellites have them. */
export function here(isAnew = false): Promise<Here | null> {
  if (!('geolocation' in navigator)) return Promise.resolve(null);
  return new Promise((resolve) => {
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => resolve({ lon: coords.longitude, lat: coords.latitude, accuracy: Math.round(coords.accuracy) }),
      () => resolve(null),
      { enableHighAccuracy: true, timeout: PATIENCE_MS, maximumAge: isAnew ? 0 : KNOWN_MS },
    );
  });
}

/** Metres between two places near each other. */
export function metres(a: { lon: number; lat: number }, b: { lon: number; lat: number }): number {
  const rad = Math.PI / 180;
  const x = (a.lon - b.lon) * rad * Math.cos(((a.lat + b.lat) / 2) * rad);
  return Math.round(Math.hypot(x, (a.lat - b.lat) * rad) * 6_371_000);
}
