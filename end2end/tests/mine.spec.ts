import { expect, test, Wire } from '../fixtures/test.ts';

const ADA = 'LOVELACE, Ada';
const GRACE = 'HOPPER, Grace';
const MARY = 'SOMERVILLE, Mary';

test('“my patients” are those one attends to or has starred, and marks are there as in any other list', async ({ open, lab }) => {
    const ada = await lab.admit({ attending: 'sister' });
    const grace = await lab.admit({ first_name: 'Grace', last_name: 'Hopper', attending: 'Sister' });
    const mary = await lab.admit({ first_name: 'Mary', last_name: 'Somerville', attending: 'Dr A. Osei' });
    const list = await open('sister');
    const { page } = list;
    await page.getByRole('button', { name: `Star: ${MARY}` }).click();
    await page.getByRole('button', { name: 'My patients' }).click();
    await expect(list.names).toHaveText([GRACE, ADA, MARY]);
    await expect(page).toHaveURL(/mine/);

    await lab.change(ada, { acuity: 1 });
    await list.row(ADA).isChanged('lab', 'Alerts');
    await lab.change(mary, { team: 'Surgery' });
    await list.row(MARY).isChanged('lab', 'Attending');
    await lab.delete(grace);
    await list.row(GRACE).isDeleted('lab');
    // Whoever comes is new here.
    await lab.admit({ first_name: 'Zofia', last_name: 'Kowalczyk', attending: 'sister' });
    await list.letGo();
    await list.row('KOWALCZYK, Zofia').isNew('lab');
    await list.row(GRACE).seen.click();
    await list.letGo();
    await list.row(GRACE).isGone();

    await list.row(MARY).seen.click();
    await page.getByRole('button', { name: `Star: ${MARY}` }).click();
    await list.letGo();
    await list.row(MARY).isGone();
});

test('who leaves “my patients” or a list of one flag by what somebody else does leaves it with a mark', async ({ open, lab }) => {
    const ada = await lab.admit({ attending: 'sister', flags: [{ code: 'falls', text: '' }] });
    const grace = await lab.admit({ first_name: 'Grace', last_name: 'Hopper', attending: 'Dr A. Osei' });
    const list = await open('sister');
    const elsewhere = await open('sister');
    await list.page.getByRole('button', { name: 'My patients' }).click();
    await list.letGo();
    await elsewhere.page.goto('/?flag=falls');
    await elsewhere.isLive();
    await expect(list.names).toHaveText([ADA]);
    await lab.change(ada, { attending: 'Dr A. Osei', flags: [] });
    await list.row(ADA).isChanged('lab', 'Attending', 'Alerts');
    await elsewhere.row(ADA).isChanged('lab', 'Attending', 'Alerts');
    // The same after the page was loaded anew: then it is the server who knows what was.
    for (const screen of [list, elsewhere]) {
        await screen.page.reload();
        await screen.isLive();
        await screen.row(ADA).isChanged('lab', 'Attending', 'Alerts');
    }
    // Who comes into it is new to it.
    await lab.change(grace, { attending: 'sister' });
    await list.row(GRACE).isNew('lab');
    await list.row(ADA).seen.click();
    await list.letGo();
    await list.row(ADA).isGone();
});

test('starred patients alone are a list, and what is not shown of a row says in words that it has changed', async ({ open, lab }) => {
    const ada = await lab.admit({ nhs_number: '9434765919', medical_record_number: 'A-1' });
    await lab.admit({ first_name: 'Grace', last_name: 'Hopper', attending: 'sister' });
    const list = await open('sister');
    await list.page.getByRole('button', { name: `Star: ${ADA}` }).click();
    await list.more('Starred patients only');
    await list.page.keyboard.press('Escape');
    await list.letGo();
    await expect(list.names).toHaveText([ADA]);
    await expect(list.filters).toContainText('starred');
    await expect(list.page).toHaveURL(/mine=starred/);

    await lab.change(ada, { middle_names: 'Augusta', handover_note: 'Mobile with a stick', medical_record_number: 'A-2', acuity: 3 });
    await expect(list.row(ADA).cell('Alerts')).toContainText('●Changed: ');
    await expect(list.row(ADA).root.locator('.hidden-changes'))
        .toHaveText('Changed: Handover note, Medical record number, Middle names');
});

