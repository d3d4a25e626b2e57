import { existsSync } from 'node:fs';
import { chromium, type LaunchOptions } from '@playwright/test';

const SYSTEM = ['chromium', 'chromium-browser', 'google-chrome'].map(name => `/usr/bin/${name}`);

/** An explicit path, Playwright's own browser, the system's: the same order as in `scripts/setup.sh`. */
function executablePath(): string | undefined {
    return process.env.WARDWATCH_CHROMIUM || [chromium.executablePath(), ...SYSTEM].find(path => existsSync(path));
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
