import type { Browser } from '@playwright/test';
import { expectAccessibleInBoth } from '../fixtures/axe.ts';
import { writeExport } from '../fixtures/fhir.ts';
import type { Server } from '../fixtures/server.ts';
import { expect, PASSWORD, Socket, test, Wire } from '../fixtures/test.ts';
import { ListPage } from '../pages/list.ts';

const ADA = 'LOVELACE, Ada';

for (const [how, end] of [['a planned stop', 'stop'], ['a crash', 'kill']] as const) {
    test(`after ${how} of the server the list goes on from where it was, without a snapshot`, async ({
        open, lab, server, template,
    }) => {
        const ada = await lab.admit({ bed: 'A1' });
        const wire = new Wire();
        const list = await open('sister', { wire });
        await list.remember();
        await lab.change(ada, { bed: 'A2' });
        await expect(list.row(ADA).cell('Place')).toContainText('A2');

        await server[end]();
        await list.isNotLive();
        if (end === 'stop') {
            // The page was told, and when it may come back.
            expect(wire.said('going_away')).toEqual([expect.objectContaining({ retry_after_ms: expect.any(Number) })]);
            // Later ones are of tries while there is no server.
            expect(wire.closes[0]).toBe(1012);
        }
        const folder = await server.makeFolder('export');
        await writeExport(folder, [{ id: 'x', first: 'Zofia', last: 'Kowalczyk', mrn: '4711' }]);
        await server.import(folder);
        await server.start();
        const back = await Socket.open(server.socketUrl(), template.token);
        await back.change(ada, { bed: 'A3' });

        await list.isLive();
        await list.row('KOWALCZYK, Zofia').isNew('import');
        await expect(list.row(ADA).cell('Place')).toContainText('A3');
        await list.isSamePage();
        const modes = wire.answers('sync').map(({ data }) => data.mode);
        expect(modes.length).toBeGreaterThanOrEqual(2);
        expect(new Set(modes)).toEqual(new Set(['resume']));
        expect(wire.said('rows')).toEqual([]);
        back.close();
    });
}

test('a server that answers but no longer follows the log keeps no list live', async ({ open, lab }) => {
    const ada = await lab.admit({ bed: 'A1' });
    const wire = new Wire();
    const list = await open('sister', { wire });
    // As of a node that has lost its database: no heartbeat, no change, and writes are refused.
    const refusal = { errors: ['The database does not answer.'], data: null, action: 'patch', response_status: 503, request_id: 'x' };
    wire.falsify = frame => (frame.type ? refusal : frame);
    await lab.change(ada, { bed: 'A2' });
    await list.isNotLive();
    wire.falsify = frame => frame;
    await list.isLive();
    await expect(list.row(ADA).cell('Place')).toContainText('A2');
});

test('a list that has gone wrong finds out by the next heartbeat, and is right again', async ({ open, lab }) => {
    const ada = await lab.admit({ bed: 'A1' });
    await lab.admit({ first_name: 'Grace', last_name: 'Hopper', bed: 'B1' });
    const wire = new Wire();
    const list = await open('sister', { wire });
    await list.remember();
    const said = await list.listenTo(list.badge);
    // One bit flips on the way to this page: a bed that the database does not know.
    wire.falsify = frame => (frame.type === 'change' ? { ...frame, data: { ...frame.data, bed: 'WRONG' } } : frame);
    await lab.change(ada, { bed: 'A2' });
    await expect(list.row(ADA).cell('Place')).toContainText('WRONG');
    wire.falsify = frame => frame;

    await expect(list.row(ADA).cell('Place')).toContainText('A2');
    await list.isLive();
    const { since, diverged } = wire.asked('sync').at(-1);
    expect(since).toBeFalsy();
    expect(diverged.ours).not.toBe(diverged.theirs);
    expect(wire.answers('sync').at(-1).data).toMatchObject({ mode: 'snapshot', reason: 'diverged' });
    // For that moment it did not claim to be right.
    expect(await said()).toContain('○ Connecting');
    await expect(list.names).toHaveText([ADA, 'HOPPER, Grace']);
    await list.isSamePage();
    // The next heartbeats find nothing.
    const syncs = wire.asked('sync').length;
    const beats = wire.said('heartbeat').length;
    await expect.poll(() => wire.said('heartbeat').length).toBeGreaterThan(beats + 1);
    expect(wire.asked('sync')).toHaveLength(syncs);
});

