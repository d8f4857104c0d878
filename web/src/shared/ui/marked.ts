/** From which character to before which. */
export interface Mark {
  from: number;
  to: number;
}

export interface Part {
  text: string;
  isMarked: boolean;
}

/** A text taken apart at its marks. Characters are counted, not the halves that JavaScript makes of some. */
export function partsOf(text: string, marks: readonly Mark[]): Part[] {
  const characters = Array.from(text);
  const parts: Part[] = [];
  let at = 0;
  const take = (to: number, isMarked: boolean): void => {
    if (to > at) parts.push({ text: characters.slice(at, to).join(''), isMarked });
    at = Math.max(at, to);
  };
  for (const { from, to } of marks) {
    take(Math.min(from, characters.length), false);
    take(Math.min(to, characters.length), true);
  }
  take(characters.length, false);
  return parts;
}
