import { expect, type Locator, type Page } from '@playwright/test';
import type { ListPage } from './list.ts';
import { Shown } from './shown.ts';

/** The ward as it is laid out, in the list's page; whatever is not about that is the list's. */
export class WardView {
    readonly region;
    readonly page: Page;
    /** The wards' names and how full they are. */
    readonly headings;
    readonly rooms;

    constructor(readonly list: ListPage) {
        this.page = list.page;
        this.region = this.page.getByRole('region', { name: 'Patients by bed' });
        this.headings = this.region.getByRole('heading', { level: 2 });
        this.rooms = this.region.getByRole('heading', { level: 3 });
    }

    /** Goes there from the list. */
    static async of(list: ListPage): Promise<WardView> {
        const ward = new WardView(list);
        await ward.choose('Ward');
        await expect(ward.region).toBeVisible();
        return ward;
    }

    async choose(layout: 'List' | 'Ward'): Promise<void> {
        await this.page.getByRole('group', { name: 'Layout' }).getByRole('button', { name: layout }).click();
    }

    /** What stands under a heading: a room's beds, or those who are expected. */
    group(title: string): Locator {
        const heading = this.page.getByRole('heading', { level: 3, name: title, exact: true });
        return this.region.locator('section.room').filter({ has: heading });
    }

    bed(name: string): Locator {
        const heading = this.page.getByRole('heading', { level: 4, name, exact: true });
        return this.region.getByRole('listitem').filter({ has: heading });
    }

    /** The names of the beds of a room, or of all, as one reads them. */
    beds(room?: string): Locator {
        return (room === undefined ? this.region : this.group(room)).getByRole('heading', { level: 4 });
    }

    patient(name: string): Card {
        const named = this.page.getByRole('button', { name, exact: true });
        return new Card(this.region.locator('.patient').filter({ has: named }));
    }
}

/** A patient on the plan. */
export class Card extends Shown {
    readonly lead;

    constructor(root: Locator) {
        super(root);
        this.lead = root.locator('.lead');
    }
}

/** The display on the wall. */
export class WallPage {
    readonly sheet;
    readonly badge;
    readonly notLive;
    readonly names;
    /** Which page of how many. */
    readonly turning;

    constructor(readonly page: Page) {
        this.sheet = page.locator('.wall-sheet');
        this.badge = page.locator('#link');
        this.notLive = page.locator('.wall-lost');
        this.names = page.locator('.wall-name');
        this.turning = page.locator('.wall-page');
    }

    /** Goes there with what somebody has signed in with. */
    static async at(page: Page, query = ''): Promise<WallPage> {
        await page.goto(`/wall${query}`);
        const wall = new WallPage(page);
        await wall.isLive();
        return wall;
    }

    patient(name: string): Locator {
        return this.page.locator('.patient').filter({ has: this.page.getByText(name, { exact: true }) });
    }

    /** Who is to be seen, by their places among the names. */
    onThisPage(): Promise<number[]> {
        return this.names.evaluateAll(names => names
            .map((name, place) => ({ place, box: name.getBoundingClientRect() }))
            .filter(({ box }) => box.left >= 0 && box.right <= innerWidth && box.top >= 0 && box.bottom <= innerHeight)
            .map(({ place }) => place));
    }

    async isLive(): Promise<void> {
        await expect(this.badge).toHaveText('● Live', { timeout: 30_000 });
    }
}
