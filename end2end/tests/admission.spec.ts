import { expect, test } from '../fixtures/test.ts';

test('what only the server can know is said beside its field, and nothing typed is lost', async ({ open, lab }) => {
    await lab.admit({ medical_record_number: '4711' });
    const list = await open('sister');
    await list.admit({ 'Last name': 'Hopper', 'First name': 'Grace', 'Medical record number': '4711' });
    const field = list.dialog.field('Medical record number');
    await expect(field).toHaveAccessibleDescription(/patient with this medical record number already exists\./);
    await expect(field).toBeFocused();
    await expect(list.dialog.field('Last name')).toHaveValue('Hopper');
    await field.fill('4712');
    await list.dialog.press('Admit');
    await expect(list.row('HOPPER, Grace').root).toContainText('MRN 4712');
});

test('every slip is named at once, before anything is sent', async ({ open, lab }) => {
    const list = await open('sister');
    await list.admit({
        'Last name': ' ',
        'First name': 'Ada',
        'NHS number': '943 476 5918',
        'Date of birth': '31-Feb-1985',
        'Admission': 'soon',
    });
    for (const label of ['Last name', 'NHS number', 'Date of birth', 'Admission']) {
        await expect(list.dialog.field(label)).toHaveAttribute('aria-invalid', 'true');
        await expect(list.dialog.field(label)).toHaveAccessibleDescription(/✕ \S+/);
    }
    await expect(list.dialog.field('Last name')).toBeFocused();
    await expect(list.dialog.field('First name')).not.toHaveAttribute('aria-invalid');
    expect(await lab.list()).toEqual([]);
});

test('an impatient double click admits one patient', async ({ open, lab }) => {
    const list = await open('sister');
    await list.admitButton.click();
    await list.dialog.fill({ 'Last name': 'Lovelace', 'First name': 'Ada' });
    await list.dialog.button('Admit').dblclick();
    await expect(list.toast).toContainText('Admitted: LOVELACE, Ada');
    await lab.admit({ first_name: 'Grace', last_name: 'Hopper' });
    await list.row('HOPPER, Grace').isNew('lab');
    expect(await lab.list()).toHaveLength(2);
});

test('a stay goes its way by one action each, and each can be taken back', async ({ open, lab }) => {
    await lab.admit({ status: 'expected' });
    const list = await open('sister');
    const name = 'LOVELACE, Ada';
    const steps: [string, string][] = [
        ['Admit', 'Admitted'],
        ['Undo admission', 'Expected'],
        ['Admit', 'Admitted'],
        ['Send on leave', 'On leave'],
        ['Back from leave', 'Admitted'],
    ];
    for (const [action, status] of steps) {
        const dialog = await list.openPatient(name);
        await dialog.press(action);
        await expect(dialog.title).toHaveText(`${action}: ${name}?`);
        await dialog.press(action);
        await dialog.isClosed();
        await expect(list.row(name).cell('Status')).toHaveText(status);
    }
    await list.undo();
    await expect(list.row(name).cell('Status')).toHaveText('On leave');
});

test('what is not known says so', async ({ open, lab }) => {
    await lab.admit();
    const list = await open('sister');
    const row = list.row('LOVELACE, Ada');
    await expect(row.cell('Place')).toContainText('No bed');
    await expect(row.cell('Place')).toContainText('Ward Unknown');
    await expect(row.root).toContainText('Born Unknown');
    await expect(row.root).toContainText('NHS No Unknown, MRN Unknown');
    await expect(row.cell('Attending')).toContainText('Unknown');
});
