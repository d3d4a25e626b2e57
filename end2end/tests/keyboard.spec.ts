import type { Locator } from '@playwright/test';
import { press, tabTo } from '../fixtures/keys.ts';
import { expect, test, type Server, type Socket } from '../fixtures/test.ts';
import type { ListPage } from '../pages/list.ts';

const ADA = 'LOVELACE, Ada';
const GRACE = 'HOPPER, Grace';
const MARY = 'SOMERVILLE, Mary';

test('a patient is admitted by keyboard alone, with a slip on the way', async ({ open }) => {
    const list = await open('sister');
    const { page, dialog } = list;
    await tabTo(page, list.admitButton);
    await page.keyboard.press('Enter');
    await expect(dialog.title).toBeFocused();
    await page.keyboard.press('Tab');
    await expect(dialog.field('Last name')).toBeFocused();
    await page.keyboard.type('Lovelace');
    // Enter sends, and the focus goes to what is wrong.
    await page.keyboard.press('Enter');
    await expect(dialog.field('First name')).toBeFocused();
    await expect(dialog.field('First name')).toHaveAttribute('aria-invalid', 'true');
    await expect(dialog.field('First name')).toHaveAccessibleDescription(/This field is required\.$/);
    await page.keyboard.type('Ada');
    await tabTo(page, dialog.field('Ward'));
    await page.keyboard.type('Elm Ward');
    await tabTo(page, dialog.field('Allergies'));
    await page.keyboard.type('Known');
    await tabTo(page, dialog.button('Admit'));
    await page.keyboard.press('Enter');
    await dialog.isClosed();
    await expect(list.row(ADA).cell('Place')).toContainText('Elm Ward');
    await expect(list.row(ADA).cell('Alerts')).toContainText('⚠ Allergies');
    await expect(list.admitButton).toBeFocused();
});

test('a record is opened, edited and left by keyboard, and the focus comes back to its row', async ({ open, lab }) => {
    await lab.admit({ first_name: 'Grace', last_name: 'Hopper', bed: 'A1' });
    await lab.admit({ bed: 'A2' });
    const list = await open('sister');
    const { page, dialog } = list;
    const name = list.row(ADA).name;
    await tabTo(page, name);
    await page.keyboard.press('Enter');
    await expect(dialog.title).toHaveText(ADA);
    await expect(dialog.title).toBeFocused();
    await page.keyboard.press('Escape');
    await dialog.isClosed();
    await expect(name).toBeFocused();

    await page.keyboard.press('Enter');
    await tabTo(page, dialog.button('Edit'));
    await page.keyboard.press('Enter');
    await expect(dialog.title).toHaveText(`Edit ${ADA}`);
    await tabTo(page, dialog.field('Attending'));
    await page.keyboard.type('Dr E. Novak');
    await page.keyboard.press('Enter');
    await dialog.isClosed();
    await expect(list.row(ADA).cell('Attending')).toContainText('Dr E. Novak');
    await expect(name).toBeFocused();

    // One slip of a finger does not throw a draft away: the first Escape asks.
    await page.keyboard.press('Enter');
    await tabTo(page, dialog.button('Edit'));
    await page.keyboard.press('Enter');
    await tabTo(page, dialog.field('Attending'));
    await page.keyboard.press('End');
    await page.keyboard.type(' and');
    await page.keyboard.press('Escape');
    const question = dialog.root.getByText('Press Escape again to throw away what you have typed.');
    await expect(question).toBeVisible();
    await page.keyboard.type(' others');
    await expect(question).toBeHidden();
    await expect(dialog.field('Attending')).toHaveValue('Dr E. Novak and others');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await dialog.isClosed();
    await expect(name).toBeFocused();
    await list.openPatient(ADA);
    await expect(dialog.fact('Attending')).toHaveText(/Dr E\. Novak$/);
});

