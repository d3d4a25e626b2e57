import { expect, test } from '../fixtures/test.ts';

const ADA = 'LOVELACE, Ada';
const SOMEBODY = 'Somebody else changed this patient';

test('the second writer sees both versions, who and when, and decides', async ({ open, lab }) => {
    const ada = await lab.admit({ reason: 'Fall', attending: 'Dr A. Osei', nhs_number: '9434765919' });
    const [sister, doctor] = [await open('sister'), await open('doctor')];
    const dialog = await sister.startEdit(ADA);
    await dialog.fill({ Reason: 'Hip fracture', Attending: 'Dr B. Lindqvist', Bed: 'A1' });
    await doctor.edit(ADA, { Reason: 'Fall at home', Attending: 'Dr E. Novak', Team: 'Surgery' });
    await expect(doctor.toast).toContainText('Saved');
    await dialog.press('Save');

    await expect(dialog.title).toHaveText(SOMEBODY);
    await expect(dialog.identifiers).toContainText('LOVELACE, Ada · NHS No 943 476 5919');
    await expect(dialog.root).toContainText(/doctor saved a change at \d\d-\w{3}-\d{4} \d\d:\d\d while you were/);
    const reason = dialog.conflictOn('Reason');
    await expect(reason).toContainText('Before: Fall');
    await expect(reason.getByLabel('Mine: Hip fracture')).not.toBeChecked();
    await expect(reason.getByLabel('Theirs: Fall at home')).not.toBeChecked();
    await expect(dialog.root).toContainText('Team: (empty) → Surgery');
    // Nothing is saved while something is undecided.
    await expect(dialog.button('Save my choices')).toBeDisabled();
    await reason.getByLabel('Mine:').check();
    await expect(dialog.button('Save my choices')).toBeDisabled();
    await dialog.conflictOn('Attending').getByLabel('Theirs:').check();
    expect(await lab.read(ada)).toMatchObject({ reason: 'Fall at home', bed: null });
    await dialog.press('Save my choices');
    await dialog.isClosed();
    expect(await lab.read(ada)).toMatchObject({
        reason: 'Hip fracture',
        attending: 'Dr E. Novak',
        team: 'Surgery',
        bed: 'A1',
        version: ada.version + 2,
    });
    await expect(doctor.row(ADA).cell('Admitted')).toContainText('Hip fracture');
    await doctor.row(ADA).isChanged('sister', 'Place', 'Admitted');
});

test('each field says who changed it and when: whoever came last is not named for the words of another', async ({ open, lab }) => {
    const ada = await lab.admit({ reason: 'Fall' });
    const [sister, other, doctor] = [await open('sister'), await open('sister'), await open('doctor')];
    const dialog = await sister.startEdit(ADA);
    await dialog.fill({ Reason: 'Hip fracture', Bed: 'A1' });
    // One after the other, each saved before the next.
    await doctor.edit(ADA, { Reason: 'Fall at home', Team: 'Surgery' });
    await expect(doctor.toast).toContainText('Saved');
    await expect.poll(async () => (await lab.read(ada)).version).toBe(ada.version + 1);
    const changed = await lab.change(ada, { acuity: 2 });
    expect(changed.version).toBe(ada.version + 2);
    // The user's own other screen comes last.
    await expect(other.row(ADA).root).toContainText('Acuity 2');
    await other.edit(ADA, { Bed: 'A2' });
    await expect.poll(async () => (await lab.read(ada)).version).toBe(ada.version + 3);
    await dialog.press('Save');

    await expect(dialog.title).toHaveText(SOMEBODY);
    await expect(dialog.root).toContainText('saved changes while you were at yours. Nothing of yours is saved yet.');
    const when = String.raw`\d\d-\w{3}-\d{4} \d\d:\d\d`;
    await expect(dialog.conflictOn('Reason')).toContainText(new RegExp(String.raw`Theirs: Fall at home \(doctor, ${when}\)`));
    await expect(dialog.conflictOn('Bed')).toContainText(new RegExp(String.raw`Theirs: A2 \(sister, ${when}\)`));
    const stays = dialog.root.getByRole('listitem');
    await expect(stays.filter({ hasText: 'Acuity' })).toHaveText(new RegExp(String.raw`\(lab, ${when}\)$`));
    await expect(stays.filter({ hasText: 'Team' })).toHaveText(new RegExp(String.raw`Surgery \(doctor, ${when}\)$`));
    await dialog.conflictOn('Reason').getByLabel('Theirs:').check();
    await dialog.conflictOn('Bed').getByLabel('Mine:').check();
    await dialog.press('Save my choices');
    await dialog.isClosed();
    expect(await lab.read(ada)).toMatchObject({ reason: 'Fall at home', bed: 'A1', team: 'Surgery', acuity: 2 });
});

