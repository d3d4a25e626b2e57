import { expect, Socket, test, Wire } from '../fixtures/test.ts';
import { writeExport } from '../fixtures/fhir.ts';
import { SignInPage } from '../pages/sign-in.ts';

const ADA = 'LOVELACE, Ada';
const GRACE = 'HOPPER, Grace';

test('when the server dies, every list says so and refuses changes until it is true again', async ({
    open, lab, server, template,
}) => {
    const ada = await lab.admit({ ward: 'Elm Ward', bed: 'A1' });
    const grace = await lab.admit({ first_name: 'Grace', last_name: 'Hopper', ward: 'Elm Ward', bed: 'A2' });
    const list = await open('sister');
    await list.remember();

    await server.kill();
    await list.isNotLive();
    await expect(list.banner).toContainText(/Not live since \d\d:\d\d:\d\d\./);
    await expect(list.table).toHaveClass(/muted/);
    await expect(list.admitButton).toBeDisabled();
    // Reading goes on; what cannot be kept until later is refused beforehand.
    const dialog = await list.openPatient(ADA);
    for (const action of ['Edit', 'Transfer', 'Discharge']) await expect(dialog.button(action)).toBeEnabled();
    await expect(dialog.button('Delete')).toBeDisabled();
    await dialog.press('Back to the list');
    // Or everything, if the user prefers.
    await list.keeps.uncheck();
    await list.openPatient(ADA);
    for (const action of ['Edit', 'Transfer', 'Discharge', 'Delete']) {
        await expect(dialog.button(action)).toBeDisabled();
    }
    await dialog.press('Back to the list');
    await expect(list.banner).toContainText('nothing can be changed');

    // The world does not stand still meanwhile: an import while the server is down, and a socket once it is back.
    const folder = await server.makeFolder('export');
    await writeExport(folder, [{ id: 'x', first: 'Zofia', last: 'Kowalczyk', mrn: '4711' }]);
    await server.import(folder);
    await server.start();
    const back = await Socket.open(server.socketUrl(), template.token);
    await back.change(ada, { bed: 'C9' });
    await back.delete(grace);

    await list.isLive();
    await expect(list.banner).toHaveCount(0);
    await expect(list.table).not.toHaveClass(/muted/);
    await expect(list.admitButton).toBeEnabled();
    await expect(list.row(ADA).cell('Place')).toContainText('C9');
    await list.row(ADA).isChanged('lab', 'Place');
    await list.row(GRACE).isDeleted('lab');
    await list.letGo();
    await expect(list.row('KOWALCZYK, Zofia').mark).toContainText('New on this list');
    await list.isSamePage();

    // And the list is live indeed.
    await back.change(ada, { bed: 'C10' });
    await expect(list.row(ADA).cell('Place')).toContainText('C10');
    back.close();
});

test('a planned restart is over without anybody’s doing', async ({ open, lab, server }) => {
    await lab.admit();
    const list = await open('sister');
    await list.remember();
    await server.stop();
    await list.isNotLive();
    await server.start();
    await list.isLive();
    await list.edit(ADA, { Reason: 'Chest pain' });
    await expect(list.row(ADA).cell('Admitted')).toContainText('Chest pain');
    await list.isSamePage();
});

test('what was missed while the network was down is made up for, all of it', async ({ open, lab, line, server }) => {
    await server.addDemoPatients(30);
    const list = await open('sister', { at: line.url });
    await list.remember();
    const patients = await lab.list();
    line.cut();
    await list.isNotLive();
    for (const patient of patients) await lab.change(patient, { attending: 'Dr Z. Meanwhile' });
    await lab.delete(patients[0]);
    await lab.admit();
    line.mend();
    await list.isLive();
    await expect(list.page.locator('tbody [data-label="Attending"]', { hasText: 'Dr Z. Meanwhile' })).toHaveCount(30);
    await list.row(ADA).isNew('lab');
    await expect(list.updates).toHaveText(/^31 updates/);
    await list.isSamePage();
});

for (const [title, setBack] of [['', 0], [', also by a device whose clock is being set back', 600_000]] as const) {
    test(`a connection that has fallen silent is noticed though nobody closed it${title}`, async ({ open, lab, line }) => {
        await lab.admit();
        const list = await open('sister', { at: line.url });
        // Two and a half heartbeats in no time: only the page's clock is turned on.
        await list.page.clock.install();
        await list.page.reload();
        await list.isLive();
        await list.page.evaluate(by => {
            const now = Date.now;
            Date.now = () => now() - by;
        }, setBack);
        line.silence();
        await list.page.clock.fastForward(40_000);
        await list.isNotLive();
        await expect(list.admitButton).toBeDisabled();
        line.mend();
        await list.page.clock.fastForward(15_000);
        await list.isLive();
    });
}

