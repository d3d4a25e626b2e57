import { expect, PASSWORD, test, Wire } from '../fixtures/test.ts';
import { ListPage } from '../pages/list.ts';
import { SignInPage } from '../pages/sign-in.ts';

const ADA = 'LOVELACE, Ada';
const GRACE = 'HOPPER, Grace';
const SOMEBODY = 'Somebody else changed this patient';

/** The sister's list, live until its connection was cut. */
async function cutOff(open: (name: string, options: { wire: Wire }) => Promise<ListPage>) {
    const wire = new Wire();
    const list = await open('sister', { wire });
    wire.cut();
    await list.isNotLive();
    return { list, wire };
}

test('a change that is made without a connection is kept over a reload, and saved once on the return', async ({
    open, lab,
}) => {
    const ada = await lab.admit({ reason: 'Fall', bed: 'A1' });
    const { list, wire } = await cutOff(open);
    await expect(list.banner).toContainText('Changes are kept on this device until then');
    await list.keepEdit(ADA, { Reason: 'Hip fracture' });
    // Seen at once, and seen to be not saved.
    await expect(list.row(ADA).cell('Admitted')).toContainText('Hip fracture');
    await list.row(ADA).isNotSent();
    await expect(list.unsaved).toHaveText('1 change on this device is not saved yet.');
    // A second thought about the same patient goes with the first.
    await list.keepEdit(ADA, { Bed: 'A2' });
    await expect(list.unsaved).toHaveText('1 change on this device is not saved yet.');
    expect(await lab.read(ada)).toEqual(ada);

    await list.reload();
    await list.row(ADA).isNotSent();
    await expect(list.row(ADA).cell('Place')).toContainText('A2');
    const dialog = await list.showUnsaved();
    await expect(dialog.unsaved(ADA)).toContainText('Reason: Fall → Hip fracture');
    await expect(dialog.unsaved(ADA)).toContainText('Bed: A1 → A2');
    await dialog.press('Back to the list');

    wire.mend();
    await list.isLive();
    await expect(list.toast).toContainText('1 kept change was saved.');
    await list.row(ADA).isSettled();
    await expect(list.unsaved).toBeEmpty();
    expect(await lab.read(ada)).toMatchObject({ reason: 'Hip fracture', bed: 'A2', version: ada.version + 1 });
    expect(wire.answers('patch')).toHaveLength(1);
    await list.row(ADA).isUnmarked();
    // Nothing is left to be sent again.
    await list.page.reload();
    await list.isLive();
    await expect(list.unsaved).toBeEmpty();
    expect(await lab.read(ada)).toMatchObject({ version: ada.version + 1 });
});

test('what others changed meanwhile is not overwritten: the author is asked, field by field', async ({ open, lab }) => {
    const ada = await lab.admit({ reason: 'Fall', nhs_number: '9434765919' });
    const { list, wire } = await cutOff(open);
    await list.keepEdit(ADA, { Reason: 'Hip fracture' });
    await lab.change(ada, { reason: 'Fall at home', team: 'Surgery' });

    wire.mend();
    await list.isLive();
    await list.row(ADA).needsDecision();
    // The row is the database's; the words that were typed are kept beside it.
    await expect(list.row(ADA).cell('Admitted')).toContainText('Fall at home');
    await expect(list.unsaved).toHaveText('1 change needs your decision.');
    const theirs = await lab.read(ada);
    expect(theirs).toMatchObject({ reason: 'Fall at home' });

    await list.row(ADA).pending.click();
    const { dialog } = list;
    await expect(dialog.unsaved(ADA)).toContainText('LOVELACE, Ada · NHS No 943 476 5919');
    await expect(dialog.unsaved(ADA)).toContainText('Changed meanwhile by lab.');
    await dialog.press('Decide');
    await expect(dialog.title).toHaveText(SOMEBODY);
    await expect(dialog.identifiers).toContainText('NHS No 943 476 5919');
    await expect(dialog.root).toContainText(/lab saved a change at \d\d-\w{3}-\d{4} \d\d:\d\d/);
    await expect(dialog.conflictOn('Reason')).toContainText('Before: Fall');
    await expect(dialog.conflictOn('Reason')).toContainText('Theirs: Fall at home');
    await expect(dialog.root).toContainText('Team: (empty) → Surgery');
    // Not deciding yet loses nothing.
    await dialog.press('Decide later');
    await list.row(ADA).needsDecision();

    await list.showUnsaved();
    await dialog.press('Decide');
    await dialog.conflictOn('Reason').getByLabel('Mine: Hip fracture').check();
    await dialog.press('Save my choices');
    await dialog.isClosed();
    await list.row(ADA).isSettled();
    await expect(list.unsaved).toBeEmpty();
    expect(await lab.read(ada)).toMatchObject({
        reason: 'Hip fracture', team: 'Surgery', version: theirs.version + 1,
    });
});

