import type { Page } from '@playwright/test';
import { expect, test } from '../fixtures/test.ts';
import type { ListPage } from '../pages/list.ts';

const PATIENTS = 1_500;

/** A list of which only the rows near the screen are in the document. */
test.beforeEach(async ({ server }) => {
    await server.addDemoPatients(PATIENTS);
});

/** The place in the list of the row that has the focus, the column titles being the first. */
function focusedRow(page: Page): Promise<number> {
    return page.evaluate(() => Number(document.activeElement?.closest('#rows > tr')?.getAttribute('aria-rowindex')));
}

/** The rows of which something can be seen, by place. */
function seenRows(page: Page): Promise<number[]> {
    return page.evaluate(() => {
        const frame = document.querySelector('.table')!.getBoundingClientRect();
        const isSeen = (row: Element) => {
            const { top, bottom } = row.getBoundingClientRect();
            return bottom > frame.top && top < frame.bottom;
        };
        const rows = [...document.querySelectorAll('#rows > tr[aria-rowindex]')].filter(isSeen);
        return rows.map(row => Number(row.getAttribute('aria-rowindex')));
    });
}

/** Waits until the screen is full of rows that follow one another, up to its lower edge, and gives them. */
async function settledRows(list: ListPage): Promise<number[]> {
    let rows: number[] = [];
    await expect(async () => {
        const before = rows;
        rows = await seenRows(list.page);
        expect(rows.length).toBeGreaterThan(3);
        expect(rows).toEqual(rows.map((_, at) => rows[0] + at));
        expect(rows, 'and nothing moves any more').toEqual(before);
    }).toPass();
    return rows;
}

test('a program that reads the list out hears of all rows, and at which of them it is', async ({ open }) => {
    const list = await open('sister');
    await expect(list.page.locator('table')).toHaveAttribute('aria-rowcount', String(PATIENTS + 1));
    expect(await list.names.count()).toBeLessThan(100);
    const indexes = () => list.page.locator('#rows > tr[aria-rowindex]').evaluateAll(rows => rows.map(row => Number(row.getAttribute('aria-rowindex'))));
    const found = await indexes();
    expect(found).toEqual(found.map((_, at) => at + 2));
    await list.search.fill('ashworth');
    await expect(list.filters).toContainText('matching “ashworth”');
    const matching = Number(/(\d+) of 1500 patients/.exec(await list.filters.innerText())![1]);
    await expect(list.page.locator('table')).toHaveAttribute('aria-rowcount', String(matching + 1));
});

test('the list is scrolled by keyboard, to its very end and back', async ({ open }) => {
    const list = await open('sister');
    const { page, table } = list;
    await table.focus();
    await page.keyboard.press('PageDown');
    await expect.poll(async () => (await settledRows(list))[0]).toBeGreaterThan(3);
    // The rows there turn out higher than was thought: then the end is a little further away.
    await page.keyboard.press('End');
    await expect(page.getByText('End of the list')).toBeInViewport();
    expect((await settledRows(list)).at(-1)).toBe(PATIENTS + 1);
    await page.keyboard.press('PageUp');
    await expect.poll(async () => (await settledRows(list)).at(-1)).toBeLessThan(PATIENTS + 1);
    // And so is the beginning, when rows that were never seen are passed on the way.
    await page.keyboard.press('Home');
    await expect.poll(async () => (await settledRows(list))[0]).toBe(2);
    // And whoever scrolls on has not asked for the end any more.
    await page.keyboard.press('End');
    await expect(page.getByText('End of the list')).toBeInViewport();
    await page.keyboard.press('PageUp');
    await expect.poll(async () => (await settledRows(list)).at(-1)).toBeLessThan(PATIENTS + 1);
});

test('Tab and the arrow keys go on beyond the rows that are in the document, and back', async ({ open }) => {
    // Some hundred keys, one by one.
    test.slow();
    const list = await open('sister');
    const { page } = list;
    await list.names.first().focus();
    // Each row is passed: its name, and its star.
    for (let row = 2; row < 70; row++) {
        await expect.poll(() => focusedRow(page)).toBe(row);
        await page.keyboard.press('Tab');
        await page.keyboard.press('Tab');
    }
    for (let row = 70; row > 2; row--) {
        await expect.poll(() => focusedRow(page)).toBe(row);
        await page.keyboard.press('Shift+Tab');
        await page.keyboard.press('Shift+Tab');
    }
    for (let row = 2; row < 70; row++) {
        await expect.poll(() => focusedRow(page)).toBe(row);
        await page.keyboard.press('j');
    }
    expect(await settledRows(list)).toContain(70);
});