test('a list with a name is on all screens of its user, and its link shows another one what they may see', async ({ open, lab }) => {
    await lab.admit({ ward: 'Elm Ward', bed: 'A1' });
    await lab.admit({ first_name: 'Grace', last_name: 'Hopper', ward: 'Ash Ward', bed: 'B1', attending: 'porter' });
    const list = await open('sister');
    const save = async (name: string) => {
        await list.more('Save this list…');
        await list.dialog.root.getByRole('textbox').fill(name);
        await list.dialog.press('Save');
        await expect(list.toast).toContainText(`Saved as “${name}”`);
    };
    await save('Everybody here');
    await list.ward.selectOption('Elm Ward');
    await save('Elm');
    // A name stands for one list; that another one would go is said before.
    await list.more('Save this list…');
    await list.dialog.root.getByRole('textbox').fill(' Elm');
    await expect(list.dialog.button('Save')).toHaveCount(0);
    await list.dialog.press('Replace the list of this name');
    await expect(list.toast).toContainText('Saved as “Elm”');

    const elsewhere = await open('sister');
    await elsewhere.follow('Everybody here');
    await elsewhere.isLive();
    await expect(elsewhere.names).toHaveText([GRACE, ADA]);
    await elsewhere.follow('Elm');
    await elsewhere.isLive();
    await expect(elsewhere.names).toHaveText([ADA]);

    const porter = await open('porter');
    await porter.page.goto(new URL(elsewhere.page.url()).pathname + new URL(elsewhere.page.url()).search);
    await porter.isLive();
    await expect(porter.names).toHaveText([ADA]);
    await expect(porter.admitButton).toHaveCount(0);
    // Whose patients are mine depends on who asks.
    await porter.page.goto('/?mine=yes');
    await porter.isLive();
    await expect(porter.names).toHaveText([GRACE]);
});

test('a list that the account has no room for is not claimed to be saved', async ({ open, lab }) => {
    await lab.admit();
    const list = await open('sister');
    // Two of these are more than one value may be.
    await list.search.fill('long '.repeat(1_800));
    const save = async (name: string) => {
        await list.more('Save this list…');
        await list.dialog.root.getByRole('textbox').fill(name);
        await list.dialog.press('Save');
        await list.dialog.isClosed();
    };
    await save('One');
    await expect(list.toast).toContainText('Saved as “One”');
    await save('Two');
    await expect(list.toast).toContainText('This was not kept: your account keeps as much as one may.');
    await list.more('Save this list…');
    await expect(list.dialog.root.getByRole('listitem')).toHaveText([/^One/]);
});

test('who has a record open or changes it is said to others, for as long as they do', async ({ open, lab }) => {
    await lab.admit();
    const doctor = await open('doctor');
    await doctor.openPatient(ADA);
    const list = await open('sister');
    const { root } = await list.openPatient(ADA);
    await expect(root).toContainText('doctor is looking at this record.');
    await expect(doctor.dialog.root).toContainText('sister is looking at this record.');
    await doctor.dialog.press('Edit');
    await expect(root).toContainText('doctor is changing this record.');
    // Before one edits, and while one does.
    await list.dialog.press('Edit');
    await expect(root).toContainText('doctor is changing this record.');
    await doctor.page.close();
    await expect(root).not.toContainText('doctor');
});

test('who is asked about a patient is seen by others, and told of what they do meanwhile', async ({ open, lab }) => {
    const ada = await lab.admit();
    const doctor = await open('doctor');
    await doctor.openPatient(ADA);
    const list = await open('sister');
    const { dialog } = list;
    const isSeenAndTold = async (question: string) => {
        await expect(dialog.title).toHaveText(new RegExp(`^${question}`));
        await expect(doctor.dialog.root).toContainText('sister is changing this record.');
        await lab.change(ada, { reason: question });
        await expect(dialog.root.locator('.meanwhile')).toHaveText('lab has just changed: Reason.');
        await dialog.press('Cancel');
        await expect(doctor.dialog.root).not.toContainText('is changing this record');
    };
    for (const action of ['Transfer', 'Discharge', 'Delete']) {
        await list.openPatient(ADA);
        await dialog.press(action);
        await isSeenAndTold(action);
    }
    await list.edit(ADA, { Team: 'Surgery' });
    await list.toast.getByRole('button', { name: 'Undo' }).click();
    await isSeenAndTold('Undo');
});

test('a record says itself that it may be out of date, and that the list is paused', async ({ open, lab, line }) => {
    await lab.admit();
    const list = await open('sister', { at: line.url });
    const { root } = await list.openPatient(ADA);
    await expect(root.locator('.stale')).toHaveCount(0);
    line.cut();
    await expect(root).toContainText(/Not live since \d\d:\d\d:\d\d\. What you see may be out of date\./, { timeout: 30_000 });
    line.mend();
    await expect(root.locator('.stale')).toHaveCount(0, { timeout: 30_000 });
    await list.dialog.press('Back to the list');
    await list.page.getByRole('button', { name: 'Pause' }).click();
    await list.openPatient(ADA);
    await expect(root).toContainText(/Paused at \d\d:\d\d:\d\d\. What you see is the list as it was then\./);
});

