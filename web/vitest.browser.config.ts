import { defineConfig } from 'vitest/config';

// One city after the other: two at once on two cores only wait for each other.
export default defineConfig({
  test: { environment: 'node', include: ['tests/browser/**/*.test.ts'], fileParallelism: false, testTimeout: 60_000, hookTimeout: 90_000 },
});
