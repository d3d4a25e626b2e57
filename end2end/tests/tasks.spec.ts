// What a ward does every day, from the first key to the last, without a pointer.
import type { Page } from '@playwright/test';
import { pagesOf } from '../fixtures/pdf.ts';
import { press, tabTo, typeInto } from '../fixtures/keys.ts';
import { expect, type Server, Socket, test } from '../fixtures/test.ts';
import { hoursAgo } from '../fixtures/time.ts';
import type { ListPage } from '../pages/list.ts';

const ADA = 'LOVELACE, Ada (Ms)';
const GRACE = 'HOPPER, Grace';

async function fillWard(lab: Socket) {
    const ada = await lab.admit({
        title: 'Ms', birth_date: '1985-12-10', nhs_number: '9434765919', ward: 'Elm', bed: 'A1', reason: 'Hip fracture',
    });
    const grace = await lab.admit({ first_name: 'Grace', last_name: 'Hopper', ward: 'Elm', bed: 'A2', birth_date: '1950' });
    return { ada, grace };
}

/** As above, and 25 hours ago. */
async function fillWardYesterday(server: Server, token: string) {
    const ward = await hoursAgo(server, token, 25, fillWard);
    return { ...ward, lab: await Socket.open(server.socketUrl(), token) };
}

/** Looks for a patient and opens the record. */
async function open(list: ListPage, search: string, name: string): Promise<void> {
    const { page, dialog } = list;
    await page.keyboard.press('/');
    await expect(list.search).toBeFocused();
    await page.keyboard.press('Control+A');
    await page.keyboard.type(search);
    await press(page, list.row(name).name);
    await expect(dialog.title).toHaveText(name);
}

/** A link or button under "More". */
async function more(page: Page, what: string): Promise<void> {
    await press(page, page.locator('.menu summary'));
    await press(page, page.locator('.menu').getByRole('link', { name: what }));
}

test('task 1: a patient is found by a part of the name and opened', async ({ open: visit, lab }) => {
    await fillWard(lab);
    const list = await visit('sister');
    await open(list, 'love', ADA);
    await expect(list.dialog.fact('Reason')).toContainText('Hip fracture');
    await list.page.keyboard.press('Escape');
    await open(list, '943 476', ADA);
});

test('task 2: a patient is admitted', async ({ open: visit, lab }) => {
    await fillWard(lab);
    const list = await visit('sister');
    const { page, dialog } = list;
    await page.keyboard.press('a');
    await expect(dialog.title).toBeFocused();
    await typeInto(page, dialog.field('Last name'), 'Somerville');
    await typeInto(page, dialog.field('First name'), 'Mary');
    await typeInto(page, dialog.field('Date of birth'), '26-Dec-1980');
    await typeInto(page, dialog.field('Ward'), 'Elm');
    await typeInto(page, dialog.field('Bed'), 'A3');
    await page.keyboard.press('Enter');
    await dialog.isClosed();
    await expect(list.row('SOMERVILLE, Mary').cell('Place')).toContainText('A3');
});

test('task 3: a patient is moved to another bed', async ({ open: visit, lab }) => {
    await fillWard(lab);
    const list = await visit('sister');
    const { page, dialog } = list;
    await open(list, 'hopper', GRACE);
    await press(page, dialog.button('Transfer'));
    await typeInto(page, dialog.field('Bed'), 'A1');
    // Somebody is there: said before it is saved.
    await expect(dialog.root.getByText('In this bed already')).toBeVisible();
    await typeInto(page, dialog.field('Bed'), 'A4');
    await page.keyboard.press('Enter');
    await dialog.isClosed();
    await expect(list.row(GRACE).cell('Place')).toContainText('A4');
});

test('task 4: a name is corrected', async ({ open: visit, lab }) => {
    await fillWard(lab);
    const list = await visit('sister');
    const { page, dialog } = list;
    await open(list, 'hopper', GRACE);
    await press(page, dialog.button('Edit'));
    await typeInto(page, dialog.field('Last name'), 'Murray Hopper');
    await page.keyboard.press('Enter');
    await dialog.isClosed();
    await expect(list.row('MURRAY HOPPER, Grace').root).toBeVisible();
});

