import { describe, expect, it } from 'vitest';
import { fill, look } from '@/h5/look';
import { placeOf } from '@/h5/place';
import { span } from '@/h5/time';
import en from '@/h5/words/en';
import zh from '@/h5/words/zh';

type Table = { [name: string]: string | Table };
const texts = (table: Table, at = ''): [string, string][] => Object.entries(table).flatMap(([name, value]) => (typeof value === 'string' ? [[`${at}${name}`, value] as [string, string]] : texts(value, `${at}${name}.`)));

const places = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort();

describe('the words of the pages for phones', () => {
  it('are the same in both languages, with the same places to fill in, and none is empty', () => {
    const chinese = new Map(texts(zh as Table));
    const english = new Map(texts(en as Table));
    expect([...english.keys()].sort()).toEqual([...chinese.keys()].sort());
    for (const [name, text] of chinese) {
      expect(places(english.get(name) ?? ''), name).toEqual(places(text));
      expect(text.trim(), name).not.toBe('');
      // The other language by its own name, and units as the server takes them.
      if (name !== 'common.language' && name !== 'field.limitHint') expect(english.get(name), name).not.toMatch(/[\u4e00-\u9fff]/);
    }
  });

  it('fill in what is known and leave the rest', () => {
    expect(fill('{n} of {all}', { n: 1 })).toBe('1 of {all}');
    look.language = 'zh-CN';
    expect(span(59 * 3_600_000 + 5)).toBe('2天11时');
    expect(span(61_000)).toBe('0:01');
  });
});

it('a place that was pointed at is in the system of the map, one of the satellites in theirs', () => {
  expect(placeOf({ lon: 121.1, lat: 31.1, accuracy: 12 })).toEqual({ lon: 121.1, lat: 31.1, coordinate_system: 'wgs84' });
  expect(placeOf({ lon: 121.1, lat: 31.1, accuracy: 0, isPicked: true }).coordinate_system).toBe('cgcs2000');
});
