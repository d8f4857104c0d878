import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vitest/config';

// Where `npm run dev` finds the server whose console this is.
const server = process.env['CHENGYUN'] ?? 'http://127.0.0.1:8080';

// The pages for phones are built apart (`--mode phones`): what only the console takes of Vue stays out of their sixty kilobytes.
export default defineConfig(({ mode }) => ({
  logLevel: 'warn',
  // What the page names by its address stays the server's to send.
  plugins: [vue({ template: { transformAssetUrls: false } })],
  resolve: { alias: { '@': new URL('./src', import.meta.url).pathname } },
  define: {
    __VUE_OPTIONS_API__: false,
    __VUE_PROD_DEVTOOLS__: false,
    __VUE_I18N_FULL_INSTALL__: false,
    __VUE_I18N_LEGACY_API__: false,
    __INTLIFY_PROD_DEVTOOLS__: false,
  },
  build: {
    outDir: 'build',
    emptyOutDir: mode !== 'phones',
    target: ['chrome100', 'firefox115', 'safari15.4'],
    // A file in the page itself would be inline code or data, which the server's policy refuses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // The map is one piece, fetched where it is needed; `budget.test.ts` holds its size.
    chunkSizeWarningLimit: 1200,
    rolldownOptions: {
      checks: { pluginTimings: false }, input: [mode === 'phones' ? 'h5.html' : 'index.html'],
      // One map for both, under its own name.
      output: { codeSplitting: { groups: [{ name: 'maplibre', test: /node_modules\/maplibre-gl/ }] } },
    },
  },
  worker: { format: 'es' },
  server: { proxy: { '/api': server, '/pages': server, '/healthz': server } },
  test: { environment: 'happy-dom', include: ['src/**/*.test.ts', 'tests/unit/**/*.test.ts'] },
}));
