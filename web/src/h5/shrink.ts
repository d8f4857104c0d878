/** Makes a photo at most 400 KB. What the camera wrote beside the picture goes with the encoding anew. */

export const PHOTO_BYTES_MAX = 400 * 1024;
const EDGE_MAX = 1600;
const EDGE_MIN = 64;
const EDGE_STEP = 0.8;
const QUALITIES = [0.82, 0.7, 0.58, 0.45];

interface Surface { draw: (edge: number) => void; encode: (quality: number) => Promise<Blob> }

/** The first that fits, the finest first: less quality before fewer pixels. Errors: none does. */
export async function fit(surface: Surface): Promise<Blob> {
  for (let edge = EDGE_MAX; edge >= EDGE_MIN; edge = Math.floor(edge * EDGE_STEP)) {
    surface.draw(edge);
    for (const quality of QUALITIES) {
      const blob = await surface.encode(quality);
      if (blob.size > 0 && blob.size <= PHOTO_BYTES_MAX) return blob;
    }
  }
  throw new Error('no picture');
}

/** How wide and high a picture is drawn so that its longer edge has at most `edge` pixels. */
export function within(width: number, height: number, edge: number): { width: number; height: number } {
  const scale = Math.min(1, edge / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}
