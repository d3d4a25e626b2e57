import { expectAccessible, expectAccessibleInBoth } from '../fixtures/axe.ts';
import { expect, PASSWORD, test, Wire, type Socket } from '../fixtures/test.ts';
import { SignInPage } from '../pages/sign-in.ts';
import { WallPage } from '../pages/ward.ts';

const ELM = { ward: 'Elm Ward' };

async function fillWard(lab: Socket) {
    const ada = await lab.admit({
        title: 'Ms', ...ELM, room: 'Bay 1', bed: 'A1', birth_date: '1985-12-10', nhs_number: '9434765919', acuity: 1,
        reason: 'Fever', attending: 'Dr A. Osei', allergy_status: 'known', code_status: 'limited',
        flags: [{ code: 'falls', text: '' }, { code: 'safeguarding', text: '' }],
    });
    await lab.admit({ first_name: 'Grace', last_name: 'Hopper', ...ELM, room: 'Bay 1', bed: 'A2', status: 'on_leave' });
    const gone = await lab.admit({ first_name: 'Maria', last_name: 'Agnesi', ...ELM, room: 'Bay 1', bed: 'A3' });
    await lab.change(gone, { status: 'discharged' });
    return ada;
}

test('a small dialog makes the link of a wall, and the link opens it', async ({ open, lab }) => {
    await fillWard(lab);
    const list = await open('porter');
    await list.ward.selectOption('Elm Ward');
    await list.more('Wall display…');
    const link = list.dialog.root.getByRole('link');
    await expect(link).toHaveText('/wall?ward=Elm%20Ward&names=short');
    await expectAccessible(list.page, 'the dialog of the wall');
    await list.dialog.root.getByLabel('Initials').check();
    await list.dialog.field('Ward').selectOption('');
    await expect(link).toHaveText('/wall?names=initials');
    await list.dialog.field('Ward').selectOption('Elm Ward');
    const opened = list.page.waitForEvent('popup');
    await link.click();
    const wall = new WallPage(await opened);
    await wall.isLive();
    await expect(wall.page).toHaveURL(/\/wall\?ward=Elm%20Ward&names=initials$/);
    await expect(wall.names).toHaveText(['L. A.', 'H. G.', 'A. M.']);
});

test('a wall shows names as short as it is told, and nothing that is not for all eyes', async ({ open, lab }) => {
    await fillWard(lab);
    const { page } = await open('porter');
    const wall = await WallPage.at(page, '?ward=Elm%20Ward');
    await expect(wall.page.getByRole('heading', { level: 1 })).toHaveText('Elm Ward');
    await expect(wall.page.getByRole('heading', { level: 2 })).toContainText('2 of 3 beds, 1 on leave');
    await expect(wall.names).toHaveText(['LOVELACE, A', 'HOPPER, G', 'AGNESI, M']);
    await expect(wall.sheet).toContainText('A3UNOCCUPIED');
    const ada = wall.patient('LOVELACE, A');
    for (const part of ['Acuity 1', '⚠ Allergies', '⚑ Falls risk', '⚑ +1']) await expect(ada).toContainText(part);
    await expect(wall.patient('HOPPER, G')).toContainText('On leave');
    for (const secret of ['Ada', '1985', '943', 'Fever', 'Osei', 'resus', 'Safeguarding']) {
        await expect(wall.sheet).not.toContainText(secret);
    }
    await wall.page.goto('/wall?ward=Elm%20Ward&names=full');
    await expect(wall.names.first()).toHaveText('LOVELACE, Ada (Ms)');
    for (const part of ['Born 10-Dec-1985', '943 476 5919', '⚠ Limited resus', '⚑ Safeguarding']) {
        await expect(wall.patient('LOVELACE, Ada (Ms)')).toContainText(part);
    }
});

test('names that are alike, or look alike when they are short, are pointed out', async ({ open, lab }) => {
    await lab.admit({ first_name: 'Jon', last_name: 'Smith', ...ELM, bed: 'A1' });
    await lab.admit({ first_name: 'John', last_name: 'Smyth', ...ELM, bed: 'A2' });
    await lab.admit({ first_name: 'Ann', last_name: 'Lee', ...ELM, bed: 'A3' });
    await lab.admit({ ...ELM, bed: 'A4' });
    const { page } = await open('porter');
    const wall = await WallPage.at(page);
    await expect(wall.page.locator('.alike')).toHaveCount(2);
    await expect(wall.patient('SMYTH, J')).toContainText('⚠ Similar name');
    await wall.page.goto('/wall?names=initials');
    await expect(wall.names).toHaveText(['S. J.', 'S. J.', 'L. A.', 'L. A.']);
    await expect(wall.page.locator('.alike')).toHaveCount(4);
});