test('Tab goes on from the row with the focus, however far it has been scrolled away', async ({ open }) => {
    const list = await open('sister');
    const { page, table } = list;
    const name = list.names.nth(4);
    const words = await name.innerText();
    await name.focus();
    await table.evaluate(element => element.scrollTo({ top: 60_000, behavior: 'instant' }));
    await expect.poll(async () => (await settledRows(list))[0]).toBeGreaterThan(300);
    expect(await focusedRow(page)).toBe(6);
    await expect(page.locator('.name:focus')).toHaveText(words);
    // What is between the two has its room: nothing is shown where it is not.
    await table.evaluate(element => element.scrollTo({ top: 30_000, behavior: 'instant' }));
    await expect.poll(async () => (await settledRows(list))[0]).toBeLessThan(450);
    expect(await focusedRow(page)).toBe(6);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    expect(await focusedRow(page)).toBe(7);
    expect(await settledRows(list)).toContain(7);
});

test('the key for finding goes to the list’s search, which finds rows that are not in the document', async ({ open, server }) => {
    const list = await open('sister');
    const { page } = list;
    await page.evaluate(() => {
        const left: string[] = [];
        Object.assign(window, { left });
        // What is not prevented is the browser's: it would open its own search.
        addEventListener('keydown', event => event.defaultPrevented || left.push(event.key));
    });
    const left = () => page.evaluate(() => (window as unknown as { left: string[] }).left.filter(key => key !== 'Control'));
    await list.names.nth(2).focus();
    await page.keyboard.press('Control+f');
    await expect(list.search).toBeFocused();
    expect(await left()).toEqual([]);
    await page.keyboard.type('D1-001499');
    await expect(list.names).toHaveCount(1);
    // All that there is to show is in the document now.
    await list.names.first().focus();
    await page.keyboard.press('Control+f');
    expect(await left()).toContain('f');
    await list.search.fill('');
    await page.keyboard.press('F3');
    expect((await left()).at(-1), 'pressed in the search, it is the browser’s').toBe('F3');
    await server.stop();
});

test('place and identity stay in view, and columns where they are, wherever the list is scrolled to', async ({ open }) => {
    const list = await open('sister', { viewport: { width: 820, height: 900 } });
    const { table, page } = list;
    await list.chooseNote();
    const columns = () => page.locator('thead th').evaluateAll(titles => titles.map(title => Math.round(title.getBoundingClientRect().left)));
    const frozen = () =>
        page.evaluate(() => {
            const frame = document.querySelector('.table')!.getBoundingClientRect();
            const rows = [...document.querySelectorAll('#rows > tr')];
            const row = rows.find(row => row.getBoundingClientRect().top > frame.top + 100)!;
            return [...row.children].slice(0, 2).map(cell => Math.round(cell.getBoundingClientRect().left - frame.left));
        });
    const before = await columns();
    const places = await frozen();
    for (const top of [20_000, 70_000, 40_000]) {
        await table.evaluate((element, top) => element.scrollTo({ top, behavior: 'instant' }), top);
        await settledRows(list);
        expect(await columns()).toEqual(before);
    }
    await table.evaluate(element => element.scrollTo({ left: 300, top: 50_000, behavior: 'instant' }));
    await settledRows(list);
    expect(await table.evaluate(element => element.scrollLeft)).toBeGreaterThan(100);
    expect(await frozen()).toEqual(places);
    const title = await page.locator('thead th').first().boundingBox();
    const frame = await table.boundingBox();
    expect(Math.round(title!.y - frame!.y), 'the titles stay too').toBeLessThanOrEqual(1);
});

test('without scripts the page says how much of the list it shows', async ({ open }) => {
    const list = await open('sister', { javaScriptEnabled: false });
    await expect(list.page.locator('.end')).toContainText([`of its ${PATIENTS} rows are shown`, '']);
    await expect(list.page.getByText('End of the list')).toBeHidden();
});
