import type { Page } from '@playwright/test';
import { expectAccessible, expectNoSidewaysScrolling } from '../fixtures/axe.ts';
import { mayTakePicture } from '../fixtures/picture.ts';
import { expect, test } from '../fixtures/test.ts';
import { WallPage, WardView } from '../pages/ward.ts';

// No language here is written from right to left; that one could be is a matter of texts only.
async function turnAround(page: Page): Promise<void> {
    await page.evaluate(() => (document.documentElement.dir = 'rtl'));
}

/** How far the frozen columns are from where they belong: the table's right edge, and beside each other. */
async function distances(page: Page): Promise<number[]> {
    return page.evaluate(() => {
        const pane = document.querySelector('.table')!;
        const edge = pane.getBoundingClientRect().right - parseFloat(getComputedStyle(pane).borderRightWidth)
            - (pane as HTMLElement).offsetWidth + pane.clientWidth
            + parseFloat(getComputedStyle(pane).borderLeftWidth) + parseFloat(getComputedStyle(pane).borderRightWidth);
        return [...document.querySelectorAll('thead tr, #rows > tr')].flatMap(row => {
            const [place, identity] = [row.children[0].getBoundingClientRect(), row.children[1].getBoundingClientRect()];
            return [edge - place.right, place.left - identity.right];
        });
    });
}

test('from right to left, place and identity stay at the right edge', async ({ open, lab }) => {
    await lab.admit({ title: 'Ms', birth_date: '1985-12-10', ward: 'Elm Ward', bed: 'A1', attending: 'Dr A. Osei', acuity: 1 });
    const list = await open('sister', { viewport: { width: 820, height: 700 }, seesAll: false });
    const { page } = list;
    await list.chooseNote();
    await turnAround(page);
    const pane = page.locator('.table');
    for (const scrolled of [0, -100]) {
        const at = await pane.evaluate((element, scrolled) => {
            element.scrollTo({ left: scrolled, behavior: 'instant' });
            return element.scrollLeft;
        }, scrolled);
        expect(at < 0, 'the table is wider than its pane, and scrolled').toBe(scrolled < 0);
        for (const distance of await distances(page)) expect(Math.abs(distance)).toBeLessThan(1);
    }
    await expectNoSidewaysScrolling(page, 'list');
    await expectAccessible(page, 'list from right to left');
});

for (const width of [360, 1440]) {
    test(`from right to left nothing is beyond the edge, ${width} pixels`, async ({ open, lab }) => {
        await lab.admit({ title: 'Ms', ward: 'Elm Ward', bed: 'A1', attending: 'Dr A. Osei', flags: [{ code: 'falls', text: '' }] });
        const list = await open('sister', { viewport: { width, height: 800 }, seesAll: false });
        const { page, dialog } = list;
        await turnAround(page);
        const check = async (screen: string) => {
            await expectNoSidewaysScrolling(page, screen);
            await expectAccessible(page, screen);
            await mayTakePicture(page, `rtl-${screen}-${width}`);
        };
        await check('list');
        await page.locator('.menu summary').click();
        await check('menu');
        // On a phone it lies over the rows.
        await page.keyboard.press('Escape');
        const ward = await WardView.of(list);
        await check('ward');
        // The mark is at the edge where a line begins.
        await expect(ward.patient('LOVELACE, Ada (Ms)').root).toHaveCSS('box-shadow', / 10px 0px 0px 0px,.* 15px 0px 0px 0px$/);
        await ward.choose('List');
        await list.openPatient('LOVELACE, Ada (Ms)');
        await check('record');
        await dialog.press('Edit');
        await check('form');
        await page.goto(`/past?at=${new Date().toISOString()}`);
        await turnAround(page);
        await expect(page.locator('.name')).toBeVisible();
        await check('past');
    });
}

test('from right to left, an arrow to the left leads on to the next bed', async ({ open, lab }) => {
    await lab.admit({ ward: 'Elm Ward', bed: 'A1' });
    await lab.admit({ first_name: 'Grace', last_name: 'Hopper', ward: 'Elm Ward', bed: 'A2' });
    const ward = await WardView.of(await open('sister'));
    await turnAround(ward.page);
    await ward.patient('LOVELACE, Ada').name.focus();
    await ward.page.keyboard.press('ArrowLeft');
    await expect(ward.patient('HOPPER, Grace').name).toBeFocused();
    await ward.page.keyboard.press('ArrowRight');
    await expect(ward.patient('LOVELACE, Ada').name).toBeFocused();
});

test('from right to left, a wall turns its pages to the left, and everybody is on one', async ({ open, server }) => {
    await server.addDemoPatients(60);
    const { page } = await open('porter');
    const wall = await WallPage.at(page);
    await turnAround(page);
    await expect(wall.turning).toContainText('Page 1 of');
    await page.keyboard.press(' ');
    await expect(wall.turning).toContainText('Paused at page 1 of');
    await expectAccessible(page, 'wall from right to left');
    const count = Number(/page 1 of (\d+)/.exec((await wall.turning.textContent())!)![1]);
    expect(count).toBeGreaterThan(1);
    const seen: number[] = [];
    for (let at = 1; at <= count; at++) {
        await expect(wall.turning).toContainText(`Paused at page ${at} of ${count}`);
        seen.push(...await wall.onThisPage());
        await page.keyboard.press('ArrowLeft');
    }
    expect(seen.sort((a, b) => a - b)).toEqual([...Array(await wall.names.count()).keys()]);
    await expect(wall.turning).toContainText('Paused at page 1 of');
    await page.keyboard.press('ArrowRight');
    await expect(wall.turning).toContainText(`Paused at page ${count} of`);
});