test('a change whose answer got lost is made once, and its author hears of it', async ({ open, lab, line }) => {
    const list = await open('sister', { at: line.url });
    line.deafen();
    await list.admit({ 'Last name': 'Lovelace', 'First name': 'Ada' });
    // It has arrived and is committed; the browser does not know.
    await expect.poll(async () => (await lab.list()).length).toBe(1);
    await expect(list.dialog.button('Admit')).toBeDisabled();
    line.mend();
    await list.isLive();
    await expect(list.toast).toContainText('Admitted: LOVELACE, Ada');
    await list.row(ADA).isUnmarked();
    expect(await lab.list()).toHaveLength(1);
});

test('what has been typed survives an outage and can be saved after it', async ({ open, lab, line }) => {
    await lab.admit();
    const list = await open('sister', { at: line.url });
    const dialog = await list.startEdit(ADA);
    await dialog.fill({ Reason: 'Long and carefully worded' });
    line.cut();
    await expect(dialog.button('Keep until live')).toBeEnabled();
    await expect(dialog.root.getByText('This is kept on this device, and sent when the list is live again')).toBeVisible();
    line.mend();
    await expect(dialog.button('Save')).toBeEnabled({ timeout: 30_000 });
    await dialog.press('Save');
    await expect(list.row(ADA).cell('Admitted')).toContainText('Long and carefully worded');
});

test('a device that goes offline says so at once, and is live again when it is back', async ({ open, lab }) => {
    const ada = await lab.admit();
    const list = await open('sister');
    await list.remember();
    const said = await list.listenTo(list.badge);
    await list.page.context().setOffline(true);
    // Looked up afterwards: some versions of Chromium let sockets through that are opened while "offline".
    await expect.poll(said).toContain('✕ Not live');
    await lab.change(ada, { bed: 'C9' });
    await list.page.context().setOffline(false);
    await list.isLive();
    await expect(list.row(ADA).cell('Place')).toContainText('C9');
    await list.isSamePage();
});

test('signing out in one tab ends the others', async ({ open }) => {
    const list = await open('sister');
    const other = await list.page.context().newPage();
    await other.goto('/');
    await expect(other.getByText('● Live')).toBeVisible();
    await list.signOut();
    await new SignInPage(other).isShown();
});

test('a login that ended during an outage leads to the sign-in', async ({ open, line, newContext }) => {
    const list = await open('sister', { at: line.url });
    const storageState = await list.page.context().storageState();
    line.cut();
    await list.isNotLive();
    // The same session, signed out from where the network works.
    const elsewhere = await newContext({ storageState });
    await elsewhere.request.post('/sign-out');
    line.mend();
    await expect(new SignInPage(list.page).button).toBeVisible({ timeout: 30_000 });
});

for (const [title, since] of [['', 0], [', and written to since', 3]] as const) {
    test(`a database that was put back from a backup is what the list shows then${title}`, async ({
        open, lab, server, template,
    }) => {
        const ada = await lab.admit({ bed: 'A1' });
        const list = await open('sister');
        await server.kill();
        const restore = await server.backup();
        await server.start();
        await list.isLive();
        const writer = await Socket.open(server.socketUrl(), template.token);
        await writer.change(ada, { bed: 'C9' });
        await expect(list.row(ADA).cell('Place')).toContainText('C9');
        await server.kill();
        writer.close();
        await restore();
        // As many changes as the page has seen beyond the backup, and more: its position exists in the new history too.
        if (since) await server.addDemoPatients(since);
        await server.start();
        await list.isLive();
        await expect(list.row(ADA).cell('Place')).toContainText('A1');
        await expect(list.names).toHaveCount(1 + since);
    });
}

test('what was marked as seen in one history says nothing of another one', async ({ open, lab }) => {
    const wire = new Wire();
    const ada = await lab.admit();
    const list = await open('sister', { wire });
    await lab.change(ada, { acuity: 2 });
    await list.row(ADA).isChanged('lab', 'Alerts');
    wire.cut();
    await list.isNotLive();
    await list.clearAll();
    await list.row(ADA).isUnmarked();
    // As after a failover: the same positions, and nobody knows whether they are of the same changes.
    wire.falsify = frame => JSON.parse(JSON.stringify(frame, (key, value) => (key === 'epoch' ? 'another' : value)));
    wire.mend();
    await list.isLive();
    // So the server is asked what this user has seen, and is told nothing.
    await list.row(ADA).isChanged('lab', 'Alerts');
    expect(wire.asked('remember').map(({ data }) => data.key)).not.toContain('seen');
});