test('a server that greets has said nothing of the rows: they are as old as they were', async ({ open, lab }) => {
    await lab.admit();
    const wire = new Wire();
    const list = await open('sister', { wire });
    wire.cut();
    await list.isNotLive();
    const [since] = /Not live since \d\d:\d\d:\d\d\./.exec(await list.banner.innerText())!;
    const said = await list.listenTo(list.badge);
    wire.falsify = frame => (frame.type === 'hello' ? frame : { type: 'not known to this page' });
    wire.mend();
    // It waits for more, and hears nothing; then it tries again.
    const hellos = wire.said('hello').length;
    await expect.poll(() => wire.said('hello').length, { timeout: 60_000 }).toBe(hellos + 2);
    await expect(list.banner).toContainText(since);
    expect(await said()).toEqual([]);
    wire.falsify = frame => frame;
    await list.isLive();
});

test('a page that cannot get in step says so in words, and what to do', async ({ open, lab }) => {
    test.slow();
    const ada = await lab.admit({ bed: 'A1' });
    const wire = new Wire();
    const list = await open('sister', { wire });
    // Whatever it asks for, it is told something else than the heartbeats mean.
    const spoil = (row: any) => ({ ...row, bed: 'WRONG' });
    wire.falsify = frame => {
        if (frame.type === 'change') return { ...frame, data: spoil(frame.data) };
        if (frame.data?.rows) return { ...frame, data: { ...frame.data, rows: frame.data.rows.map(spoil) } };
        return frame;
    };
    await lab.change(ada, { bed: 'A2' });
    await expect(list.banner).toContainText('cannot confirm that its rows are right', { timeout: 60_000 });
    await expect(list.banner).toContainText('reload the page');
    await expect(list.badge).toHaveText('✕ Not live');
    await expect(list.table).toHaveClass(/muted/);
    await expect(list.admitButton).toBeDisabled();
    wire.falsify = frame => frame;
    await list.banner.getByRole('button', { name: 'Reload the page' }).click();
    await list.isLive();
    await expect(list.row(ADA).cell('Place')).toContainText('A2');
});

test('a laptop that wakes up knows within a moment what it has slept through', async ({ open, lab }) => {
    const ada = await lab.admit({ bed: 'A1' });
    const wire = new Wire();
    const list = await open('sister', { wire });
    await list.page.clock.install();
    await list.page.reload();
    await list.isLive();
    await list.remember();
    // Its connection has died while it slept, and nobody has told it.
    wire.silence();
    await lab.change(ada, { bed: 'C9' });
    // From here on the page's time goes on only as far as it is told to: far less than the watchdog's patience.
    await list.page.clock.pauseAt(Date.now() + 2_000);
    await list.page.evaluate(() => window.dispatchEvent(new Event('online')));
    await list.page.clock.runFor(1_100);
    await expect(list.row(ADA).cell('Place')).toContainText('C9');
    await list.isLive();
    await list.isSamePage();
});

test('a look at a page whose connection is well costs one question and nothing else', async ({ open, lab }) => {
    await lab.admit();
    const wire = new Wire();
    const list = await open('sister', { wire });
    const before = wire.asked('sync').length;
    await list.page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await expect.poll(() => wire.answers('sync').length).toBe(before + 1);
    await list.isLive();
    expect(wire.answers('sync').at(-1).data.mode).toBe('resume');
    expect(wire.closes).toEqual([]);
});

/** A page of its own: errors in it are what these tests are about. */
async function openPage(browser: Browser, server: Server): Promise<ListPage> {
    const context = await browser.newContext({ baseURL: server.url });
    await context.request.post('/sign-in', { form: { name: 'sister', password: PASSWORD } });
    return new ListPage(await context.newPage());
}

