/**
 * How the page is built: `dist/index.html`, assets named by their content (they
 * can be cached for ever), and `dist/sw.js`, which knows all of them by name.
 * The same sources give the same bytes, on any machine and in any folder.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { build, type Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

const root = import.meta.dirname;
const worker = join(root, 'src/sw/sw.ts');
const publicDir = join(root, 'public');

/** Where `npm run dev` finds an edge. */
const edge = process.env['TILL_EDGE'] ?? 'http://127.0.0.1:7080';

export default defineConfig({
  root,
  base: '/',
  publicDir,
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  plugins: [serviceWorker()],
  server: { proxy: { '/v1': edge } },
  build: {
    target: 'es2022',
    outDir: 'dist',
    emptyOutDir: true,
    sourcemap: false,
    // The page's policy forbids what is inline.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  test: {
    include: ['src/**/*.test.{ts,tsx}', 'engine/**/*.test.ts'],
    environment: 'node',
  },
});

/** Builds `src/sw/sw.ts` into one script beside the page, and tells it all files of the page. */
function serviceWorker(): Plugin {
  return {
    name: 'service-worker',
    apply: 'build',
    enforce: 'post',
    async generateBundle(_options, bundle) {
      if (!existsSync(worker)) return;
      const files = new Map<string, Uint8Array | string>();
      for (const [name, item] of Object.entries(bundle)) {
        files.set(name, item.type === 'asset' ? item.source : item.code);
      }
      for (const name of filesBelow(publicDir)) {
        files.set(name, readFileSync(join(publicDir, name)));
      }
      const names = [...files.keys()].sort();
      const digest = createHash('sha256');
      for (const name of names) digest.update(`${name}\0`).update(files.get(name) ?? '');
      const precache = {
        version: digest.digest('hex').slice(0, 16),
        files: names.map((name) => (name === 'index.html' ? '/' : `/${name}`)),
      };
      this.emitFile({ type: 'asset', fileName: 'sw.js', source: await workerScript(precache) });
    },
  };
}

async function workerScript(precache: unknown): Promise<string> {
  const built = await build({
    root,
    configFile: false,
    publicDir: false,
    logLevel: 'warn',
    define: { __PRECACHE__: JSON.stringify(precache) },
    build: {
      target: 'es2022',
      write: false,
      lib: { entry: worker, formats: ['iife'], name: 'sw', fileName: () => 'sw.js' },
    },
  });
  for (const result of Array.isArray(built) ? built : [built]) {
    if (!('output' in result)) continue;
    for (const chunk of result.output) if (chunk.type === 'chunk') return chunk.code;
  }
  throw new Error('the service worker was built into nothing');
}

function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'));
}
