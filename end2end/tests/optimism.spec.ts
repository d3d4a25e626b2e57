import { expect, test, Wire } from '../fixtures/test.ts';

const ADA = 'LOVELACE, Ada';

test('a change is seen while it is on its way, as one that is not saved', async ({ open, lab }) => {
    const ada = await lab.admit({ reason: 'Fall' });
    const wire = new Wire();
    const list = await open('sister', { wire });
    const dialog = await list.startEdit(ADA);
    await dialog.fill({ Reason: 'Hip fracture' });
    wire.hold();
    await dialog.press('Save');
    // The answer is not awaited: it is said at the row.
    await dialog.press('Cancel');
    await expect(list.row(ADA).cell('Admitted')).toContainText('Hip fracture');
    await expect(list.row(ADA).root.locator('.saving')).toContainText('Saving');
    // Nothing is based on what may not come true.
    await list.openPatient(ADA);
    await expect(dialog.fact('Reason')).toContainText('Hip fracture');
    for (const action of ['Edit', 'Transfer', 'Discharge', 'Delete']) {
        await expect(dialog.button(action)).toBeDisabled();
    }
    await dialog.press('Back to the list');
    wire.mend();
    await list.row(ADA).isSettled();
    await expect(list.row(ADA).cell('Admitted')).toContainText('Hip fracture');
    await list.row(ADA).isUnmarked();
    expect(await lab.read(ada)).toMatchObject({ version: ada.version + 1 });
});

test('a change that is refused is taken back from the row, and the reason is told', async ({ open, lab }) => {
    const ada = await lab.admit({ reason: 'Fall' });
    const wire = new Wire();
    const list = await open('sister', { wire });
    const dialog = await list.startEdit(ADA);
    // Only the database can know that this number is another patient's.
    await dialog.fill({ 'Medical record number': '4711', Team: 'Surgery' });
    wire.hold();
    const grace = await lab.admit({ first_name: 'Grace', last_name: 'Hopper', medical_record_number: '4711' });
    await dialog.press('Save');
    await dialog.press('Cancel');
    await expect(list.row(ADA).root).toContainText('MRN 4711');
    wire.mend();
    await list.row(ADA).needsDecision();
    await expect(list.row(ADA).root).not.toContainText('MRN 4711');
    await expect(list.unsaved).toHaveText('1 change needs your decision.');
    await list.showUnsaved();
    await expect(dialog.unsaved(ADA)).toContainText(
        'Medical record number: patient with this medical record number already exists.',
    );
    expect(await lab.read(ada)).toEqual(ada);
    // A reload does not try it again behind its author's back, even if it would work now.
    await lab.change(grace, { medical_record_number: null });
    const tries = wire.asked('patch').length;
    await dialog.press('Back to the list');
    await list.reload();
    await list.isLive();
    await list.row(ADA).needsDecision();
    expect(wire.asked('patch')).toHaveLength(tries);
    await lab.change(grace, { medical_record_number: '4711' });
    // What one does next is not held up by it.
    await list.edit(ADA, { Reason: 'Hip fracture' });
    await expect(list.row(ADA).cell('Admitted')).toContainText('Hip fracture');
    await list.row(ADA).needsDecision();
    // What was wanted is there to be corrected; who turns away loses none of it.
    await list.showUnsaved();
    await dialog.press('Edit again');
    await expect(dialog.field('Medical record number')).toHaveValue('4711');
    await dialog.press('Cancel');
    await list.row(ADA).needsDecision();
    await list.showUnsaved();
    await dialog.press('Edit again');
    await dialog.fill({ 'Medical record number': '4712' });
    await dialog.press('Save');
    await dialog.isClosed();
    await list.row(ADA).isSettled();
    await expect(list.unsaved).toBeEmpty();
    expect(await lab.read(ada)).toMatchObject({
        medical_record_number: '4712', team: 'Surgery', reason: 'Hip fracture', version: ada.version + 2,
    });
});

test('who may not write any more is told so in the dialog, and nothing has changed', async ({ open, lab, server }) => {
    const ada = await lab.admit({ reason: 'Fall' });
    const list = await open('sister');
    const dialog = await list.startEdit(ADA);
    await dialog.fill({ Reason: 'Hip fracture' });
    await server.run(['user', 'role', 'sister', 'viewer']);
    await dialog.press('Save');
    await expect(dialog.problem.filter({ hasText: 'account' })).toContainText(
        'Your account may look at the list but not change it.',
    );
    await dialog.press('Cancel');
    await expect(list.row(ADA).cell('Admitted')).toContainText('Fall');
    await list.row(ADA).isSettled();
    expect(await lab.read(ada)).toEqual(ada);
});
