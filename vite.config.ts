import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

/** Builds the dashboard to dist/dashboard, from where the server hands it out. */
export default defineConfig({
  root: 'dashboard',
  plugins: [react()],
  build: {
    outDir: '../dist/dashboard',
    emptyOutDir: true,
    // The content security policy allows files of our own only: no data: addresses.
    assetsInlineLimit: 0,
    // Every one of these knows light-dark(), so it stays as it was written.
    target: ['chrome123', 'firefox121', 'safari17.5'],
  },
})
