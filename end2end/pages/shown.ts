import type { Locator } from '@playwright/test';

/** A patient, wherever in the list's page. */
export class Shown {
    readonly name;
    readonly mark;
    readonly seen;

    constructor(readonly root: Locator) {
        this.name = root.locator('.name');
        this.mark = root.locator('.mark');
        this.seen = root.getByRole('button', { name: /^Seen: / });
    }
}