test('a decision that others overtake is asked for again, and nothing is lost on the way', async ({ open, lab }) => {
    const ada = await lab.admit({ reason: 'Fall' });
    const { list, wire } = await cutOff(open);
    await list.keepEdit(ADA, { Reason: 'Mine' });
    await lab.change(ada, { reason: 'Second' });
    wire.mend();
    await list.row(ADA).needsDecision();
    const dialog = await list.showUnsaved();
    await dialog.press('Decide');
    await dialog.conflictOn('Reason').getByLabel('Mine: Mine').check();
    await lab.change(ada, { reason: 'Third' });
    await dialog.press('Save my choices');
    await expect(dialog.conflictOn('Reason')).toContainText('Theirs: Third');
    await dialog.press('Decide later');
    await list.row(ADA).needsDecision();
    expect(await lab.read(ada)).toMatchObject({ reason: 'Third' });
    await list.showUnsaved();
    await expect(dialog.unsaved(ADA)).toContainText('→ Mine');
    await dialog.press('Decide');
    await dialog.conflictOn('Reason').getByLabel('Theirs: Third').check();
    await dialog.press('Save my choices');
    await expect(list.toast).toContainText('Nothing was changed: theirs was kept.');
    await expect(list.unsaved).toBeEmpty();
    await list.row(ADA).isSettled();
    expect(await lab.read(ada)).toMatchObject({ reason: 'Third' });
});

test('a change of another field by somebody else is shown before both stand', async ({ open, lab }) => {
    const ada = await lab.admit({ reason: 'Fall' });
    const { list, wire } = await cutOff(open);
    await list.keepEdit(ADA, { Reason: 'Hip fracture' });
    const theirs = await lab.change(ada, { allergy_status: 'known' });
    wire.mend();
    await list.row(ADA).needsDecision();
    expect(await lab.read(ada)).toEqual(theirs);
    const dialog = await list.showUnsaved();
    await dialog.press('Decide');
    await expect(dialog.root).toContainText('Allergies: Not recorded → Known allergies');
    await expect(dialog.root).toContainText('Reason: Fall → Hip fracture');
    await dialog.press('Save my choices');
    await dialog.isClosed();
    expect(await lab.read(ada)).toMatchObject({ reason: 'Hip fracture', allergy_status: 'known' });
});

test('a kept change of a patient who was deleted meanwhile is told, and its words stay until they are discarded', async ({
    open, lab,
}) => {
    const ada = await lab.admit();
    const { list, wire } = await cutOff(open);
    await list.keepEdit(ADA, { Reason: 'Long and carefully worded' });
    await lab.delete(ada);
    wire.mend();
    await list.isLive();
    await expect(list.unsaved).toHaveText('1 change needs your decision.');
    await list.row(ADA).isDeleted('lab');
    await list.row(ADA).seen.click();
    await list.letGo();
    await list.row(ADA).isGone();
    const dialog = await list.showUnsaved();
    const item = dialog.unsaved(ADA);
    await expect(item).toContainText('Somebody has deleted this patient meanwhile: your change was not saved.');
    await expect(item).toContainText('Long and carefully worded');
    // One slip of a finger discards nothing.
    await dialog.button('Discard').dblclick();
    await expect(item).toBeVisible();
    await dialog.press('Discard');
    await dialog.press('Discard for good');
    await expect(dialog.root).toContainText('Nothing on this device is unsaved.');
    await expect(dialog.title).toBeFocused();
    await dialog.press('Back to the list');
    await expect(list.unsaved).toBeEmpty();
});

test('a discharge that is kept can be taken back before it was ever sent', async ({ open, lab }) => {
    const ada = await lab.admit();
    const { list, wire } = await cutOff(open);
    await (await list.openPatient(ADA)).press('Discharge');
    await list.dialog.press('Keep until live');
    await expect(list.row(ADA).cell('Status')).toContainText('Discharged');
    await list.row(ADA).isNotSent();
    const dialog = await list.showUnsaved();
    await expect(dialog.unsaved(ADA)).toContainText('Status: Admitted → Discharged');
    await dialog.press('Discard');
    await dialog.press('Discard for good');
    await dialog.press('Back to the list');
    await list.row(ADA).isSettled();
    await expect(list.row(ADA).cell('Status')).toHaveText('Admitted');
    wire.mend();
    await list.isLive();
    expect(wire.asked('patch')).toEqual([]);
    expect(await lab.read(ada)).toEqual(ada);
});

