import { expect, test, type Socket } from '../fixtures/test.ts';
import type { ListPage, PatientDialog } from '../pages/list.ts';

const ADA = 'LOVELACE, Ada';
const GRACE = 'HOPPER, Grace';

test('when somebody died is on the record to the minute', async ({ open, lab }) => {
    const ada = await lab.admit({ birth_date: '1985-12-10' });
    const list = await open('sister');
    const dialog = await list.openPatient(ADA);
    await expect(dialog.fact('Born')).toContainText('10-Dec-1985');
    await expect(dialog.fact('Died')).toHaveCount(0);
    await lab.change(ada, { deceased_at: '2026-02-03T10:05:00Z' });
    await expect(dialog.fact('Died')).toHaveText(/●.*03-Feb-2026 10:05$/);
});

// ------------------------------------------------------------------------------------------------- the end of a stay

async function discharged(lab: Socket, open: (name: string) => Promise<ListPage>) {
    const ada = await lab.admit({ status: 'discharged', dismissal_date: '2026-02-01T14:00:00Z' });
    const list = await open('sister');
    await list.status.selectOption('All');
    return { ada, list };
}

test('the end of a stay is corrected as its beginning is, and the correction is taken back', async ({ open, lab }) => {
    const { ada, list } = await discharged(lab, open);
    const dialog = await list.startEdit(ADA);
    await expect(dialog.field('Discharged')).toHaveValue('01-Feb-2026 14:00');
    await dialog.fill({ Discharged: '02-Feb-2026 10:15' });
    await dialog.press('Save');
    await dialog.isClosed();
    await expect(list.row(ADA).cell('Status')).toContainText('02-Feb-2026 10:15');
    expect(await lab.read(ada)).toMatchObject({ status: 'discharged', dismissal_date: '2026-02-02T10:15:00Z' });
    await list.undo(ADA);
    await expect(list.row(ADA).cell('Status')).toContainText('01-Feb-2026 14:00');
});

test('a discharge that cannot be is refused beside its field, and no empty field takes a discharge back', async ({ open, lab }) => {
    const { ada, list } = await discharged(lab, open);
    const dialog = await list.startEdit(ADA);
    const field = dialog.field('Discharged');
    await field.fill('05-Jan-2026 09:29');
    await field.press('Tab');
    await expect(field).toHaveAccessibleDescription(/The discharge cannot be before the admission\./);
    await expect(field).toHaveAttribute('aria-invalid', 'true');
    await expect(dialog.field('Admission')).not.toHaveAttribute('aria-invalid');
    // As somebody types.
    await field.fill('05-Jan-2026 09:30');
    await expect(field).not.toHaveAttribute('aria-invalid');
    for (const nothing of ['soon', '']) {
        await field.fill(nothing);
        await dialog.press('Save');
        await expect(field).toHaveAttribute('aria-invalid', 'true');
        await expect(field).toBeFocused();
    }
    expect(await lab.read(ada)).toEqual(ada);
});

test('a stay that is not over has no end to correct', async ({ open, lab }) => {
    await lab.admit({ first_name: 'Grace', last_name: 'Hopper' });
    const list = await open('sister');
    const dialog = await list.startEdit(GRACE);
    await expect(dialog.field('Admission')).toBeVisible();
    await expect(dialog.field('Discharged')).toHaveCount(0);
    await list.page.keyboard.press('Escape');
    await dialog.isClosed();
    await list.admitButton.click();
    await expect(dialog.field('Admission')).toBeVisible();
    await expect(dialog.field('Discharged')).toHaveCount(0);
});

test('two who correct the end of a stay at once decide between their times', async ({ open, lab }) => {
    const { ada, list } = await discharged(lab, open);
    const dialog = await list.startEdit(ADA);
    await dialog.fill({ Discharged: '02-Feb-2026 10:15' });
    await lab.change(ada, { dismissal_date: '2026-02-03T08:00:00Z' });
    await dialog.press('Save');
    const choice = dialog.conflictOn('Discharged');
    await expect(choice).toContainText('Before: 01-Feb-2026 14:00');
    await expect(choice.getByLabel('Theirs: 03-Feb-2026 08:00')).not.toBeChecked();
    await choice.getByLabel('Mine: 02-Feb-2026 10:15').check();
    await dialog.press('Save my choices');
    await dialog.isClosed();
    expect(await lab.read(ada)).toMatchObject({ status: 'discharged', dismissal_date: '2026-02-02T10:15:00Z' });
});

// ------------------------------------------------------------------------------------------------------------- flags

const IMPORTED = { code: 'deceased', text: 'Deceased, time not recorded' };
const MRSA = { code: 'isolation', text: 'MRSA' };
const OWN = { code: 'own', text: 'Hard of hearing' };

