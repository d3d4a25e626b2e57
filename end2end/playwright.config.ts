import { defineConfig } from '@playwright/test';
import { launchOptions } from './browser.ts';

export default defineConfig({
    testDir: 'tests',
    outputDir: 'test-results',
    fullyParallel: true,
    workers: 2,
    // A test that passes at the second try has found something.
    retries: 0,
    forbidOnly: !!process.env.CI,
    timeout: 60_000,
    expect: { timeout: 15_000 },
    reporter: 'list',
    // Writes a picture for the README, so only when asked to.
    grepInvert: process.env.WARDWATCH_SCREENSHOT ? undefined : /@screenshot/,
    use: {
        browserName: 'chromium',
        launchOptions,
        viewport: { width: 1280, height: 800 },
        // A reader elsewhere sees the hospital's clock all the same.
        locale: 'en-US',
        timezoneId: 'America/New_York',
        actionTimeout: 15_000,
        // A trace of each test takes half as long again; `make e2e ARGS="--trace retain-on-failure"` asks for it.
        screenshot: 'only-on-failure',
    },
});
