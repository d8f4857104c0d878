/** Makes a photo at most 400 KB. What the camera wrote beside the picture goes with the encoding anew. */

export const PHOTO_BYTES_MAX = 400 * 1024;
const EDGES = [1600, 1280, 1024, 800];
const QUALITIES = [0.82, 0.7, 0.58, 0.45];

interface Surface { draw: (edge: number) => void; encode: (quality: number) => Promise<Blob> }

/** The first that fits, the finest first. */
export async function fit(surface: Surface): Promise<Blob> {
  let smallest: Blob | null = null;
  for (const edge of EDGES) {
    surface.draw(edge);
    for (const quality of QUALITIES) {
      const blob = await surface.encode(quality);
      if (blob.size <= PHOTO_BYTES_MAX) return blob;
      if (smallest === null || blob.size < smallest.size) smallest = blob;
    }
  }
  if (smallest === null) throw new Error('no picture');
  return smallest;
}

/** How wide and high a picture is drawn so that its longer edge has at most `edge` pixels. */
export function within(width: number, height: number, edge: number): { width: number; height: number } {
  const scale = Math.min(1, edge / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}
