import { existsSync } from 'node:fs';
import { chromium, type LaunchOptions } from '@playwright/test';

const SYSTEM = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome'].map(name => `/usr/bin/${name}`);

/**
 * An explicit path, Playwright's own browser, the system's: the same order as in `scripts/setup.sh`. Undefined is
 * Playwright's own, of which it takes the part that has no window; that part alone needs half the time of a whole browser.
 */
function executablePath(): string | undefined {
    if (process.env.WARDWATCH_CHROMIUM) return process.env.WARDWATCH_CHROMIUM;
    return existsSync(chromium.executablePath()) ? undefined : SYSTEM.find(path => existsSync(path));
}

/** How every browser here is started. */
export const launchOptions: LaunchOptions = {
    executablePath: executablePath(),
    args: [
        // Nothing but the pages under test may use the network.
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--no-first-run',
        // Chromium's sandbox refuses to run as root, as in most containers.
        ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    ],
};
