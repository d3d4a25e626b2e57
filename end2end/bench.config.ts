import { defineConfig } from '@playwright/test';
import tests from './playwright.config.ts';

// What is measured here is printed, never asserted: it depends on the machine. Nothing else may run beside it.
export default defineConfig({
    ...tests,
    testDir: 'bench',
    testMatch: '*.bench.ts',
    workers: 1,
    timeout: 300_000,
    // Pictures of the page at each step would be measured with it.
    use: { ...tests.use, trace: 'off' },
});