test('who is to come into a bed that somebody is in is asked about it, also when that one comes while the question is open', async ({
    open, lab,
}) => {
    const place = { ward: 'Elm Ward', bed: 'A1' };
    await lab.admit({ ...place, status: 'expected' });
    const list = await open('sister');
    await list.openPatient(ADA);
    await list.dialog.press('Admit');
    await expect(list.dialog.title).toHaveText(`Admit: ${ADA}?`);
    await expect(list.dialog.root).not.toContainText('In this bed already');
    const grace = await lab.admit({ first_name: 'Grace', last_name: 'Hopper', ...place });
    await expect(list.dialog.root).toContainText(`In this bed already: ${GRACE} · `);
    await lab.change(grace, { bed: 'A2' });
    await expect(list.dialog.root).not.toContainText('In this bed already');
});

test('who is taken back into a bed that somebody has had since is asked about it', async ({ open, lab }) => {
    const place = { ward: 'Elm Ward', bed: 'A1' };
    await lab.admit(place);
    const list = await open('sister');
    const { dialog } = list;
    const askToUndo = async () => {
        await list.toast.getByRole('button', { name: 'Undo' }).click();
        await expect(dialog.title).toHaveText(`Undo: ${ADA}?`);
    };
    await list.discharge(ADA);
    await askToUndo();
    await expect(dialog.root).not.toContainText('In this bed already');
    await lab.admit({ first_name: 'Grace', last_name: 'Hopper', ...place });
    await expect(dialog.root).toContainText(`In this bed already: ${GRACE} · `);
    await dialog.press('Undo');
    await expect(list.toast).toContainText(`Undone: ${ADA}`);

    await list.openPatient(ADA);
    await dialog.press('Transfer');
    await dialog.fill({ Bed: 'A2' });
    await dialog.press('Transfer');
    await askToUndo();
    await expect(dialog.root).toContainText(`In this bed already: ${GRACE} · `);
    await dialog.press('Undo');
    await expect(list.row(ADA).cell('Place')).toContainText('A1');
});

test('a write that is refused says why, also where the form has no field for it', async ({ open, lab }) => {
    await lab.admit({ admission_date: '2099-01-01T10:00:00Z' });
    const list = await open('sister');
    await list.openPatient(ADA);
    await list.dialog.press('Discharge');
    await list.dialog.press('Discharge');
    await expect(list.dialog.problem.last()).toContainText(/Discharge|admission/);
    await expect(list.dialog.title).toHaveText(`Discharge: ${ADA}?`);
});

test('the same update twice is read out twice', async ({ open, lab }) => {
    let ada = await lab.admit();
    const list = await open('sister');
    const said = await list.listenTo(list.announcer);
    ada = await lab.change(ada, { acuity: 1 });
    await expect.poll(said).toEqual(['1 patient updated']);
    await lab.change(ada, { acuity: 2 });
    await expect.poll(said).toEqual(['1 patient updated', '', '1 patient updated']);
});

test('what one chooses is told again where the server could not take it in, and an older choice does not come back', async ({
    open, lab,
}) => {
    await lab.admit();
    const wire = new Wire();
    const list = await open('sister', { wire });
    const { page, dialog } = list;
    // Both answers come when both choices are made.
    await list.more('Columns…');
    wire.hold();
    for (const column of ['Attending', 'Alerts']) await dialog.root.getByLabel(column, { exact: true }).uncheck();
    await expect.poll(() => wire.asked('remember').length).toBe(2);
    const titles = await page.evaluate(() => {
        const head = document.querySelector('thead')!;
        const said: string[] = [];
        Object.assign(window, { said });
        new MutationObserver(() => said.push(head.textContent ?? '')).observe(head, { childList: true, subtree: true });
        return head.textContent;
    });
    expect(titles).not.toMatch(/Attending|Alerts/);
    wire.mend();
    await expect.poll(() => wire.answers('remember').length).toBe(2);
    await list.isLive();
    for (const said of await page.evaluate(() => (window as unknown as { said: string[] }).said)) {
        expect(said).not.toMatch(/Attending|Alerts/);
    }

    // The server has no room for it, and then it has.
    wire.falsify = frame => {
        if (frame.action !== 'remember') return frame;
        wire.falsify = frame => frame;
        return { ...frame, errors: ['No room.'], response_status: 507 };
    };
    await dialog.root.getByLabel('Admitted', { exact: true }).uncheck();
    await expect.poll(() => wire.asked('remember').length, { timeout: 20_000 }).toBe(4);
    const [refused, again] = wire.asked('remember').slice(-2);
    expect(again.data).toEqual(refused.data);
});
