// @vitest-environment node
import { readFileSync } from 'node:fs';
import openapiTS, { astToString } from 'openapi-typescript';
import { describe, expect, it } from 'vitest';
import { SPECS } from '@/cases/actions';
import { REPORT_SPECS } from '@/reports/actions';

const at = (path: string): URL => new URL(`../../${path}`, import.meta.url);
const read = (path: string): string => readFileSync(at(path), 'utf8');

describe('types of the API', () => {
  it('are made from the description that is kept', async () => {
    const made = astToString(await openapiTS(at('openapi/openapi.json'), { defaultNonNullable: false }));
    const kept = read('src/api/schema.d.ts');
    expect(kept.slice(kept.indexOf('export interface paths')).trim() === made.slice(made.indexOf('export interface paths')).trim(), 'stale: scripts/web.sh schema').toBe(true);
  }, 30_000);

  it('know every command that a form is for', () => {
    const description = JSON.parse(read('openapi/openapi.json')) as { paths: Record<string, { post?: { operationId: string } }> };
    for (const [operation, spec] of [...Object.entries(SPECS), ...Object.entries(REPORT_SPECS)]) {
      expect(description.paths[spec.path]?.post?.operationId, operation).toBe(operation);
    }
  });
});
