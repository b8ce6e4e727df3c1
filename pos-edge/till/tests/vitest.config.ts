/**
 * The page in a headless Chromium on a whole stack. One file at a time: each has a
 * stage of its own, and measures.
 */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: import.meta.dirname,
  test: {
    include: ['*.test.ts'],
    environment: 'node',
    fileParallelism: false,
    sequence: { concurrent: false },
    // A part of a story that fails ends it.
    bail: 1,
    testTimeout: 120_000,
    hookTimeout: 300_000,
  },
});
