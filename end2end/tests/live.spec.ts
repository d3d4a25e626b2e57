import { writeExport } from '../fixtures/fhir.ts';
import { expect, Socket, test } from '../fixtures/test.ts';

const ADA = 'LOVELACE, Ada';
const ELM = { ward: 'Elm Ward', room: 'Bay 1', bed: 'A1' };

test('an admission appears on the other screen, marked as new until it is seen', async ({ open }) => {
    const [mine, theirs] = [await open('sister'), await open('doctor')];
    await theirs.remember();
    await mine.admit({
        'Last name': 'Lovelace',
        'First name': 'Ada',
        'Title': 'Ms',
        'Date of birth': '10-Dec-1985',
        'NHS number': '943 476 5919',
        'Ward': 'Elm Ward',
        'Bed': 'A1',
        'Allergies': 'Known allergies',
    });
    await expect(mine.toast).toContainText('Admitted: LOVELACE, Ada (Ms)');
    const row = theirs.row('LOVELACE, Ada (Ms)');
    await row.isNew('sister');
    await expect(row.root).toContainText(/Born 10-Dec-1985 \(\d+y\)/);
    await expect(row.root).toContainText('NHS No 943 476 5919');
    await expect(row.cell('Place')).toContainText('Elm Ward');
    await expect(row.cell('Alerts')).toContainText('⚠ Allergies');
    // What nobody has said is never shown like an answer.
    await expect(row.cell('Alerts')).toContainText('? Resus status not recorded');
    await expect(theirs.updates).toHaveText('1 update');
    await expect(theirs.announcer).toHaveText('1 patient updated');
    await row.seen.click();
    await row.isUnmarked();
    await expect(theirs.updates).toHaveText('0 updates');
    await theirs.isSamePage();
    // One's own changes are not marked.
    await mine.row('LOVELACE, Ada (Ms)').isUnmarked();
});

test('an edit marks the cells that changed, and the marks add up until they are seen', async ({ open, lab }) => {
    await lab.admit(ELM);
    const [mine, theirs] = [await open('sister'), await open('doctor')];
    await theirs.remember();
    await mine.edit(ADA, { Attending: 'Dr E. Novak' });
    const row = theirs.row(ADA);
    await expect(row.cell('Attending')).toContainText('Dr E. Novak');
    await row.isChanged('sister', 'Attending');
    await mine.edit(ADA, { Acuity: '1 (most urgent)' });
    await expect(row.cell('Alerts')).toContainText('Acuity 1');
    await row.isChanged('sister', 'Attending', 'Alerts');
    await row.seen.click();
    await row.isUnmarked();
    await mine.row(ADA).isUnmarked();
    await theirs.isSamePage();
});

test('a handover note keeps its lines, in a column for whoever wants it', async ({ open, lab }) => {
    const ada = await lab.admit(ELM);
    const [mine, theirs] = [await open('sister'), await open('doctor')];
    await theirs.chooseNote();
    await mine.edit(ADA, { 'Handover note': 'Blood pressure at 22:00\nDaughter comes at noon' });
    const row = theirs.row(ADA);
    await expect(row.cell('Note').locator('.note')).toHaveText('Blood pressure at 22:00\nDaughter comes at noon', { useInnerText: true });
    await row.isChanged('sister', 'Note');
    // With that many columns it may be beyond the edge.
    await expect(row.root.locator('.hidden-changes')).toHaveText('Changed: Handover note');
    const dialog = await theirs.openPatient(ADA);
    const note = dialog.root.locator('.record div', { hasText: 'Handover note' }).locator('dd');
    await expect(note).toHaveText(/Changed:\s+Blood pressure at 22:00\nDaughter comes at noon$/, { useInnerText: true });
    expect(await lab.read(ada)).toMatchObject({ handover_note: 'Blood pressure at 22:00\nDaughter comes at noon' });
});

test('a transfer moves the patient on the other screen', async ({ open, lab }) => {
    await lab.admit(ELM);
    await lab.admit({ first_name: 'Grace', last_name: 'Hopper', ward: 'Ash Ward', bed: 'A2' });
    const [mine, theirs] = [await open('sister'), await open('doctor')];
    await theirs.remember();
    await expect(theirs.names).toHaveText(['HOPPER, Grace', ADA]);
    await mine.transfer(ADA, { Ward: 'Ash Ward', Bed: 'A1' });
    await expect(mine.toast).toContainText('LOVELACE, Ada is now in Ash Ward, Bay 1, bed A1');
    await expect(theirs.row(ADA).cell('Place')).toContainText('Ash Ward');
    await theirs.row(ADA).isChanged('sister', 'Place');
    await expect(theirs.names).toHaveText([ADA, 'HOPPER, Grace']);
    await theirs.isSamePage();
});

