import { fit, within } from './shrink';

addEventListener('message', (event: MessageEvent<Blob>) => {
  void (async () => {
    try {
      const picture = await createImageBitmap(event.data, { imageOrientation: 'from-image' });
      const canvas = new OffscreenCanvas(1, 1);
      const blob = await fit({
        draw(edge) {
          Object.assign(canvas, within(picture.width, picture.height, edge));
          canvas.getContext('2d')?.drawImage(picture, 0, 0, canvas.width, canvas.height);
        },
        encode: (quality) => canvas.convertToBlob({ type: 'image/jpeg', quality }),
      });
      const bytes = await blob.arrayBuffer();
      postMessage({ bytes }, { transfer: [bytes] });
    } catch (error) {
      postMessage({ error: String(error) });
    }
  })();
});