test('a patient is discharged by keyboard, and the discharge undone', async ({ open, lab }) => {
    await lab.admit({ first_name: 'Grace', last_name: 'Hopper', bed: 'A1' });
    await lab.admit({ bed: 'A2' });
    const list = await open('sister');
    const { page, dialog } = list;
    await tabTo(page, list.row(ADA).name);
    await page.keyboard.press('Enter');
    await tabTo(page, dialog.button('Discharge'));
    await page.keyboard.press('Enter');
    await expect(dialog.title).toHaveText(`Discharge: ${ADA}?`);
    await expect(dialog.title).toBeFocused();
    await tabTo(page, dialog.button('Discharge'));
    await page.keyboard.press('Enter');
    await list.row(ADA).isGone();
    await tabTo(page, list.toast.getByRole('button', { name: 'Undo' }));
    await page.keyboard.press('Enter');
    await expect(dialog.title).toHaveText(`Undo: ${ADA}?`);
    await tabTo(page, dialog.button('Undo'));
    await page.keyboard.press('Enter');
    await expect(list.row(ADA).cell('Status')).toContainText('Admitted');
});

for (const how of ['at once', 'by way of the search']) {
    test(`a press beside everything leaves a row for good, ${how}`, async ({ open, lab }) => {
        const ada = await lab.admit({ bed: 'A1' });
        await lab.admit({ first_name: 'Grace', last_name: 'Hopper', bed: 'A2' });
        const list = await open('sister');
        const { page } = list;
        await list.row(ADA).name.focus();
        if (how !== 'at once') await list.search.focus();
        await page.locator('.clock').click();
        await expect(page.locator('body')).toBeFocused();
        await lab.change(ada, { bed: 'A3' });
        await expect(list.names).toHaveText(['HOPPER, Grace', ADA]);
        // Longer than it takes to give the focus back.
        await page.evaluate(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))));
        await expect(list.row(ADA).name).not.toBeFocused();
        await expect(list.waiting).toBeHidden();
    });
}

test('the focus does not leave an open dialog', async ({ open, lab }) => {
    await lab.admit();
    const list = await open('sister');
    await list.openPatient(ADA);
    for (let presses = 0; presses < 12; presses++) {
        await list.page.keyboard.press('Tab');
        // Between the last control and the first the browser's own have their turn; the page's never.
        const inside = await list.page.evaluate(
            () => document.activeElement === document.body || !!document.activeElement?.closest('dialog'),
        );
        expect(inside).toBe(true);
    }
});

test('the focus stays where it is when somebody else changes the list', async ({ open, lab }) => {
    const ada = await lab.admit({ ward: 'Elm Ward', bed: 'A5' });
    const list = await open('sister');
    await tabTo(list.page, list.row(ADA).name);
    await lab.admit({ first_name: 'Grace', last_name: 'Hopper', ward: 'Elm Ward', bed: 'A1' });
    await lab.change(ada, { team: 'Surgery' });
    await list.row(ADA).isChanged('lab', 'Attending');
    await list.page.keyboard.press('u');
    await list.row('HOPPER, Grace').isNew('lab');
    await expect(list.row(ADA).name).toBeFocused();
});

test('the focus stays on a patient whose row somebody else moves', async ({ open, lab }) => {
    const ada = await lab.admit({ ward: 'Elm Ward', bed: 'A5' });
    await lab.admit({ first_name: 'Grace', last_name: 'Hopper', ward: 'Elm Ward', bed: 'A6' });
    await lab.admit({ first_name: 'Mary', last_name: 'Somerville', ward: 'Elm Ward', bed: 'A7' });
    const list = await open('sister');
    await tabTo(list.page, list.row(ADA).name);
    await lab.change(ada, { bed: 'A9' });
    await list.row(ADA).isChanged('lab', 'Place');
    await expect(list.names.last()).toHaveText('SOMERVILLE, Mary');
    await list.page.keyboard.press('u');
    await expect(list.names.last()).toHaveText(ADA);
    await expect(list.row(ADA).name).toBeFocused();
});

test('an own change that moves nothing is no leave for somebody else’s to move rows under the hand', async ({ open, lab }) => {
    await lab.admit({ ward: 'Elm Ward', bed: 'A1' });
    const grace = await lab.admit({ first_name: 'Grace', last_name: 'Hopper', ward: 'Elm Ward', bed: 'A2' });
    const list = await open('sister');
    await list.edit(ADA, { Reason: 'Fever' });
    await list.dialog.isClosed();
    await list.row(ADA).isSettled();
    await expect(list.row(ADA).root).toContainText('Fever');
    await expect(list.row(ADA).name).toBeFocused();
    await list.page.mouse.move(2, 2);
    await lab.change(grace, { bed: 'A0' });
    await expect(list.waiting).toHaveText('1 pending: show');
    await expect(list.names).toHaveText([ADA, 'HOPPER, Grace']);
});