test('a discharge that is kept is taken back by another that is kept', async ({ open, lab }) => {
    const ada = await lab.admit();
    const { list, wire } = await cutOff(open);
    await (await list.openPatient(ADA)).press('Discharge');
    await list.dialog.press('Keep until live');
    await expect(list.row(ADA).cell('Status')).toContainText('Discharged');
    await (await list.openPatient(ADA)).press('Undo discharge');
    await list.dialog.press('Keep until live');
    await expect(list.row(ADA).cell('Status')).toContainText('Admitted');
    wire.mend();
    await list.isLive();
    await list.row(ADA).isSettled();
    await expect(list.row(ADA).cell('Status')).toHaveText('Admitted');
    expect(await lab.read(ada)).toMatchObject({ status: 'admitted', dismissal_date: null });
});

test('a discharge that is kept is of the time when it was made, and not of when it could be sent', async ({ open, lab }) => {
    const ada = await lab.admit();
    const { list, wire } = await cutOff(open);
    await (await list.openPatient(ADA)).press('Discharge');
    await list.dialog.press('Keep until live');
    await list.row(ADA).isNotSent();
    const shown = await list.row(ADA).cell('Status').textContent();
    const sent = Date.now();
    wire.mend();
    await list.isLive();
    await list.row(ADA).isSettled();
    await expect(list.row(ADA).cell('Status')).toHaveText(shown!);
    expect(Date.parse((await lab.read(ada)).dismissal_date)).toBeLessThan(sent);
});

test('who prefers it has every change refused while the list is not live, on this device from now on', async ({
    open, lab,
}) => {
    await lab.admit();
    const wire = new Wire();
    const list = await open('sister', { wire });
    const dialog = await list.startEdit(ADA);
    await dialog.fill({ Reason: 'Hip fracture' });
    wire.cut();
    await list.isNotLive();
    await expect(dialog.button('Keep until live')).toBeEnabled();
    await list.page.keyboard.press('Escape');
    await list.page.keyboard.press('Escape');
    await list.keeps.uncheck();
    await list.openPatient(ADA);
    await expect(dialog.button('Edit')).toBeDisabled();
    await dialog.press('Back to the list');
    await list.page.reload();
    await list.isNotLive();
    await expect(list.keeps).not.toBeChecked();
    await list.openPatient(ADA);
    await expect(dialog.button('Edit')).toBeDisabled();
    await dialog.press('Back to the list');
    await list.keeps.check();
    await list.keepEdit(ADA, { Reason: 'Hip fracture' });
});

test('a viewer is not asked about changes that they cannot make', async ({ open, lab }) => {
    await lab.admit();
    const wire = new Wire();
    const list = await open('porter', { wire });
    wire.cut();
    await list.isNotLive();
    await expect(list.banner).toContainText('nothing can be changed');
    await expect(list.keeps).toHaveCount(0);
});

test('no more changes are kept than somebody can look through', async ({ open, server, lab }) => {
    test.slow();
    await server.addDemoPatients(21);
    const wire = new Wire();
    const list = await open('sister', { wire });
    await list.status.selectOption('All');
    await expect(list.names).toHaveCount(21);
    wire.cut();
    await list.isNotLive();
    const { dialog } = list;
    const change = async (place: number) => {
        await list.names.nth(place).click();
        await dialog.press('Edit');
        await dialog.fill({ Team: 'Night team' });
        await dialog.press('Keep until live');
    };
    for (let place = 0; place < 20; place++) {
        await change(place);
        await dialog.isClosed();
    }
    await expect(list.unsaved).toHaveText('20 changes on this device are not saved yet.');
    await change(20);
    await expect(dialog.problem).toContainText('20 changes are kept on this device already, and no more can be');
    await dialog.press('Cancel');
    wire.mend();
    await list.isLive();
    await expect(list.toast).toContainText('20 kept changes were saved.');
    const teams = (await lab.list()).map(({ team }) => team);
    expect(teams.filter(team => team === 'Night team')).toHaveLength(20);
});

test('leaving the page asks while something is not saved, and signing out says that it is lost', async ({
    open, lab,
}) => {
    const ada = await lab.admit();
    const { list, wire } = await cutOff(open);
    await list.keepEdit(ADA, { Reason: 'Hip fracture' });

    // Staying is the safe answer.
    const asked = list.page.waitForEvent('dialog');
    const leaving = list.page.evaluate(() => location.assign('/password'));
    const question = await asked;
    expect(question.type()).toBe('beforeunload');
    await question.dismiss();
    await leaving;
    await list.row(ADA).isNotSent();

    const answer = async (yes: boolean) => {
        const confirm = list.page.waitForEvent('dialog');
        const pressed = list.signOut();
        const question = await confirm;
        expect(question.message()).toContain('Changes on this device are not saved');
        await (yes ? question.accept() : question.dismiss());
        await pressed;
    };
    await answer(false);
    await list.row(ADA).isNotSent();
    await answer(true);
    const door = new SignInPage(list.page);
    await door.isShown();
    wire.mend();
    await door.signIn('sister', PASSWORD);
    await list.isLive();
    await expect(list.unsaved).toBeEmpty();
    expect(await lab.read(ada)).toEqual(ada);
});