test('two patients in one bed are pointed out, not forbidden', async ({ open, lab }) => {
    await lab.admit(ELM);
    const list = await open('sister');
    await list.admit({ 'Last name': 'Byron', 'First name': 'Allegra' });
    await (await list.openPatient('BYRON, Allegra')).press('Transfer');
    await list.dialog.fill({ Ward: 'Elm Ward', Bed: 'A1' });
    await expect(list.dialog.root.getByText(/In this bed already: LOVELACE, Ada · .*\. You can still save\./)).toBeVisible();
    await list.dialog.press('Transfer');
    // Whoever has not asked is told as well, for as long as it is so.
    for (const name of ['BYRON, Allegra', ADA]) {
        await expect(list.row(name).cell('Place')).toContainText(/A1.*⚠ 2 patients in this bed/s);
    }
    await list.discharge('BYRON, Allegra');
    await expect(list.row(ADA).cell('Place')).not.toContainText('⚠');
});

test('a discharge is shown before the row leaves, and can be undone', async ({ open, lab }) => {
    await lab.admit(ELM);
    const [mine, theirs] = [await open('sister'), await open('doctor')];
    await theirs.remember();
    await mine.discharge(ADA);
    await expect(mine.toast).toContainText('Discharged: LOVELACE, Ada');
    await mine.row(ADA).isGone();
    const row = theirs.row(ADA);
    await expect(row.cell('Status')).toContainText(/Discharged \d\d-\w{3}-\d{4} \d\d:\d\d/);
    await row.isChanged('sister', 'Status');
    await mine.undo(ADA);
    await expect(mine.toast).toContainText('Undone: LOVELACE, Ada');
    await mine.row(ADA).isUnmarked();
    await expect(row.cell('Status')).toContainText('Admitted');
    await theirs.isSamePage();
});

test('a deleted patient stays struck through until that has been seen', async ({ open, lab }) => {
    await lab.admit(ELM);
    const [mine, theirs] = [await open('sister'), await open('doctor')];
    await theirs.remember();
    await mine.delete(ADA);
    await mine.row(ADA).isGone();
    await theirs.row(ADA).isDeleted('sister');
    await theirs.row(ADA).seen.click();
    await theirs.letGo();
    await theirs.row(ADA).isGone();
    await expect(theirs.filters).toContainText('0 of 0 patients');
    await theirs.isSamePage();
});

test('everything can be marked as seen at once', async ({ open, lab }) => {
    const ada = await lab.admit(ELM);
    const grace = await lab.admit({ first_name: 'Grace', last_name: 'Hopper' });
    const list = await open('sister');
    await lab.change(ada, { team: 'Surgery' });
    await lab.delete(grace);
    await lab.admit({ first_name: 'Mary', last_name: 'Somerville' });
    await expect(list.updates).toHaveText('3 updates');
    await list.clearAll();
    await expect(list.updates).toHaveText('0 updates');
    await expect(list.markAllSeen).toBeDisabled();
    await expect(list.names).toHaveText([ADA, 'SOMERVILLE, Mary']);
    await list.row(ADA).isUnmarked();
});

test('marks are each user’s own', async ({ open, lab }) => {
    const ada = await lab.admit(ELM);
    const [sister, doctor] = [await open('sister'), await open('doctor')];
    await lab.change(ada, { team: 'Surgery' });
    await sister.row(ADA).seen.click();
    await sister.row(ADA).isUnmarked();
    await doctor.row(ADA).isChanged('lab', 'Attending');
});

test('what another program writes over the socket is shown, and so is an import', async ({ open, lab, server }) => {
    const list = await open('sister');
    await list.remember();
    const ada = await lab.admit(ELM);
    await list.row(ADA).isNew('lab');
    await lab.change(ada, { reason: 'Chest pain' });
    await expect(list.row(ADA).cell('Admitted')).toContainText('Chest pain');

    const folder = await server.makeFolder('export');
    await writeExport(folder, [
        { id: 'a', first: 'Zofia', last: 'Dąbrowska', mrn: '4711' },
        { id: 'b', first: 'Kwame', last: 'Mensah', mrn: '4712' },
    ]);
    await server.import(folder);
    await expect(list.row('DĄBROWSKA, Zofia').mark).toContainText('New on this list');
    await expect(list.row('MENSAH, Kwame').root).toContainText('MRN 4712');
    await expect(list.updates).toHaveText('3 updates');

    // Run again, it changes nothing, and nobody is told anything.
    await list.clearAll();
    await server.import(folder);
    await lab.change(ada, { reason: 'Chest pain, better' });
    await expect(list.row(ADA).cell('Admitted')).toContainText('better');
    await expect(list.updates).toHaveText('1 update');
    await list.isSamePage();
});