test('changes of different fields both stand, once the second writer has seen the first', async ({ open, lab }) => {
    const ada = await lab.admit({ reason: 'Fall' });
    const list = await open('sister');
    const dialog = await list.startEdit(ADA);
    await dialog.fill({ Reason: 'Hip fracture' });
    await lab.change(ada, { allergy_status: 'known' });
    await dialog.press('Save');
    await expect(dialog.title).toHaveText(SOMEBODY);
    await expect(dialog.root).toContainText('They also changed, and it stays:');
    await expect(dialog.root.getByRole('listitem')).toHaveText([
        'Allergies: Not recorded → Known allergies',
        'Reason: Fall → Hip fracture',
    ]);
    await dialog.press('Save my choices');
    await dialog.isClosed();
    expect(await lab.read(ada)).toMatchObject({ reason: 'Hip fracture', allergy_status: 'known' });
});

test('a third change during the decision is shown too', async ({ open, lab }) => {
    const ada = await lab.admit({ reason: 'Fall' });
    const list = await open('sister');
    const dialog = await list.startEdit(ADA);
    await dialog.fill({ Reason: 'Mine' });
    await lab.change(ada, { reason: 'Second' });
    await dialog.press('Save');
    await dialog.conflictOn('Reason').getByLabel('Mine: Mine').check();
    await lab.change(ada, { reason: 'Third' });
    await dialog.press('Save my choices');
    await expect(dialog.conflictOn('Reason')).toContainText('Theirs: Third');
    await expect(dialog.button('Save my choices')).toBeDisabled();
    expect(await lab.read(ada)).toMatchObject({ reason: 'Third' });
    await dialog.conflictOn('Reason').getByLabel('Mine: Mine').check();
    await dialog.press('Save my choices');
    await dialog.isClosed();
    expect(await lab.read(ada)).toMatchObject({ reason: 'Mine' });
});

test('keeping theirs changes nothing', async ({ open, lab }) => {
    const ada = await lab.admit({ reason: 'Fall' });
    const list = await open('sister');
    for (const decide of ['Cancel, keep theirs', 'Save my choices']) {
        const dialog = await list.startEdit(ADA);
        await dialog.fill({ Reason: 'Mine' });
        const theirs = await lab.change(ada, { reason: `Theirs before "${decide}"` });
        await dialog.press('Save');
        await dialog.conflictOn('Reason').getByLabel('Theirs:').check();
        await dialog.press(decide);
        await dialog.isClosed();
        expect(await lab.read(ada)).toEqual(theirs);
    }
    await expect(list.toast).toContainText('Nothing was changed: theirs was kept.');
});

test('two transfers at once are a conflict as well', async ({ open, lab }) => {
    const ada = await lab.admit({ ward: 'Elm Ward', bed: 'A1' });
    const list = await open('sister');
    await (await list.openPatient(ADA)).press('Transfer');
    await list.dialog.fill({ Bed: 'A2' });
    await lab.change(ada, { bed: 'A3' });
    await list.dialog.press('Transfer');
    await expect(list.dialog.conflictOn('Bed')).toContainText('Theirs: A3');
    await list.dialog.conflictOn('Bed').getByLabel('Mine: A2').check();
    await list.dialog.press('Save my choices');
    await expect(list.row(ADA).cell('Place')).toContainText('A2');
});

test('who edits a patient that another deletes is told that nothing was saved', async ({ open, lab }) => {
    const ada = await lab.admit();
    const list = await open('sister');
    const dialog = await list.startEdit(ADA);
    await dialog.fill({ Reason: 'Hip fracture' });
    await lab.delete(ada);
    await dialog.press('Save');
    await expect(dialog.problem.filter({ hasText: 'deleted' })).toContainText('your change was not saved');
    await dialog.press('Cancel');
    await list.row(ADA).isDeleted('lab');
});

