import { expect, PASSWORD, test } from '../fixtures/test.ts';
import { ListPage } from '../pages/list.ts';
import { SignInPage } from '../pages/sign-in.ts';

test('the patients are in the first answer of the server, before any script', async ({ newContext, lab }) => {
    await lab.admit({ ward: 'Elm Ward', bed: 'A1' });
    await lab.admit({ first_name: 'Seán', last_name: 'O’Rourke', status: 'expected' });
    await lab.admit({ first_name: 'Gone', last_name: 'Home', dismissal_date: '2026-01-06T10:00:00Z' });
    const { request } = await newContext();
    await request.post('/sign-in', { form: { name: 'sister', password: PASSWORD } });
    const html = await (await request.get('/')).text();
    // Only the body: the data for the browser's half comes in a script beside it.
    const seen = html.replace(/<script[\s\S]*?<\/script>/g, '').replace(/<[^>]*>/g, '');
    expect(seen).toContain('LOVELACE, Ada');
    expect(seen).toContain('O’ROURKE, Seán');
    expect(seen).toContain('2 of 3 patients');
    expect(seen, 'the default filter holds here already').not.toContain('HOME, Gone');
});

test('nothing moves while the page comes to life', async ({ server, newContext }) => {
    await server.addDemoPatients(60);
    const context = await newContext();
    await context.request.post('/sign-in', { form: { name: 'sister', password: PASSWORD } });
    const page = await context.newPage();
    await page.addInitScript(() => {
        const shifts: number[] = [];
        Object.assign(window, { shifts });
        new PerformanceObserver(list => {
            for (const entry of list.getEntries()) shifts.push((entry as PerformanceEntry & { value: number }).value);
        }).observe({ type: 'layout-shift', buffered: true });
    });
    await page.goto('/');
    const list = new ListPage(page);
    await list.isLive();
    await expect(list.names).toHaveCount(60);
    // Two frames later what belongs to the last change has been painted.
    await page.evaluate(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))));
    const shifts = await page.evaluate(() => (window as unknown as { shifts: number[] }).shifts);
    expect(shifts.reduce((sum, shift) => sum + shift, 0)).toBeLessThan(0.01);
});

test('the browser takes over the server’s rows instead of drawing them anew', async ({ newContext, lab }) => {
    await lab.admit();
    const context = await newContext();
    await context.request.post('/sign-in', { form: { name: 'sister', password: PASSWORD } });
    const page = await context.newPage();
    // The row as the parser makes it is remembered as soon as it is there.
    await page.addInitScript(() => {
        const observer = new MutationObserver(() => {
            const row = document.querySelector('tbody tr');
            if (!row) return;
            observer.disconnect();
            Object.assign(window, { firstRow: row });
        });
        observer.observe(document, { childList: true, subtree: true });
    });
    await page.goto('/');
    await new ListPage(page).isLive();
    const isSame = await page.evaluate(
        () => document.querySelector('tbody tr') === (window as unknown as { firstRow: Element }).firstRow,
    );
    expect(isSame).toBe(true);
});

test('the WebAssembly comes compressed and is small enough for a slow link', async ({ newContext }) => {
    const { request } = await newContext();
    const response = await request.get('/pkg/wardwatch.wasm', { headers: { 'Accept-Encoding': 'br' } });
    expect(response.status()).toBe(200);
    expect(response.headers()['content-encoding']).toBe('br');
    expect(response.headers()['content-type']).toBe('application/wasm');
    expect(Number(response.headers()['content-length'])).toBeLessThanOrEqual(410_000);
});

test('without scripts one signs in and reads the list, which says that it stands still', async ({ visit, lab }) => {
    await lab.admit({ ward: 'Elm Ward', bed: 'A1' });
    const page = await visit('/', { javaScriptEnabled: false });
    await new SignInPage(page).signIn('sister', PASSWORD);
    const list = new ListPage(page);
    await expect(list.row('LOVELACE, Ada').cell('Place')).toContainText('Elm Ward');
    // The rows are in the document before the style sheet is: until then nothing is hidden.
    await page.waitForLoadState();
    // By its class: texts inside <noscript> are not searched.
    await expect(list.banner).toBeVisible();
    await expect(list.banner).toContainText('This list does not update by itself');
    // Nothing is offered that would not work.
    await expect(list.admitButton).toBeHidden();
    await expect(list.search).toBeHidden();
    await expect(list.badge).toBeHidden();
    await expect(list.markAllSeen).toBeHidden();
    await list.signOut();
    await new SignInPage(page).isShown();
});

test('times are the hospital’s, whatever the device is set to', async ({ open, lab }) => {
    await lab.admit({ admission_date: '2026-07-01T23:30:00Z' });
    for (const timezoneId of ['America/New_York', 'Asia/Tokyo']) {
        const list = await open('sister', { timezoneId, locale: 'ja-JP' });
        await expect(list.row('LOVELACE, Ada').cell('Admitted')).toContainText('02-Jul-2026 00:30');
    }
});

test('the hospital’s time is the server’s, even on a device whose clock is wrong', async ({ open, lab }) => {
    await lab.admit();
    const list = await open('sister');
    await list.page.clock.install({ time: new Date('2031-01-01T12:00:00Z') });
    await list.page.reload();
    await list.isLive();
    // The header's clock has gone on by itself.
    await list.page.clock.runFor(3_000);
    await expect(list.page.locator('.clock')).not.toContainText('2031');
    // Also what is written down as the time of an admission.
    await list.admitButton.click();
    await expect(list.dialog.field('Admission')).not.toHaveValue(/2031/);
});

test('what somebody sets before the page has come to life is not lost', async ({ newContext, lab }) => {
    await lab.admit();
    await lab.admit({ first_name: 'Grace', last_name: 'Hopper' });
    await lab.admit({ first_name: 'Home', last_name: 'Hopper', dismissal_date: '2026-01-06T10:00:00Z' });
    const context = await newContext();
    await context.request.post('/sign-in', { form: { name: 'sister', password: PASSWORD } });
    const page = await context.newPage();
    const list = new ListPage(page);
    // A slow link: the WebAssembly comes when the search has been typed already.
    let arrive = () => {};
    const typed = new Promise<void>(done => (arrive = done));
    await page.route('**/*.wasm', async route => {
        await typed;
        await route.continue();
    });
    await page.goto('/', { waitUntil: 'commit' });
    await list.search.fill('hopper');
    await list.status.selectOption('All');
    arrive();
    await list.isLive();
    await expect(list.search).toHaveValue('hopper');
    await expect(list.status).toHaveValue('all');
    await expect(list.names).toHaveCount(2);
});
