import { expect, test, type Socket } from '../fixtures/test.ts';
import { WardView } from '../pages/ward.ts';

const ADA = 'LOVELACE, Ada';
const GRACE = 'HOPPER, Grace';
const MARY = 'SOMERVILLE, Mary';

async function fillWard(lab: Socket) {
    const ada = await lab.admit({ ward: 'Elm Ward', bed: 'A1', attending: 'sister' });
    const grace = await lab.admit({ first_name: 'Grace', last_name: 'Hopper', ward: 'Elm Ward', bed: 'A2' });
    const mary = await lab.admit({ first_name: 'Mary', last_name: 'Somerville', ward: 'Elm Ward', bed: 'A3' });
    return { ada, grace, mary };
}

test('the sheet names every key', async ({ open, lab }) => {
    await fillWard(lab);
    const list = await open('sister');
    const { page, dialog } = list;
    await list.row(GRACE).name.focus();
    await page.keyboard.press('?');
    await expect(dialog.title).toHaveText('Keys');
    await expect(dialog.title).toBeFocused();
    await expect(dialog.root.locator('kbd')).toHaveText([
        '/', 'Ctrl F', 'j or ↓', 'k or ↑', 'Enter', 's', '*', 'u', 'p', 'm', 'a', 'Esc', '?',
    ]);
    for (const what of await dialog.root.locator('.keys dd').allInnerTexts()) expect(what).toMatch(/\w{4}/);
    // Nothing behind it is moved by them.
    await page.keyboard.press('m');
    await page.keyboard.press('Escape');
    await dialog.isClosed();
    await expect(list.row(GRACE).name).toBeFocused();
    await expect(page).toHaveURL(/\/$/);
});

test('each key does what the sheet says', async ({ open, lab }) => {
    const { ada, grace } = await fillWard(lab);
    const list = await open('sister');
    const { page, dialog } = list;
    const press = (key: string) => page.keyboard.press(key);

    await press('/');
    await expect(list.search).toBeFocused();
    // In a field they are letters.
    await page.keyboard.type('jspma?*');
    await expect(list.search).toHaveValue('jspma?*');
    await expect(dialog.root).toHaveCount(0);
    await list.search.fill('');
    await list.letGo();

    // To the first one, on and back, by either pair; not beyond the ends.
    for (const [on, back] of [['j', 'k'], ['ArrowDown', 'ArrowUp']] as const) {
        for (const name of [ADA, GRACE, MARY, MARY]) {
            await press(on);
            await expect(list.row(name).name).toBeFocused();
        }
        for (const name of [GRACE, ADA, ADA]) {
            await press(back);
            await expect(list.row(name).name).toBeFocused();
        }
        await list.letGo();
    }

    await press('j');
    await press('Enter');
    await expect(dialog.title).toHaveText(ADA);
    await press('Escape');
    await dialog.isClosed();
    await expect(list.row(ADA).name).toBeFocused();

    await press('*');
    const star = list.row(ADA).root.getByRole('button', { name: /^Star/ });
    await expect(star).toHaveAttribute('aria-pressed', 'true');
    await press('*');
    await expect(star).toHaveAttribute('aria-pressed', 'false');

    await lab.change(ada, { acuity: 1 });
    await lab.change(grace, { acuity: 1 });
    await list.row(GRACE).isChanged('lab', 'Alerts');
    await press('s');
    await list.row(ADA).isUnmarked();
    await list.row(GRACE).isChanged('lab', 'Alerts');

    await lab.change(ada, { bed: 'A9' });
    await expect(list.waiting).toHaveText('1 pending: show');
    await press('u');
    await expect(list.names).toHaveText([GRACE, MARY, ADA]);
    await expect(list.row(ADA).name).toBeFocused();

    await press('p');
    await expect(list.banner).toContainText('Paused at');
    await press('p');
    await expect(list.banner).toHaveCount(0);

    await press('m');
    await expect(page).toHaveURL(/mine=yes/);
    await expect(list.filters).toContainText('1 of 3 patients');
    await press('m');
    await expect(list.filters).toContainText('3 of 3 patients');

    await press('a');
    await expect(dialog.title).toHaveText('Admit a patient');
    await press('Escape');
    await dialog.isClosed();

    // Beside Ctrl and its like they are the browser's.
    await press('Alt+a');
    await press('Control+p');
    await expect(dialog.root).toHaveCount(0);
    await expect(list.banner).toHaveCount(0);
});

test('a key right after Escape counts, however fast it comes', async ({ open, lab }) => {
    await fillWard(lab);
    const { page, dialog, search } = await open('sister');
    const closeAndPress = (key: string) => page.evaluate(key => {
        // As Escape does; the browser tells it later.
        document.querySelector('dialog')!.close();
        document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
    }, key);
    await page.keyboard.press('?');
    await expect(dialog.title).toHaveText('Keys');
    await closeAndPress('a');
    await expect(dialog.title).toHaveText('Admit a patient');
    await closeAndPress('/');
    await expect(search).toBeFocused();
    await expect(dialog.root).toHaveCount(0);
});

test('in the ward view they do the same, and arrows go sideways', async ({ open, lab }) => {
    await fillWard(lab);
    const list = await open('sister');
    const ward = await WardView.of(list);
    const { page } = list;
    await list.letGo();
    for (const [key, name] of [['j', ADA], ['ArrowRight', GRACE], ['ArrowDown', MARY], ['ArrowLeft', GRACE], ['k', ADA]] as const) {
        await page.keyboard.press(key);
        await expect(ward.patient(name).name).toBeFocused();
    }
    await page.keyboard.press('*');
    await expect(ward.patient(ADA).root.getByRole('button', { name: /^Star/ })).toHaveAttribute('aria-pressed', 'true');
    await page.keyboard.press('?');
    await expect(list.dialog.title).toHaveText('Keys');
});

test('who may not write admits nobody by a key', async ({ open, lab }) => {
    await fillWard(lab);
    const list = await open('porter');
    await list.page.keyboard.press('a');
    await list.page.keyboard.press('j');
    await expect(list.row(ADA).name).toBeFocused();
    await expect(list.dialog.root).toHaveCount(0);
});

test('single keys can be turned off, on all screens of a user, and on again', async ({ open, lab }) => {
    await fillWard(lab);
    const list = await open('sister');
    const other = await open('sister');
    const { page, dialog } = list;
    const wanted = dialog.root.getByLabel('Use single keys');
    await page.keyboard.press('?');
    await expect(wanted).toBeChecked();
    await wanted.uncheck();
    await dialog.press('Back to the list');
    await other.more('Keys');
    await expect(other.dialog.root.getByLabel('Use single keys')).not.toBeChecked();
    await other.dialog.press('Back to the list');
    for (const { page, dialog, search, banner } of [list, other]) {
        for (const key of ['j', '/', 'p', 'm', 'a', '?', '*']) await page.keyboard.press(key);
        await expect(search).not.toBeFocused();
        await expect(page.locator('.name:focus')).toHaveCount(0);
        await expect(dialog.root).toHaveCount(0);
        await expect(banner).toHaveCount(0);
        await expect(page).toHaveURL(/\/$/);
    }
    // Those that every page has go on.
    await list.row(ADA).name.focus();
    await page.keyboard.press('Enter');
    await expect(dialog.title).toHaveText(ADA);
    await page.keyboard.press('Escape');
    await dialog.isClosed();

    await list.more('Keys');
    await expect(wanted).not.toBeChecked();
    await wanted.check();
    await dialog.press('Back to the list');
    await page.keyboard.press('/');
    await expect(list.search).toBeFocused();
});