test('a patient whom one has deleted on another screen is not shown as if they were there', async ({ open, lab }) => {
    await lab.admit({ bed: 'A1' });
    await lab.admit({ first_name: 'Grace', last_name: 'Hopper', bed: 'A2' });
    const tablet = await open('sister');
    await tablet.row(ADA).name.focus();
    const desk = await open('sister');
    await desk.delete(ADA);
    await desk.row(ADA).isGone();
    await expect(tablet.row(ADA).root).toContainText('Deleted, and seen');
    await tablet.letGo();
    await tablet.row(ADA).isGone();
});

test('Escape asks about what was typed, and not about what is kept at once', async ({ open, lab }) => {
    await lab.admit();
    const list = await open('sister');
    const { page, dialog } = list;
    await list.more('Columns…');
    await dialog.root.getByRole('checkbox').last().click();
    await page.keyboard.press('Escape');
    await dialog.isClosed();
    await list.startEdit(ADA);
    await dialog.fill({ Reason: 'Fever' });
    await page.keyboard.press('Escape');
    await expect(dialog.root.getByText('Press Escape again')).toBeVisible();
});

/** A list with three patients, and who changes it beside its user. */
type Ward = { list: ListPage; lab: Socket; server: Server; ada: Awaited<ReturnType<Socket['admit']>> };

/** By keyboard: opens the record at this name, presses this, and then the same in the question that follows. */
async function act({ list: { page, dialog } }: Ward, name: Locator, action: string, confirm = dialog.button(action)) {
    await press(page, name);
    await press(page, dialog.button(action));
    await expect(dialog.title).toHaveText(/\?$/);
    await press(page, confirm);
    await dialog.isClosed();
}

async function openMenu({ list: { page } }: Ward, button: string) {
    await press(page, page.locator('.menu > summary'));
    await press(page, page.locator('.menu').getByRole('button', { name: button }));
}

const summary = ({ list }: Ward) => list.page.locator('.menu > summary');