test('who deletes a patient that another edits has to look at the record again', async ({ open, lab }) => {
    const ada = await lab.admit({ reason: 'Entered by mistake' });
    const list = await open('sister');
    const dialog = await list.openPatient(ADA);
    await dialog.press('Delete');
    await lab.change(ada, { reason: 'No mistake: admitted from A&E' });
    await dialog.root.getByRole('button', { name: /^Delete LOVELACE/ }).click();
    await expect(dialog.title).toHaveText(SOMEBODY);
    await expect(dialog.root).toContainText('No mistake: admitted from A&E');
    expect(await lab.list()).toHaveLength(1);
    await dialog.press('Look at it again');
    await expect(dialog.title).toHaveText('Delete LOVELACE, Ada?');
    await dialog.root.getByRole('button', { name: /^Delete LOVELACE/ }).click();
    await dialog.isClosed();
    expect(await lab.list()).toHaveLength(0);
});

test('an undo that comes too late undoes nothing of others', async ({ open, lab }) => {
    const ada = await lab.admit();
    const list = await open('sister');
    await list.discharge(ADA);
    // Saved before the other change is made, or it would be the discharge that comes too late.
    await expect(list.toast).toContainText('Discharged: LOVELACE, Ada');
    await lab.change(ada, { reason: 'Transferred to another hospital' });
    await list.undo(ADA);
    // The way back is still open, and what the other has done is seen on it.
    await expect(list.dialog.title).toHaveText('Somebody else changed this patient');
    await expect(list.dialog.root).toContainText('Reason: (empty) → Transferred to another hospital');
    await list.dialog.press('Cancel, keep theirs');
    expect(await lab.read(ada)).toMatchObject({ status: 'discharged', reason: 'Transferred to another hospital' });
});

for (const [from, action, theirs, field] of [
    ['admitted', 'Discharge', 'on_leave', 'dismissal_date'],
    ['expected', 'Admit', 'cancelled', 'admission_date'],
] as const) {
    test(`who leaves a status to somebody else leaves its time to them: ${action}`, async ({ open, lab }) => {
        const ada = await lab.admit({ status: from });
        const list = await open('sister');
        await (await list.openPatient('LOVELACE, Ada')).press(action);
        const newer = await lab.change(ada, { status: theirs });
        await list.dialog.root.locator('form:visible button.primary').click();
        await list.dialog.conflictOn('Status').getByLabel('Theirs:').check();
        await list.dialog.root.locator('form:visible button.primary').click();
        await list.dialog.isClosed();
        expect(await lab.read(ada)).toMatchObject({ status: theirs, [field]: newer[field], version: newer.version });
    });
}

test('status and discharge date are one decision: nothing is said to stay that goes', async ({ open, lab }) => {
    const ada = await lab.admit();
    const list = await open('sister');
    const { dialog } = list;
    const stays = dialog.root.getByText('They also changed, and it stays:');
    await (await list.openPatient(ADA)).press('Send on leave');
    const gone = await lab.change(ada, { status: 'discharged' });
    await dialog.root.locator('form:visible button.primary').click();
    const status = dialog.conflictOn('Status');
    await expect(status.getByLabel('Mine: On leave', { exact: true })).toBeVisible();
    await expect(status.getByLabel(/^\s*Theirs: Discharged, \d\d-\w{3}-\d{4} \d\d:\d\d/)).toBeVisible();
    await expect(stays).toHaveCount(0);
    await status.getByLabel('Theirs:').check();
    await dialog.root.locator('form:visible button.primary').click();
    await dialog.isClosed();
    expect(await lab.read(ada)).toMatchObject({ status: 'discharged', version: gone.version });

    // The other way round: the time of a discharge that is none any more.
    await list.showAll.click();
    await list.startEdit(ADA);
    await dialog.fill({ Discharged: '20-Nov-2026 10:00' });
    const back = await lab.change(gone, { status: 'admitted' });
    await dialog.press('Save');
    await expect(status.getByLabel('Mine: Discharged, 20-Nov-2026 10:00')).toBeVisible();
    await expect(status.getByLabel('Theirs: Admitted')).toBeVisible();
    await expect(stays).toHaveCount(0);
    await status.getByLabel('Theirs:').check();
    await dialog.press('Save my choices');
    await dialog.isClosed();
    expect(await lab.read(ada)).toMatchObject({ status: 'admitted', dismissal_date: null, version: back.version });
});
