import { expect, test, Wire } from '../fixtures/test.ts';
import { written } from '../fixtures/time.ts';

test('what only the server can know is said beside its field', async ({ open, lab }) => {
    const wire = new Wire();
    const list = await open('sister', { wire });
    await list.admitButton.click();
    await list.dialog.fill({ 'Last name': 'Hopper', 'First name': 'Grace', 'Medical record number': '4711' });
    // Somebody else's admission is on its way while this one is sent.
    wire.hold();
    await lab.admit({ medical_record_number: '4711' });
    await list.dialog.press('Admit');
    await expect.poll(() => wire.asked('create')).toHaveLength(1);
    wire.mend();
    const field = list.dialog.field('Medical record number');
    await expect(field).toHaveAccessibleDescription(/patient with this medical record number already exists\./);
    await expect(field).toBeFocused();
    await expect(list.dialog.field('Last name')).toHaveValue('Hopper');
});

test('a number that is somebody else\'s is refused beside its field, and nothing typed is lost', async ({ open, lab }) => {
    await lab.admit({ medical_record_number: '4711' });
    const list = await open('sister');
    await list.admit({ 'Last name': 'Hopper', 'First name': 'Grace', 'Medical record number': '4711' });
    const field = list.dialog.field('Medical record number');
    await expect(field).toHaveAccessibleDescription(/This number is LOVELACE, Ada's already\./);
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
    await list.undo(name);
    await expect(list.row(name).cell('Status')).toHaveText('On leave');
});

test('who was expected is there from when they are admitted, and not from when that was planned', async ({ open, lab }) => {
    const planned = new Date(Date.now() + 20 * 3_600_000).toISOString();
    const ada = await lab.admit({ status: 'expected', admission_date: planned });
    const list = await open('sister');
    const name = 'LOVELACE, Ada';
    const admit = async () => {
        const dialog = await list.openPatient(name);
        await dialog.press('Admit');
        const { date, time } = written(planned);
        await expect(dialog.root).toContainText(new RegExp(`Admission: \\S+ \\d\\d:\\d\\d \\(planned: ${date} ${time}\\)`));
        await dialog.press('Admit');
        await dialog.isClosed();
        await expect(list.row(name).cell('Status')).toHaveText('Admitted');
    };
    const began = Date.now();
    await admit();
    const { admission_date } = await lab.read(ada);
    expect(Date.parse(admission_date)).toBeLessThanOrEqual(Date.now() + 1_000);
    expect(Date.parse(admission_date)).toBeGreaterThan(began - 5_000);
    // Taken back, it is planned for when it was.
    await list.undo(name);
    await expect(list.row(name).cell('Status')).toHaveText('Expected');
    await list.row(name).isSettled();
    expect(Date.parse((await lab.read(ada)).admission_date)).toBe(Date.parse(planned));
    // And the stay can end, whatever had been planned.
    await admit();
    await list.discharge(name);
    await expect(list.toast).toContainText('Discharged: LOVELACE, Ada');
});

test('a transfer and an edit are taken back, too, after a question that says to what', async ({ open, lab }) => {
    await lab.admit({ ward: 'Elm Ward', room: 'Bay 1', bed: 'A1', reason: 'Fever' });
    const name = 'LOVELACE, Ada';
    const list = await open('sister');
    const transfer = await list.openPatient(name);
    await transfer.press('Transfer');
    await transfer.field('Ward').fill('Ash Ward');
    await transfer.field('Bed').fill('B2');
    await transfer.press('Transfer');
    await expect(list.toast).toContainText(`${name} is now in Ash Ward, Bay 1, bed B2`);
    await list.toast.getByRole('button', { name: 'Undo' }).click();
    await expect(list.dialog.identifiers).toContainText(name);
    await expect(list.dialog.root).toContainText('Bed: B2 → A1');
    await expect(list.dialog.root).toContainText('Ward: Ash Ward → Elm Ward');
    await expect(list.dialog.root).not.toContainText('Room');
    await list.dialog.press('Undo');
    await expect(list.row(name).cell('Place')).toContainText('A1');
    await expect(list.row(name).cell('Place')).toContainText('Elm Ward');

    await list.edit(name, { Reason: 'Cough' });
    await expect(list.row(name).cell('Admitted')).toContainText('Cough');
    await list.undo(name);
    await expect(list.row(name).cell('Admitted')).toContainText('Fever');
});

test('a discharge that was taken back by mistake is there again with its time', async ({ open, lab }) => {
    const ada = await lab.admit({ status: 'discharged', dismissal_date: '2026-02-01T14:00:00Z' });
    const name = 'LOVELACE, Ada';
    const list = await open('sister');
    await list.status.selectOption('All');
    await (await list.openPatient(name)).press('Undo discharge');
    await list.dialog.press('Undo discharge');
    await expect(list.row(name).cell('Status')).toHaveText('Admitted');
    await list.undo(name);
    await expect(list.row(name).cell('Status')).toContainText('01-Feb-2026 14:00');
    expect(await lab.read(ada)).toMatchObject({ status: 'discharged', dismissal_date: '2026-02-01T14:00:00Z' });
});

test('a bed is one bed however its name is written', async ({ open, lab }) => {
    const ada = await lab.admit({ ward: 'Elm Ward', bed: 'a1' });
    await lab.change(ada, { status: 'discharged' });
    await lab.admit({ first_name: 'Grace', last_name: 'Hopper', ward: 'Elm Ward', bed: 'A1' });
    const list = await open('sister');
    await expect(list.names).toHaveText(['HOPPER, Grace']);
    await expect(list.table).not.toContainText('UNOCCUPIED');
    await list.admitButton.click();
    await list.dialog.field('Ward').fill('Elm Ward');
    await list.dialog.field('Bed').fill('A01');
    await expect(list.dialog.root).toContainText('⚠ In this bed already: HOPPER, Grace · ');
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

test('somebody who may be on the list already is asked about before anything is saved', async ({ open, lab }) => {
    await lab.admit({
        first_name: 'Anna', last_name: 'Meier', birth_date: '1985-03-02', medical_record_number: '4711', status: 'discharged',
        dismissal_date: new Date().toISOString(),
    });
    await lab.admit({ first_name: 'Anna', last_name: 'Meier', birth_date: '1985-03-03' });
    const list = await open('sister');
    const { dialog } = list;
    await list.admit({ 'Last name': 'Mayer', 'First name': 'Ana', 'Date of birth': '02-Mar-1985', 'Ward': 'Elm' });
    await expect(dialog.title).toHaveText('Is this the same person?');
    await expect(dialog.title).toBeFocused();
    // Who is to be admitted, and who is there already; not who was born on another day.
    await expect(dialog.identifiers).toHaveText('MAYER, Ana · Born 02-Mar-1985');
    const candidates = dialog.root.locator('.candidates li');
    await expect(candidates).toHaveCount(1);
    await expect(candidates).toContainText('MEIER, Anna · MRN 4711');
    await expect(candidates).toContainText('Discharged');
    // Back: nothing typed is lost.
    await dialog.press('Back to the form');
    await expect(dialog.field('Ward')).toHaveValue('Elm');
    await dialog.press('Admit');
    // What was typed is not thrown away by one press.
    await dialog.press('Open MEIER, Anna instead');
    await expect(dialog.root.getByText('Press once more to throw away what you have typed')).toBeVisible();
    await dialog.press('Back to the form');
    await expect(dialog.root.getByText('Press once more')).toBeHidden();
    await expect(dialog.field('First name')).toHaveValue(/./);
    await dialog.press('Admit');
    await dialog.press('Open MEIER, Anna instead');
    await dialog.press('Open MEIER, Anna instead');
    await expect(dialog.title).toHaveText('MEIER, Anna');
    await dialog.press('Back to the list');
    expect(await lab.list()).toHaveLength(2);

    await list.admit({ 'Last name': 'Mayer', 'First name': 'Ana', 'Date of birth': '1985-03' });
    await expect(candidates).toHaveCount(2);
    await dialog.press('Somebody else: admit as a new patient');
    await dialog.isClosed();
    await expect(list.row('MAYER, Ana').root).toBeVisible();
    expect(await lab.list()).toHaveLength(3);
});

test('who was expected and may be on the list already is known to whoever admits them', async ({ open, lab }) => {
    const anna = await lab.admit({ first_name: 'Anna', last_name: 'Meier', medical_record_number: '4711' });
    await lab.admit({ first_name: 'ANNA', last_name: 'Meier', birth_date: '1985-03-02', status: 'expected' });
    const list = await open('sister');
    const dialog = await list.openPatient('MEIER, ANNA');
    await dialog.press('Admit');
    const warning = dialog.root.locator('.warning:visible');
    await expect(warning).toHaveText('⚠ May be the same person: MEIER, Anna · MRN 4711.');
    // As long as it is so.
    await lab.change(anna, { birth_date: '1985-03-03' });
    await expect(warning).toHaveCount(0);
    await lab.change(anna, { birth_date: '1985-03' });
    await expect(warning).toHaveCount(1);
    // It is said, and does not forbid anything.
    await dialog.press('Admit');
    await dialog.isClosed();
    await expect(list.row('MEIER, ANNA').cell('Status')).toHaveText('Admitted');
    // Who only stays away comes nowhere.
    await list.openPatient('MEIER, ANNA');
    await dialog.press('Send on leave');
    await expect(dialog.title).toHaveText('Send on leave: MEIER, ANNA?');
    await expect(warning).toHaveCount(0);
});

test('a form may be closed before it was painted', async ({ open }) => {
    const list = await open('sister');
    const { page } = list;
    // As on a device that has much to do: frames come late.
    await page.evaluate(() => {
        const late: FrameRequestCallback[] = [];
        window.requestAnimationFrame = run => late.push(run);
        Object.assign(window, { late });
    });
    await list.admitButton.click();
    await expect(list.dialog.title).toHaveText('Admit a patient');
    await page.keyboard.press('Escape');
    await list.dialog.isClosed();
    const count = await page.evaluate(() => {
        const { late } = window as unknown as { late: FrameRequestCallback[] };
        late.forEach(run => run(performance.now()));
        return late.length;
    });
    expect(count).toBeGreaterThan(0);
    await list.admitButton.click();
    await expect(list.dialog.title).toHaveText('Admit a patient');
});

test('a field is checked when it is left, and as somebody types what was wrong', async ({ open, lab }) => {
    await lab.admit({ nhs_number: '9434765919' });
    const list = await open('sister');
    await list.admitButton.click();
    const number = list.dialog.field('NHS number');
    await number.pressSequentially('943');
    await expect(number).not.toHaveAttribute('aria-invalid');
    await number.press('Tab');
    await expect(number).toHaveAttribute('aria-invalid', 'true');
    // Neither the focus nor the other fields are touched by it.
    await expect(list.dialog.field('Medical record number')).toBeFocused();
    await expect(list.dialog.field('Last name')).not.toHaveAttribute('aria-invalid');
    await number.focus();
    await number.press('End');
    await number.pressSequentially(' 476 5919');
    await expect(number).toHaveAccessibleDescription(/This number is LOVELACE, Ada's already\./);
    await number.fill('');
    await expect(number).not.toHaveAttribute('aria-invalid');
    await number.fill('450 557 7104');
    await expect(number).not.toHaveAttribute('aria-invalid');
});
