import { expectAccessible, expectNoSidewaysScrolling } from '../fixtures/axe.ts';
import { expectLargeTargets } from '../fixtures/look.ts';
import { mayTakePicture } from '../fixtures/picture.ts';
import { expect, test, Wire, type Socket } from '../fixtures/test.ts';
import { PasswordPage, SignInPage } from '../pages/sign-in.ts';

const ADA = 'LOVELACE, Ada (Ms)';

/** A small ward with everything that a row can show. */
async function fillWard(lab: Socket) {
    const ada = await lab.admit({
        title: 'Ms', birth_date: '1985-12-10', nhs_number: '9434765919', ward: 'Elm Ward', room: 'Bay 1', bed: 'A1',
        attending: 'Dr A. Osei', team: 'Surgery', reason: 'Hip fracture', acuity: 1, allergy_status: 'known',
        code_status: 'limited', flags: [{ code: 'falls', text: '' }, { code: 'isolation', text: '' }],
    });
    await lab.admit({
        first_name: 'Grace', last_name: 'Hopper', acuity: 4, allergy_status: 'none_known', code_status: 'full',
    });
    const mary = await lab.admit({ first_name: 'Mary', last_name: 'Somerville', status: 'on_leave' });
    await lab.admit({
        // Names as long as they are in life, and longer.
        first_name: 'Wolfeschlegelsteinhausenbergerdorff', last_name: 'Featherstonehaugh-Cholmondeley-Marjoribanks',
        status: 'expected', reason: 'Elective surgery of a kind that takes many words to describe, and then some more',
    });
    return { ada, mary };
}

for (const colorScheme of ['light', 'dark'] as const) {
    for (const [device, width, height] of [['desktop', 1280, 800], ['phone', 360, 800]] as const) {
        const screen = { colorScheme, viewport: { width, height } };

        for (const language of ['en', 'de'] as const) {
            test(`the doors are accessible, ${colorScheme}, ${device}, ${language}`, async ({ visit, server }) => {
                const given = await server.addUserWithOneTimePassword('newcomer', 'viewer');
                const page = await visit('/sign-in', { locale: language, ...screen });
                const check = async (name: string) => {
                    await expectAccessible(page, name);
                    await expectNoSidewaysScrolling(page, name);
                };
                const door = new SignInPage(page, language);
                await check('sign-in');
                await door.signIn('newcomer', 'not this');
                await expect(door.problem).toBeVisible();
                await check('sign-in, refused');
                await door.signIn('newcomer', given);
                const form = new PasswordPage(page, language);
                await expect(form.button).toBeVisible();
                await check('password');
                await form.change('not this', 'my own choice');
                await expect(form.problem).toBeVisible();
                await check('password, refused');
            });
        }

        test(`the list and its dialogs are accessible, ${colorScheme}, ${device}`, async ({ open, lab, line }) => {
            test.slow();
            const { ada, mary } = await fillWard(lab);
            const list = await open('sister', { at: line.url, ...screen });
            const { page, dialog } = list;
            const check = async (name: string) => {
                await expectAccessible(page, name);
                await expectNoSidewaysScrolling(page, name);
            };
            const leave = async () => {
                await page.keyboard.press('Escape');
                await dialog.isClosed();
            };
            await check('list');

            await list.admitButton.click();
            await check('admit');
            await dialog.press('Admit');
            await expect(dialog.field('Last name')).toBeFocused();
            await check('admit with errors');
            await leave();

            await list.openPatient(ADA);
            await check('patient');
            for (const action of ['Edit', 'Transfer', 'Discharge', 'Delete']) {
                await dialog.press(action);
                await expect(dialog.title).toHaveText(new RegExp(`^${action}`));
                await check(action);
                await leave();
                await list.openPatient(ADA);
            }
            await dialog.press('Edit');
            await dialog.fill({ Reason: 'Mine' });
            const newer = await lab.change(ada, { reason: 'Theirs', team: 'Geriatrics' });
            await dialog.press('Save');
            await expect(dialog.conflictOn('Reason')).toBeVisible();
            await check('conflict');
            await page.keyboard.press('Escape');
            await expect(dialog.root.getByText('Press Escape again')).toBeVisible();
            await check('conflict, about to be thrown away');
            await leave();

            await list.discharge(ADA);
            await expect(list.toast).toBeVisible();
            await check('list with a message');

            await lab.change(newer, { status: 'admitted', attending: 'Dr E. Novak' });
            await lab.delete(mary);
            await lab.admit({ first_name: 'Zofia', last_name: 'Kowalczyk' });
            await list.letGo();
            await list.row('KOWALCZYK, Zofia').isNew('lab');
            await list.row('SOMERVILLE, Mary').isDeleted('lab');
            await check('list with marks');

            line.cut();
            await list.isNotLive();
            await check('list, not live');
            await list.openPatient('HOPPER, Grace');
            await check('patient, not live');
            await dialog.press('Edit');
            await check('edit, not live');
        });

        test(`changes that are kept are accessible, ${colorScheme}, ${device}`, async ({ open, lab }) => {
            test.slow();
            const { ada, mary } = await fillWard(lab);
            const wire = new Wire();
            const list = await open('sister', { wire, ...screen });
            const { dialog } = list;
            const check = async (name: string) => {
                await expectAccessible(list.page, name);
                await expectNoSidewaysScrolling(list.page, name);
                await mayTakePicture(list.page, `${name} ${colorScheme} ${device}`);
            };
            wire.cut();
            await list.isNotLive();
            await list.keepEdit(ADA, { Reason: 'Hip fracture, left, after a fall in the bathroom' });
            await list.keepEdit('HOPPER, Grace', { Attending: 'Dr E. Novak' });
            await list.keepEdit('SOMERVILLE, Mary', { Reason: 'Pneumonia' });
            await check('not live, with changes');
            await list.openPatient(ADA);
            await check('patient with a change');
            await dialog.press('Back to the list');
            await lab.change(ada, { reason: 'Fracture of the neck of the femur', team: 'Geriatrics' });
            await lab.delete(mary);
            wire.mend();
            await list.row(ADA).needsDecision();
            await expect(list.unsaved).toHaveText('2 changes need your decision.');
            await check('list with decisions');
            await list.showUnsaved();
            await check('what is not saved');
            await dialog.unsaved(ADA).getByRole('button', { name: 'Discard' }).click();
            await check('what is not saved, about to be discarded');
            await dialog.press('Decide');
            await expect(dialog.conflictOn('Reason')).toBeVisible();
            await check('decision');
        });
    }
}

test('on a phone a row says beside each value what it is, and controls are large enough', async ({ open, lab }) => {
    await fillWard(lab);
    const list = await open('sister', { viewport: { width: 390, height: 844 }, hasTouch: true });
    await expect(list.row(ADA).cell('Attending')).toContainText('Dr A. Osei');
    await expectLargeTargets(list.page, 'a phone');
});