test('a wall follows what happens, and points it out to nobody in particular', async ({ open, lab }) => {
    const ada = await fillWard(lab);
    const { page } = await open('sister');
    const sent: string[] = [];
    page.on('websocket', socket => socket.on('framesent', frame => sent.push(String(frame.payload))));
    const wall = await WallPage.at(page, '?ward=Elm%20Ward');
    await lab.change(ada, { acuity: 4, bed: 'A4' });
    await expect(wall.page.locator('.tile', { hasText: 'A4' })).toContainText('LOVELACE, A');
    await expect(wall.patient('LOVELACE, A')).toContainText('Acuity 4');
    await lab.admit({ first_name: 'Emmy', last_name: 'Noether', ...ELM, room: 'Bay 1', bed: 'A5' });
    await expect(wall.patient('NOETHER, E')).toContainText(/● New \d\d:\d\d/);
    await lab.delete(ada);
    await expect(wall.patient('LOVELACE, A')).toHaveCount(0);
    // Nothing of what it sends is about the user who signed in there.
    expect(sent.map(frame => JSON.parse(frame).action)).toEqual(['sync']);
    await expect(wall.page.locator('.seen, .mark button')).toHaveCount(0);
});

test('five minutes later a change is no news any more', async ({ open, lab, server }) => {
    const { page } = await open('porter');
    await page.clock.install();
    await fillWard(lab);
    const wall = await WallPage.at(page);
    await expect(wall.patient('LOVELACE, A')).toContainText('● New');
    // Nobody is to say what time it really is.
    await server.kill();
    await expect(wall.notLive).toBeVisible();
    await page.clock.runFor('05:01');
    await expect(wall.patient('LOVELACE, A')).not.toContainText('● New');
});

test('nothing on a wall can be pressed or typed into, and no cursor is seen', async ({ open, lab }) => {
    await fillWard(lab);
    const { page } = await open('sister');
    const wall = await WallPage.at(page);
    await expect(wall.page.locator('button, input, select, textarea, a, dialog, details, [tabindex], [contenteditable]')).toHaveCount(0);
    const cursors = await wall.page.locator('body, body *').evaluateAll(all =>
        [...new Set(all.map(element => getComputedStyle(element).cursor))]);
    expect(cursors).toEqual(['none']);
    for (const key of ['a', '?', 'p', 'Enter', 'j']) await wall.page.keyboard.press(key);
    await wall.patient('LOVELACE, A').click();
    await expect(wall.page.locator('dialog')).toHaveCount(0);
    await expect(wall.page).toHaveURL(/\/wall$/);
});

test('an edit that waits on this device is not sent from a wall', async ({ open, lab }) => {
    const ada = await fillWard(lab);
    const wire = new Wire();
    const list = await open('sister', { wire });
    wire.cut();
    await list.isNotLive();
    await list.keepEdit('LOVELACE, Ada (Ms)', { Reason: 'Mine' });
    // Leaving is asked about.
    list.page.once('dialog', dialog => dialog.accept());
    await list.page.goto('/wall');
    wire.mend();
    const wall = new WallPage(list.page);
    await wall.isLive();
    await lab.change(ada, { acuity: 5 });
    await expect(wall.patient('LOVELACE, A')).toContainText('Acuity 5');
    expect((await lab.read(ada)).reason).toBe('Fever');
    // It was there all the time: the list sends it, and is told that the record has moved on.
    await list.page.goto('/');
    await list.row('LOVELACE, Ada (Ms)').needsDecision();
});

test('a wall that is not live says so in large words, and goes on by itself', async ({ open, lab, server }) => {
    await fillWard(lab);
    const { page } = await open('porter');
    const wall = await WallPage.at(page);
    await expect(wall.notLive).toHaveCount(0);
    await server.kill();
    await expect(wall.notLive).toContainText(/NOT LIVE since \d\d:\d\d:\d\d\./);
    await expect(wall.badge).toHaveText('✕ Not live');
    const height = await wall.notLive.evaluate(element => parseFloat(getComputedStyle(element).fontSize));
    expect(height, 'pixels').toBeGreaterThan(30);
    await expect(wall.page.locator('.wall-pages')).toHaveClass(/muted/);
    await server.start();
    await wall.isLive();
    await expect(wall.notLive).toHaveCount(0);
});