test('task 5: a patient is discharged, and it is taken back', async ({ open: visit, lab }) => {
    await fillWard(lab);
    const list = await visit('sister');
    const { page, dialog } = list;
    await open(list, 'hopper', GRACE);
    await press(page, dialog.button('Discharge'));
    await expect(dialog.title).toHaveText(`Discharge: ${GRACE}?`);
    await press(page, dialog.button('Discharge'));
    await list.row(GRACE).isGone();
    await press(page, list.toast.getByRole('button', { name: 'Undo' }));
    await expect(dialog.title).toHaveText(`Undo: ${GRACE}?`);
    await press(page, dialog.button('Undo'));
    await expect(list.row(GRACE).cell('Status')).toContainText('Admitted');
});

test('task 6: a shift is taken over', async ({ open: visit, server, template }) => {
    const { grace, lab } = await fillWardYesterday(server, template.token);
    const list = await visit('sister');
    const { page, dialog } = list;
    await lab.change(grace, { bed: 'B2', acuity: 2 });
    await expect(list.updates).toContainText('1 update');
    await more(page, 'Changes on my shift');
    await expect(page.getByRole('main')).toContainText('Bed: A2 → becomes B2');
    await press(page, page.getByRole('link', { name: 'Back to the list' }));
    await list.isLive();
    await press(page, list.markAllSeen);
    await press(page, dialog.button('Mark all as seen'));
    await expect(list.updates).toContainText('0 updates');
    lab.close();
});

test('task 7: "who changed this?" is answered', async ({ open: visit, lab }) => {
    const { ada } = await fillWard(lab);
    await lab.change(ada, { allergy_status: 'known' });
    const list = await visit('sister');
    const { page, dialog } = list;
    await open(list, 'lovelace', ADA);
    await press(page, dialog.root.getByRole('link', { name: 'History' }));
    await expect(page.locator('.block').first()).toContainText('by lab');
    await expect(page.locator('.block').first()).toContainText('Allergies');
});

test('task 8: work goes on through a network cut', async ({ open: visit, lab, line }) => {
    await fillWard(lab);
    const list = await visit('sister', { at: line.url });
    const { page, dialog } = list;
    line.cut();
    await list.isNotLive();
    await open(list, 'lovelace', ADA);
    await press(page, dialog.button('Edit'));
    await typeInto(page, dialog.field('Reason'), 'Hip fracture, left');
    await press(page, dialog.button('Keep until live'));
    await dialog.isClosed();
    await list.row(ADA).isNotSent();
    line.mend();
    await list.isLive();
    await list.row(ADA).isSettled();
    await expect(list.row(ADA).cell('Admitted')).toContainText('Hip fracture, left');
    expect((await lab.list()).find(({ last_name }) => last_name === 'Lovelace')?.reason).toBe('Hip fracture, left');
});

test('task 9: a shift is handed over on paper', async ({ open: visit, lab }) => {
    await fillWard(lab);
    const list = await visit('sister');
    const { page, dialog } = list;
    await open(list, 'lovelace', ADA);
    await press(page, dialog.button('Edit'));
    await tabTo(page, dialog.field('Handover note'));
    await page.keyboard.type('Analgesia 02:00.');
    await press(page, dialog.button('Save'));
    await dialog.isClosed();
    await more(page, 'Handover sheet');
    await expect(page.getByRole('main')).toContainText('Analgesia 02:00.');
    const sheets = pagesOf(await page.pdf({ preferCSSPageSize: true })).join('\n');
    for (const printed of ['LOVELACE, Ada', '943 476 5919', 'Analgesia 02:00.', 'Page 1 of 1']) {
        expect(sheets).toContain(printed);
    }
});

test('task 10: the list of last night is looked at', async ({ open: visit, server, template }) => {
    const { grace, lab } = await fillWardYesterday(server, template.token);
    await lab.change(grace, { bed: 'B2' });
    lab.close();
    const list = await visit('sister');
    const { page } = list;
    await expect(list.row(GRACE).cell('Place')).toContainText('B2');
    await more(page, 'As it was…');
    await press(page, page.getByRole('link', { name: 'Last night, 03:00' }));
    await expect(page.getByRole('note')).toContainText('HISTORICAL');
    await expect(page.getByRole('row').filter({ hasText: GRACE })).toContainText('A2');
    await press(page, page.getByRole('link', { name: 'Back to the list' }));
    await list.isLive();
});