/** What takes the focus away from where it is, by keyboard, and gives what has it then. */
const TAKES: Record<string, (ward: Ward) => Promise<Locator>> = {
    '“Seen” goes with its mark': async ({ list, lab, ada }) => {
        await lab.change(ada, { acuity: 1 });
        await list.row(ADA).isChanged('lab', 'Alerts');
        await press(list.page, list.row(ADA).seen);
        await list.row(ADA).isUnmarked();
        return list.row(ADA).name;
    },
    '“Show all” shows all': async ({ list }) => {
        await press(list.page, list.showAll);
        await expect(list.showAll).toBeHidden();
        return list.search;
    },
    'the row that has it goes by “u”': async ({ list, lab, ada }) => {
        await tabTo(list.page, list.row(ADA).name);
        await lab.delete(ada);
        await list.row(ADA).isDeleted('lab');
        await list.page.keyboard.press('s');
        await expect(list.row(ADA).root).toContainText('Deleted, and seen');
        await list.page.keyboard.press('u');
        await list.row(ADA).isGone();
        return list.row(GRACE).name;
    },
    'what was pending is shown': async ({ list, lab }) => {
        await list.row(ADA).name.hover();
        await lab.admit({ first_name: 'Emmy', last_name: 'Noether', ward: 'Elm Ward', bed: 'A0' });
        await expect(list.waiting).toHaveText('1 pending: show');
        await press(list.page, list.waiting);
        await expect(list.waiting).toBeHidden();
        return list.search;
    },
    'a pause is over': async ({ list }) => {
        await list.page.keyboard.press('p');
        await press(list.page, list.banner.getByRole('button', { name: 'Go on' }));
        await expect(list.banner).toHaveCount(0);
        return list.search;
    },
    'one has discharged somebody': async ward => {
        await act(ward, ward.list.row(ADA).name, 'Discharge');
        await ward.list.row(ADA).isGone();
        return ward.list.row(GRACE).name;
    },
    'one has deleted somebody': async ward => {
        const confirm = ward.list.dialog.root.getByRole('button', { name: `Delete ${MARY}` });
        await act(ward, ward.list.row(MARY).name, 'Delete', confirm);
        await ward.list.row(MARY).isGone();
        return ward.list.row(GRACE).name;
    },
    'one has taken something back': async ward => {
        const { page, dialog, toast } = ward.list;
        await act(ward, ward.list.row(ADA).name, 'Send on leave');
        await press(page, toast.getByRole('button', { name: 'Undo' }));
        await press(page, dialog.button('Undo'));
        await dialog.isClosed();
        // The last row on the way there.
        return ward.list.row(MARY).name;
    },
    'a message is dismissed': async ward => {
        await act(ward, ward.list.row(MARY).name, 'Send on leave');
        await press(ward.list.page, ward.list.toast.getByRole('button', { name: 'Dismiss' }));
        await expect(ward.list.toast).toHaveCount(0);
        return ward.list.row(MARY).name;
    },
    'all is marked as seen': async ({ list, lab, ada }) => {
        await lab.change(ada, { acuity: 1 });
        await expect(list.markAllSeen).toBeEnabled();
        await press(list.page, list.markAllSeen);
        await press(list.page, list.dialog.button('Mark all as seen'));
        await list.dialog.isClosed();
        await expect(list.markAllSeen).toBeDisabled();
        return list.search;
    },
    'the menu is closed': async ward => {
        await press(ward.list.page, summary(ward));
        await tabTo(ward.list.page, ward.list.page.locator('#flag'));
        await ward.list.page.keyboard.press('Escape');
        await expect(ward.list.page.locator('#flag')).toBeHidden();
        return summary(ward);
    },
    'a dialog from the menu is closed': async ward => {
        await openMenu(ward, 'Columns');
        await expect(ward.list.dialog.title).toBeFocused();
        await ward.list.page.keyboard.press('Escape');
        await ward.list.dialog.isClosed();
        return summary(ward);
    },
    'a column is moved': async ward => {
        await openMenu(ward, 'Columns');
        const earlier = ward.list.dialog.root.getByRole('button', { name: 'Move Attending to the left' });
        await press(ward.list.page, earlier);
        await expect(ward.list.page.locator('.choices li').nth(1)).toHaveText(/Attending/);
        return earlier;
    },
    'a column has come to the start': async ward => {
        await openMenu(ward, 'Columns');
        const earlier = ward.list.dialog.root.getByRole('button', { name: 'Move Admitted to the left' });
        await press(ward.list.page, earlier);
        await expect(earlier).toBeDisabled();
        return ward.list.dialog.root.getByRole('checkbox', { name: 'Admitted' });
    },
    'a saved list is forgotten': async ward => {
        const { page, dialog } = ward.list;
        await openMenu(ward, 'Save this list');
        await tabTo(page, dialog.field('Name'));
        await page.keyboard.type('Night');
        await page.keyboard.press('Enter');
        await dialog.isClosed();
        await expect(summary(ward)).toBeFocused();
        await openMenu(ward, 'Save this list');
        const forget = dialog.root.getByRole('button', { name: 'Forget Night' });
        await press(page, forget);
        await expect(forget).toHaveCount(0);
        return dialog.title;
    },
    'what is saved is refused': async ({ list, server }) => {
        const { page, dialog } = list;
        await press(page, list.row(ADA).name);
        await press(page, dialog.button('Edit'));
        await tabTo(page, dialog.field('Reason'));
        await page.keyboard.type('Chest pain');
        await server.run(['user', 'role', 'sister', 'viewer']);
        await press(page, dialog.button('Save'));
        await expect(dialog.problem.filter({ hasText: 'not change it' })).toBeVisible();
        return dialog.button('Save');
    },
};

for (const [what, take] of Object.entries(TAKES)) {
    test(`the focus is somewhere when ${what}`, async ({ open, lab, server }) => {
        const ada = await lab.admit({ ward: 'Elm Ward', bed: 'A1' });
        await lab.admit({ first_name: 'Grace', last_name: 'Hopper', ward: 'Elm Ward', bed: 'A2' });
        await lab.admit({ first_name: 'Mary', last_name: 'Somerville', ward: 'Elm Ward', bed: 'A3' });
        const list = await open('sister');
        await expect(await take({ list, lab, server, ada })).toBeFocused();
    });
}
