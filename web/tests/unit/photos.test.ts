import { describe, expect, it } from 'vitest';
import { fit, PHOTO_BYTES_MAX, within } from '@/h5/shrink';

/** A picture whose file has so many bytes for each pixel at the best quality; what was tried, in order. */
function surface(bytesPerPixel: number): { tried: [number, number][]; draw: (edge: number) => void; encode: (quality: number) => Promise<Blob> } {
  let pixels = 0;
  let drawn = 0;
  const tried: [number, number][] = [];
  return {
    tried,
    draw(edge) {
      drawn = edge;
      const { width, height } = within(4000, 3000, edge);
      pixels = width * height;
    },
    encode(quality) {
      tried.push([drawn, quality]);
      return Promise.resolve({ size: Math.ceil(pixels * bytesPerPixel * quality) } as Blob);
    },
  };
}

describe('a photo', () => {
  it('that fits is taken as fine as it is', async () => {
    const plain = surface(0.1);
    await fit(plain);
    expect(plain.tried).toEqual([[1600, 0.82]]);
  });

  it('loses quality before it loses pixels', async () => {
    const rough = surface(0.4);
    await fit(rough);
    expect(rough.tried).toEqual([[1600, 0.82], [1600, 0.7], [1600, 0.58], [1600, 0.45]]);
    const rougher = surface(0.6);
    await fit(rougher);
    expect(rougher.tried.slice(4)).toEqual([[1280, 0.82], [1280, 0.7], [1280, 0.58], [1280, 0.45]]);
  });

  it.each([0.01, 0.5, 1, 3, 8, 40, 150])('is never larger than 400 KB, at %f bytes a pixel', async (bytes) => {
    const made = await fit(surface(bytes));
    expect(made.size).toBeGreaterThan(0);
    expect(made.size).toBeLessThanOrEqual(PHOTO_BYTES_MAX);
  });

  it('that cannot be made to fit, or that a canvas gives up on, is no photo', async () => {
    await expect(fit(surface(5_000))).rejects.toThrow('no picture');
    await expect(fit({ draw: () => {}, encode: () => Promise.resolve(new Blob([])) })).rejects.toThrow('no picture');
  });

  it('keeps its shape, is never made larger, and always has pixels', () => {
    expect(within(4000, 3000, 1600)).toEqual({ width: 1600, height: 1200 });
    expect(within(3000, 4000, 800)).toEqual({ width: 600, height: 800 });
    expect(within(640, 480, 1600)).toEqual({ width: 640, height: 480 });
    expect(within(9000, 3, 64)).toEqual({ width: 64, height: 1 });
  });
});