test('what does not fit is shown page by page, and Space stops that', async ({ open, server }) => {
    await server.addDemoPatients(60);
    const { page } = await open('porter');
    await page.clock.install();
    const wall = await WallPage.at(page);
    // While the page's clock runs ahead no heartbeat comes in time: not live from the start, so that its height stays.
    await server.kill();
    await expect(wall.notLive).toBeVisible();
    // From here on its time goes on only as far as it is told to; a moment of it, and the pages are counted anew.
    await page.clock.pauseAt(Date.now() + 3_000);
    await page.clock.runFor(100);
    await expect(wall.turning).toHaveText(/^Page \d+ of \d+ · Space pauses$/);
    const [first, count] = /^Page (\d+) of (\d+)/.exec((await wall.turning.textContent())!)!.slice(1).map(Number);
    expect(count).toBeGreaterThan(1);
    const later = (pages: number) => ((first - 1 + pages) % count) + 1;
    // Who is to be seen on each of the pages.
    const seen = [...await wall.onThisPage()];
    for (let turned = 1; turned < count; turned++) {
        await page.clock.runFor(15_000);
        await expect(wall.turning).toContainText(`Page ${later(turned)} of ${count}`);
        seen.push(...await wall.onThisPage());
    }
    // Everybody, and nobody twice.
    expect(seen.sort((a, b) => a - b)).toEqual([...Array(await wall.names.count()).keys()]);
    await page.clock.runFor(15_000);
    await expect(wall.turning).toContainText(`Page ${first} of ${count}`);

    await page.keyboard.press(' ');
    await expect(wall.turning).toHaveText(`❚❚ Paused at page ${first} of ${count} · Space goes on`);
    await page.clock.runFor(60_000);
    await expect(wall.turning).toContainText(`Paused at page ${first}`);
    await page.keyboard.press('ArrowRight');
    await expect(wall.turning).toContainText(`Paused at page ${later(1)}`);
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press(' ');
    await page.clock.runFor(15_000);
    await expect(wall.turning).toContainText(`Page ${later(1)} of ${count}`);
});

test('nothing stays at one place of the screen for long, nor moves visibly', async ({ open, server }) => {
    const { page } = await open('porter');
    await page.clock.install();
    const wall = await WallPage.at(page);
    // Nobody is to say what time it really is.
    await server.kill();
    await expect(wall.notLive).toBeVisible();
    const heading = wall.page.getByRole('heading', { level: 1 });
    const places = new Set<string>();
    await page.clock.pauseAt(Date.now() + 3_000);
    for (let minute = 0; minute < 8; minute++) {
        const before = await wall.sheet.getAttribute('class');
        await page.clock.runFor('01:00');
        await expect(wall.sheet).not.toHaveAttribute('class', before!);
        const { x, y } = (await heading.boundingBox())!;
        places.add(`${x} ${y}`);
    }
    expect(places.size).toBe(8);
    const moving = await wall.page.locator('body *').evaluateAll(all => all
        .map(element => getComputedStyle(element))
        .filter(style => style.transitionDuration !== '0s' || style.animationName !== 'none').length);
    expect(moving).toBe(0);
});

test('when the login of a wall ends it shows nobody, says so, and comes back where it was', async ({
    open, lab, visit, server,
}) => {
    await fillWard(lab);
    const list = await open('porter');
    const page = await list.page.context().newPage();
    const wall = await WallPage.at(page, '?ward=Elm%20Ward&names=initials');
    await list.signOut();
    await expect(wall.page.getByRole('alert')).toContainText('Signed out');
    await expect(wall.names).toHaveCount(0);
    await expect(wall.page.getByRole('link', { name: 'Press Enter to sign in' })).toBeFocused();
    await expectAccessibleInBoth(wall.page, 'a wall after its login has ended');
    await wall.page.keyboard.press('Enter');
    await new SignInPage(wall.page).signIn('porter', 'not this');
    await new SignInPage(wall.page).signIn('porter', PASSWORD);
    await expect(wall.page).toHaveURL(/\/wall\?ward=Elm%20Ward&names=initials$/);
    await expect(wall.names.first()).toHaveText('L. A.');
    // Who opens it without having signed in comes there too; nobody is led anywhere else.
    const other = await visit('/wall?ward=Elm%20Ward');
    await new SignInPage(other).signIn('porter', PASSWORD);
    await expect(other).toHaveURL(/\/wall\?ward=Elm%20Ward&names=short$/);
    const answer = await other.request.post('/sign-in', {
        form: { name: 'porter', password: PASSWORD, wall: '//elsewhere.example' }, maxRedirects: 0,
        headers: { Origin: server.url.replace(/\/$/, '') },
    });
    expect([answer.status(), answer.headers().location]).toEqual([303, '/']);
});

test('a wall has all it needs in the first page, and says when it does not update', async ({ open, lab }) => {
    await fillWard(lab);
    const { page } = await open('porter', { javaScriptEnabled: false });
    await page.goto('/wall?ward=Elm%20Ward');
    const wall = new WallPage(page);
    await expect(wall.names).toHaveText(['LOVELACE, A', 'HOPPER, G', 'AGNESI, M']);
    await expect(wall.notLive).toContainText('This display does not update by itself');
});

for (const [colorScheme, locale] of [['light', 'en-GB'], ['dark', 'en-GB'], ['light', 'de-DE'], ['dark', 'de-DE']] as const) {
    test(`a wall is accessible and dark, ${colorScheme}, ${locale}`, async ({ open, lab, line }) => {
        await fillWard(lab);
        const { page } = await open('porter', { at: line.url, locale, colorScheme, viewport: { width: 1920, height: 1080 } });
        const wall = await WallPage.at(page);
        await expectAccessible(page, 'wall');
        expect(await page.locator('body').evaluate(body => getComputedStyle(body).backgroundColor)).toBe('rgb(0, 0, 0)');
        line.cut();
        await expect(wall.notLive).toBeVisible();
        await expectAccessible(page, 'wall, not live');
    });
}