test('what one person has kept is not sent in another one’s name', async ({ open, lab, newContext }) => {
    const ada = await lab.admit();
    const { list, wire } = await cutOff(open);
    await list.keepEdit(ADA, { Reason: 'The sister’s words' });
    // Signed out from elsewhere; the doctor signs in where the sister's page was.
    const elsewhere = await newContext({ storageState: await list.page.context().storageState() });
    await elsewhere.request.post('/sign-out');
    const door = new SignInPage(list.page);
    await expect(door.button).toBeVisible({ timeout: 30_000 });
    wire.mend();
    await door.signIn('doctor', PASSWORD);
    await list.isLive();
    await expect(list.unsaved).toBeEmpty();
    expect(await lab.read(ada)).toEqual(ada);
    await list.signOut();
    await door.signIn('sister', PASSWORD);
    await expect(list.toast).toContainText('1 kept change was saved.');
    expect(await lab.read(ada)).toMatchObject({ reason: 'The sister’s words', version: ada.version + 1 });
});

test('nonsense in the browser’s storage does not break the page', async ({ open, lab }) => {
    const ada = await lab.admit();
    const wire = new Wire();
    const list = await open('sister', { wire });
    for (const nonsense of ['{', '[{"key":1}]', '"text"']) {
        await list.page.evaluate(text => sessionStorage.setItem('wardwatch edits of sister', text), nonsense);
        await list.page.reload();
        await list.isLive();
        await expect(list.unsaved).toBeEmpty();
    }
    expect(await lab.read(ada)).toEqual(ada);
});

test('two tabs keep their own changes, and both are saved', async ({ open, lab }) => {
    const ada = await lab.admit({ bed: 'A1' });
    const grace = await lab.admit({ first_name: 'Grace', last_name: 'Hopper', bed: 'A2' });
    const [here, there] = [new Wire(), new Wire()];
    const list = await open('sister', { wire: here });
    const other = new ListPage(await list.page.context().newPage());
    await there.attach(other.page);
    await other.page.goto('/');
    await other.isLive();
    for (const wire of [here, there]) wire.cut();
    await list.isNotLive();
    await other.isNotLive();
    await list.keepEdit(ADA, { Reason: 'From the first tab' });
    await other.keepEdit(GRACE, { Reason: 'From the second tab' });
    await list.row(GRACE).isSettled();
    for (const wire of [here, there]) wire.mend();
    for (const tab of [list, other]) {
        await expect(tab.row(ADA).cell('Admitted')).toContainText('From the first tab');
        await expect(tab.row(GRACE).cell('Admitted')).toContainText('From the second tab');
        await tab.row(ADA).isSettled();
        await tab.row(GRACE).isSettled();
    }
    expect(await lab.read(ada)).toMatchObject({ version: ada.version + 1 });
    expect(await lab.read(grace)).toMatchObject({ version: grace.version + 1 });
});

test('a tab that was duplicated with a change in it has it saved once', async ({ open, lab }) => {
    const ada = await lab.admit();
    const [here, there] = [new Wire(), new Wire()];
    const list = await open('sister', { wire: here });
    here.cut();
    await list.isNotLive();
    await list.keepEdit(ADA, { Reason: 'Hip fracture' });
    // A browser that duplicates a tab copies what it keeps.
    const kept = await list.page.evaluate(() => sessionStorage.getItem('wardwatch edits of sister'));
    const copy = new ListPage(await list.page.context().newPage());
    await copy.page.addInitScript(text => sessionStorage.setItem('wardwatch edits of sister', text), kept!);
    there.cut();
    await there.attach(copy.page);
    await copy.page.goto('/');
    await copy.row(ADA).isNotSent();
    for (const wire of [here, there]) wire.mend();
    for (const tab of [list, copy]) {
        await tab.isLive();
        await tab.row(ADA).isSettled();
        await expect(tab.unsaved).toBeEmpty();
        await expect(tab.row(ADA).cell('Admitted')).toContainText('Hip fracture');
    }
    const keys = [...here.asked('patch'), ...there.asked('patch')].map(({ request_id }) => request_id);
    expect(keys).toHaveLength(2);
    expect(keys[0]).toBe(keys[1]);
    expect(await lab.read(ada)).toMatchObject({ reason: 'Hip fracture', version: ada.version + 1 });
});