test('a page whose program cannot be had says so, and one whose program fails', async ({ browser, server, lab }) => {
    await lab.admit({ ward: 'Elm Ward' });
    const list = await openPage(browser, server);
    const { page } = list;
    const says = async () => {
        await expect(list.banner).toBeVisible();
        await expect(list.banner).toContainText('Not live: this page stands still.');
        await expect(list.badge).toBeHidden();
        await expect(list.row(ADA).root).toBeVisible();
    };
    await page.route('**/*.wasm', route => route.abort());
    await page.goto('/');
    await says();
    await expectAccessibleInBoth(page, 'a page that stands still');
    await page.unroute('**/*.wasm');
    await list.banner.getByRole('link', { name: 'Reload the page' }).click();
    await list.isLive();
    await expect(list.banner).toBeHidden();

    // As the browser tells it when WebAssembly comes upon what it cannot go on from.
    await page.evaluate(() => queueMicrotask(() => { throw new WebAssembly.RuntimeError('unreachable'); }));
    await says();
    // Also in front of a dialog, which covers the list.
    await page.reload();
    await list.isLive();
    await list.openPatient(ADA);
    await page.evaluate(() => queueMicrotask(() => { throw new WebAssembly.RuntimeError('unreachable'); }));
    await expect(list.dialog.root.getByText('Not live: this page stands still.')).toBeVisible();
    await expectAccessibleInBoth(page, 'a record that stands still');
    await page.context().close();
});

test('a page whose program does not come says so, until it comes', async ({ browser, server, lab }) => {
    await lab.admit();
    const list = await openPage(browser, server);
    const { page } = list;
    let arrive = () => {};
    const asked = new Promise<void>(resolve => void page.route('**/*.wasm', async route => {
        resolve();
        await new Promise<void>(done => (arrive = done));
        await route.continue();
    }));
    await page.clock.install();
    await page.goto('/', { waitUntil: 'commit' });
    await asked;
    await expect(list.banner).toBeHidden();
    await page.clock.fastForward(31_000);
    await expect(list.banner).toBeVisible();
    arrive();
    await list.isLive();
    await expect(list.banner).toBeHidden();
    await page.context().close();
});

test('a display on a wall whose program fails loads itself again', async ({ browser, server, lab }) => {
    await lab.admit({ ward: 'Elm Ward' });
    const { page } = await openPage(browser, server);
    await page.clock.install();
    await page.goto('/wall?ward=Elm+Ward');
    await expect(page.locator('#link')).toHaveText('● Live');
    await page.evaluate(() => queueMicrotask(() => { throw new WebAssembly.RuntimeError('unreachable'); }));
    await expect(page.getByText('Not live: this page stands still.')).toBeVisible();
    // Not while there is nothing to load.
    await server.kill();
    const failed = page.waitForEvent('requestfailed', request => request.url().includes('/wall'));
    await page.clock.fastForward(31_000);
    await failed;
    // The page hears of it no later than of one that fails after it: by then it waits again.
    await page.evaluate(() => fetch(location.href).catch(() => {}));
    await expect(page.getByText('Not live: this page stands still.')).toBeVisible();
    await server.start();
    const again = page.waitForEvent('load');
    await page.clock.fastForward(31_000);
    await again;
    await expect(page.locator('#link')).toHaveText('● Live');
    await page.context().close();
});

test('a form says that the list is not live, however far one has scrolled in it', async ({ open, lab, server }) => {
    await lab.admit();
    const list = await open('sister', { viewport: { width: 820, height: 600 } });
    const dialog = await list.startEdit(ADA);
    await dialog.button('Save').scrollIntoViewIfNeeded();
    await expect(dialog.title).not.toBeInViewport();
    await server.kill();
    await expect(dialog.root.getByText(/^⚠ Not live since/)).toBeInViewport();
    // Nothing that gets the focus lies under it.
    const field = dialog.field('Ward');
    await field.focus();
    const covered = await field.evaluate(field => {
        const { top, left } = field.getBoundingClientRect();
        return !field.contains(document.elementFromPoint(left + 5, top + 5));
    });
    expect(covered).toBe(false);
});
