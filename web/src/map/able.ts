/** Whether this browser can draw a map at all: old desktops and remote ones often cannot. */
export function canDraw(): boolean {
  try {
    return document.createElement('canvas').getContext('webgl2') !== null;
  } catch {
    return false;
  }
}