const box = (dialog: PatientDialog, name: string) => dialog.root.getByRole('checkbox', { name, exact: true });

test('every flag of a record can be taken away and taken back', async ({ open, lab }) => {
    const ada = await lab.admit({ flags: [IMPORTED, MRSA] });
    const list = await open('sister');
    const dialog = await list.startEdit(ADA);
    for (const name of [IMPORTED.text, 'Isolation: MRSA']) await expect(box(dialog, name)).toBeChecked();
    await expect(box(dialog, 'Isolation')).toHaveCount(0);
    await expect(box(dialog, 'Falls risk')).not.toBeChecked();
    await box(dialog, IMPORTED.text).uncheck();
    await box(dialog, 'Falls risk').check();
    await dialog.press('Save');
    await dialog.isClosed();
    const alerts = list.row(ADA).cell('Alerts');
    for (const name of ['Isolation: MRSA', 'Falls risk']) await expect(alerts).toContainText(`⚑ ${name}`);
    await expect(alerts).not.toContainText(IMPORTED.text);
    expect(await lab.read(ada)).toMatchObject({ flags: [MRSA, { code: 'falls', text: '' }] });
    await list.undo(ADA);
    await dialog.isClosed();
    await expect(alerts).toContainText(`⚑ ${IMPORTED.text}`);
    expect(await lab.read(ada)).toMatchObject({ flags: [IMPORTED, MRSA] });
});

test('a flag that is unticked and ticked again is as it was', async ({ open, lab }) => {
    const ada = await lab.admit({ flags: [MRSA, IMPORTED] });
    const list = await open('sister');
    const dialog = await list.startEdit(ADA);
    await box(dialog, 'Isolation: MRSA').uncheck();
    await box(dialog, 'Isolation: MRSA').check();
    await dialog.press('Save');
    await dialog.isClosed();
    expect(await lab.read(ada)).toEqual(ada);
});

test('a flag in own words is added, shown, and taken away, all by keyboard', async ({ open, lab }) => {
    const ada = await lab.admit({ flags: [MRSA] });
    const list = await open('sister');
    const { page } = list;
    const alerts = list.row(ADA).cell('Alerts');
    const dialog = await list.startEdit(ADA);
    await box(dialog, 'Safeguarding').focus();
    await page.keyboard.press('Tab');
    await expect(dialog.field('Another flag')).toBeFocused();
    await expect(dialog.field('Another flag')).toHaveAccessibleDescription(/In your own words/);
    await page.keyboard.type(OWN.text);
    await page.keyboard.press('Enter');
    await dialog.isClosed();
    await expect(alerts).toContainText(`⚑ ${OWN.text}`);
    expect(await lab.read(ada)).toMatchObject({ flags: [MRSA, OWN] });

    await list.startEdit(ADA);
    await expect(dialog.field('Another flag')).toHaveValue('');
    await expect(box(dialog, OWN.text)).toBeChecked();
    await box(dialog, OWN.text).focus();
    await page.keyboard.press('Space');
    await expect(box(dialog, OWN.text)).not.toBeChecked();
    await dialog.press('Save');
    await dialog.isClosed();
    await expect(alerts).not.toContainText(OWN.text);
    expect(await lab.read(ada)).toMatchObject({ flags: [MRSA] });
});

test('somebody is admitted with a flag in own words', async ({ open, lab }) => {
    const list = await open('sister');
    await list.admit({ 'Last name': 'Lovelace', 'First name': 'Ada', 'Another flag': OWN.text });
    await list.dialog.isClosed();
    await expect(list.row(ADA).cell('Alerts')).toContainText(`⚑ ${OWN.text}`);
    expect(await lab.list()).toMatchObject([{ last_name: 'Lovelace', flags: [OWN] }]);
});

test('more flags than a record can have are refused beside the field until one is taken away', async ({ open, lab }) => {
    const flags = Array.from({ length: 16 }, (_, place) => ({ code: `imported-${place}`, text: `Imported ${place}` }));
    const ada = await lab.admit({ flags });
    const list = await open('sister');
    const dialog = await list.startEdit(ADA);
    const another = dialog.field('Another flag');
    await another.fill(OWN.text);
    await another.press('Tab');
    await expect(another).toHaveAccessibleDescription(/no more than 16 elements/);
    await dialog.press('Save');
    await expect(another).toBeFocused();
    expect(await lab.read(ada)).toEqual(ada);
    await box(dialog, 'Imported 0').uncheck();
    await expect(another).not.toHaveAttribute('aria-invalid');
    await dialog.press('Save');
    await dialog.isClosed();
    expect(await lab.read(ada)).toMatchObject({ flags: [...flags.slice(1), OWN] });
});