test('a change of one patient touches that patient’s row and no other', async ({ open, lab, server }) => {
    await server.addDemoPatients(100);
    const ada = await lab.admit({ ward: 'Birch Ward', bed: 'C3' });
    const list = await open('sister');
    await list.page.evaluate(() => {
        const touched: string[] = [];
        Object.assign(window, { touched });
        const place = (node: Node): string => {
            const element = node instanceof Element ? node : node.parentElement;
            const row = element?.closest('tbody tr');
            if (row) return `row ${(row as HTMLElement).dataset.id}`;
            return element?.closest('.updates, .clock, #announcer, title')?.className ?? `${element?.outerHTML.slice(0, 80)}`;
        };
        const observer = new MutationObserver(records => records.forEach(record => touched.push(place(record.target))));
        observer.observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
    });
    await lab.change(ada, { attending: 'Dr A. Osei', acuity: 2 });
    await expect(list.row(ADA).cell('Attending')).toContainText('Dr A. Osei');
    await expect(list.announcer).toHaveText('1 patient updated');
    const touched = await list.page.evaluate(() => [...new Set((window as unknown as { touched: string[] }).touched)]);
    expect(touched).toContain(`row ${ada.id}`);
    // Beside it, only the header's count and time and the announcement.
    const elsewhere = touched.filter(place => !['updates', 'clock', 'quiet', '', `row ${ada.id}`].includes(place));
    expect(elsewhere).toEqual([]);
});

test('a burst of changes arrives whole and in order', async ({ open, lab, server, template }) => {
    await server.addDemoPatients(20);
    const list = await open('sister');
    const other = await Socket.open(server.socketUrl('ws/patients/'), template.token);
    const patients = await lab.list();
    const writes = patients.flatMap(patient =>
        Array.from({ length: 10 }, (_, round) => {
            const writer = round % 2 ? other : lab;
            return writer.change(patient, { team: `Round ${round}` });
        }),
    );
    await Promise.all(writes);
    other.close();
    for (const patient of await lab.list()) {
        const row = list.page.locator(`tbody tr[data-id="${patient.id}"]`);
        await expect(row.locator('[data-label="Attending"]')).toContainText(String(patient.team));
    }
    await expect(list.updates).toHaveText(/^20 updates/);
});

test('an open record follows the changes of others', async ({ open, lab }) => {
    const ada = await lab.admit(ELM);
    const list = await open('sister');
    const dialog = await list.openPatient(ADA);
    await expect(dialog.fact('Reason')).toContainText('Unknown');
    await lab.change(ada, { reason: 'Hip fracture' });
    await expect(dialog.fact('Reason')).toContainText('Hip fracture');
});

test('an open record follows the name as well, for that is what the reader goes by', async ({ open, lab }) => {
    const ada = await lab.admit(ELM);
    const list = await open('sister');
    const dialog = await list.openPatient(ADA);
    await lab.change(ada, { last_name: 'King' });
    await expect(dialog.fact('Name')).toContainText('KING, Ada');
    await expect(dialog.title).toHaveText('KING, Ada');
});

test('an open record says so when somebody deletes it', async ({ open, lab }) => {
    const ada = await lab.admit(ELM);
    const list = await open('sister');
    const dialog = await list.openPatient(ADA);
    await lab.delete(ada);
    await expect(dialog.root).toContainText(/deleted/i);
});

test('a list that is paused stands as it was then, also where nobody had looked yet, and seen is no more than that', async ({
    open, lab,
}) => {
    for (let bed = 1; bed <= 260; bed++) await lab.admit({ last_name: `Patient ${bed}`, ward: 'Elm Ward', bed: `A${bed}` });
    const all = await lab.list();
    const [near, far] = ['A1', 'A250'].map(wanted => all.find(({ bed }) => bed === wanted)!);
    const name = 'PATIENT 250, Ada';
    const list = await open('sister');
    await lab.change(far, { reason: 'Fever' });
    await expect(list.updates).toHaveText('1 update (1 out of view)');
    await list.page.getByRole('button', { name: 'Pause' }).click();
    await lab.change(far, { reason: 'Cough', acuity: 1 });
    await expect(list.banner).toContainText('1 row has changed since');
    // Nor is somebody gone who was there.
    await lab.delete(near);
    await expect(list.banner).toContainText('2 rows have changed since');
    await list.row('PATIENT 1, Ada').isUnmarked();
    const row = list.row(name);
    // The end may be further away than was thought before its rows were measured.
    await expect(async () => {
        await list.table.evaluate(element => element.scrollTo(0, element.scrollHeight));
        await expect(row.root).toBeVisible({ timeout: 500 });
    }).toPass();
    await expect(row.cell('Admitted')).toContainText('Fever');
    await row.isChanged('lab', 'Admitted');
    await row.seen.click();
    await row.isUnmarked();
    await list.page.getByRole('button', { name: 'Go on' }).first().click();
    await expect(row.cell('Admitted')).toContainText('Cough');
    await list.table.evaluate(element => element.scrollTo(0, 0));
    await list.row('PATIENT 1, Ada').isDeleted('lab');
    await expect(async () => {
        await list.table.evaluate(element => element.scrollTo(0, element.scrollHeight));
        await expect(row.root).toBeVisible({ timeout: 500 });
    }).toPass();
    await expect(row.cell('Alerts')).toContainText('●Changed: ');
    await expect(row.mark).toContainText('● Changed by lab');
});
