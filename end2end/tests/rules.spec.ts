import { expect, test, type Locator, type Socket } from '../fixtures/test.ts';
import { ListPage } from '../pages/list.ts';
import { WardView } from '../pages/ward.ts';

// The numbered rules of "How a live list must behave". What one of them says in full is often shown in more than one file;
// here is one test for each, by its number.

const ADA = 'LOVELACE, Ada (Ms)';
const GRACE = 'HOPPER, Grace';
const MARY = 'SOMERVILLE, Mary';

async function admitAda(lab: Socket) {
    return lab.admit({
        title: 'Ms', birth_date: '1985-12-10', nhs_number: '9434765919', medical_record_number: 'A-17',
        ward: 'Elm Ward', room: 'Bay 1', bed: 'A1',
    });
}

const admitGrace = (lab: Socket) => lab.admit({ first_name: 'Grace', last_name: 'Hopper', ward: 'Elm Ward', bed: 'A3' });

test('rule 1: one cell says who it is, dates are DD-Mmm-YYYY, and what is not known says so', async ({ open, lab }) => {
    await admitAda(lab);
    await admitGrace(lab);
    await lab.admit({ first_name: 'Mary', last_name: 'Somerville', medical_record_number: 'M-1', birth_date: '1980-12' });
    // Words follow the language that a browser asks for; the order and form of dates never do.
    const german = { born: 'Geb\\.', number: 'NHS-Nr\\.', unknown: 'Unbekannt' };
    const english = { born: 'Born', number: 'NHS No', unknown: 'Unknown' };
    for (const locale of ['en-GB', 'de-DE', 'en-US']) {
        const { born, number, unknown } = locale === 'de-DE' ? german : english;
        const list = await open('sister', { locale, timezoneId: 'America/New_York' });
        const identity = (name: string) => list.row(name).root.locator('.identity');
        await expect(identity(ADA)).toHaveText(new RegExp(`^LOVELACE, Ada \\(Ms\\).*${born} 10-Dec-1985 \\(\\d+ ?(y|J\\.)\\).*${number} 943 476 5919$`, 's'));
        await expect(identity(GRACE)).toHaveText(new RegExp(`^HOPPER, Grace.*${born} ${unknown}.*${number} ${unknown}, MRN ${unknown}$`, 'si'));
        await expect(identity(MARY)).toHaveText(new RegExp(`^SOMERVILLE, Mary.*${born} Dec-1980 \\(\\S+ \\d+ ?(y|J\\.)\\).*MRN M-1$`, 's'));
        await expect(list.row(ADA).root.locator('[data-label=Admitted], [data-label=Aufnahme]')).toHaveText(/^05-Jan-2026 \d\d:30\s*$/);
        await expect(list.row(ADA).root.locator('[data-label=Attending], [data-label=Zuständig]')).toHaveText(unknown);
        await expect(list.page.locator('.clock')).toHaveText(/^\d\d-[A-Z][a-z]{2}-\d{4} \d\d:\d\d$/);
    }
});

test('rule 2: two identifiers in every dialog about a patient, and beside what saves', async ({ open, lab }) => {
    await admitAda(lab);
    const { dialog, ...list } = await open('sister').then(page => Object.assign(page, { dialog: page.dialog }));
    const page = list.page;
    const both = [/LOVELACE, Ada/, /943 476 5919/];
    const actions: [string, string][] = [
        ['Edit', 'Save'], ['Transfer', 'Transfer'], ['Discharge', 'Discharge'], ['Send on leave', 'Send on leave'],
    ];
    for (const [action, send] of actions) {
        await page.locator('.name').click();
        for (const part of both) await expect(dialog.identifiers).toContainText(part);
        await dialog.press(action);
        for (const part of both) await expect(dialog.identifiers).toContainText(part);
        // Not scrolled away from the button: both are on the screen at once.
        await dialog.button(send).scrollIntoViewIfNeeded();
        await expect(dialog.identifiers).toBeInViewport();
        await page.keyboard.press('Escape');
        await dialog.isClosed();
    }
    await page.locator('.name').click();
    await dialog.press('Delete');
    for (const part of both) await expect(dialog.root.locator('.danger')).toContainText(part);
    await page.keyboard.press('Escape');
    // Somebody who is not there yet is named by what has been typed so far.
    await page.getByRole('button', { name: 'Admit a patient' }).click();
    await dialog.fill({ 'Last name': 'Hopper', 'First name': 'Grace', 'Date of birth': '9-Dec-1906' });
    await expect(dialog.identifiers).toHaveText('HOPPER, Grace · Born 09-Dec-1906');
    await dialog.fill({ 'NHS number': '9434765919' });
    await expect(dialog.identifiers).toHaveText('HOPPER, Grace · NHS No 943 476 5919');
});

test('rule 3: names that are alike are pointed out, and what tells them apart is underlined', async ({ open, lab }) => {
    await lab.admit({ first_name: 'Hope', last_name: 'Franklin', bed: 'A1' });
    await lab.admit({ first_name: 'Franklin', last_name: 'Hope', bed: 'A2' });
    await lab.admit({ first_name: 'Jon', last_name: 'Smith', birth_date: '1980-01-02', bed: 'A3' });
    const john = await lab.admit({ first_name: 'John', last_name: 'Smith', birth_date: '1980-01-02', bed: 'A4' });
    await lab.admit({ bed: 'A5' });
    const list = await open('sister');
    const told = async (name: string, part: string) => {
        await expect(list.row(name).root.locator('.alike')).toHaveText('⚠ Similar name on this list');
        await expect(list.row(name).root.locator('.differs')).toHaveText([part]);
    };
    await told('FRANKLIN, Hope', 'FRANKLIN');
    await told('HOPE, Franklin', 'HOPE');
    await told('SMITH, Jon', 'Jon');
    await told('SMITH, John', 'John');
    await expect(list.row('LOVELACE, Ada').root.locator('.alike')).toHaveCount(0);
    // The same name: then it is the birth date.
    await lab.change(john, { first_name: 'Jon', birth_date: '1981-01-02' });
    await expect(list.page.locator('.differs', { hasText: '1981' })).toBeVisible();
    await expect(list.page.locator('.differs', { hasText: '1980' })).toBeVisible();
    // Who is filtered out is not in view.
    await list.search.fill('hope franklin');
    await list.search.fill('1');
    await list.search.fill('smith');
    await expect(list.page.locator('.alike')).toHaveCount(2);
});

test('rule 4: place and identity are the first columns and stay in view, whatever else is chosen', async ({ open, lab }) => {
    await admitAda(lab);
    const list = await open('sister', { viewport: { width: 820, height: 600 } });
    await expect(list.page.getByRole('columnheader')).toHaveText([/^Bed/, /^Patient/, /^Status/, /^Admitted/, /^Attending/, 'Alerts']);
    const left = () => Promise.all(['.place', '.identity', '.alerts'].map(async cell =>
        (await list.row(ADA).root.locator(cell).boundingBox())!.x));
    const [place, identity, alerts] = await left();
    await list.table.evaluate(element => element.scrollTo({ left: 300 }));
    await expect.poll(async () => (await left())[2]).toBeLessThan(alerts! - 50);
    expect((await left()).slice(0, 2)).toEqual([place, identity]);
    // The other columns are a choice that is kept; these two are none.
    await list.more('Columns…');
    await expect(list.dialog.root.getByRole('checkbox')).toHaveCount(5);
    await list.dialog.root.getByLabel('Admitted', { exact: true }).uncheck();
    await list.dialog.root.getByRole('button', { name: 'Move Alerts to the left' }).click();
    await list.dialog.press('Back to the list');
    await expect(list.page.getByRole('columnheader')).toHaveText([/^Bed/, /^Patient/, /^Status/, 'Alerts', /^Attending/]);
    const other = await open('sister');
    await expect(other.page.getByRole('columnheader')).toHaveText([/^Bed/, /^Patient/, /^Status/, 'Alerts', /^Attending/]);
});

test('rule 5: a mark stays until its user clears it, on all their screens and on nobody else’s', async ({ open, lab }) => {
    const ada = await admitAda(lab);
    const grace = await admitGrace(lab);
    const mary = await lab.admit({ first_name: 'Mary', last_name: 'Somerville', ward: 'Elm Ward', bed: 'A4' });
    // One that nobody looks at while it happens.
    const doctorBefore = await open('doctor');
    await (await open('sister')).page.close();
    await lab.change(ada, { attending: 'Dr A. Osei', acuity: 2 });
    await lab.delete(grace);
    await lab.change(mary, { status: 'discharged' });
    await lab.admit({ first_name: 'Emmy', last_name: 'Noether', ward: 'Elm Ward', bed: 'A9' });
    const asItIs = { seesAll: false };
    const [desk, bedside, doctor] = [await open('sister', asItIs), await open('sister', asItIs), await open('doctor')];
    for (const list of [desk, bedside]) {
        await list.row(ADA).isChanged('lab', 'Attending', 'Alerts');
        await list.row(GRACE).isDeleted('lab');
        await list.row(MARY).isChanged('lab', 'Status');
        await list.row('NOETHER, Emmy').isNew('lab');
        await expect(list.updates).toHaveText('4 updates');
    }
    await desk.row(ADA).seen.click();
    for (const list of [desk, bedside]) {
        await list.row(ADA).isUnmarked();
        await expect(list.updates).toHaveText('3 updates');
    }
    // For good.
    await bedside.reload();
    await bedside.isLive();
    await expect(bedside.updates).toHaveText('3 updates');
    await bedside.row(ADA).isUnmarked();
    // What comes later is marked anew; what one does oneself is not.
    await lab.change(ada, { team: 'Surgery' });
    await bedside.row(ADA).isChanged('lab', 'Attending');
    await bedside.edit('NOETHER, Emmy', { Reason: 'Fever' });
    await expect(bedside.row('NOETHER, Emmy').cell('Admitted')).toContainText('Fever');
    await expect(bedside.row('NOETHER, Emmy').changedCells).toHaveCount(0);
    // Everything at once is asked about first.
    await desk.markAllSeen.click();
    await expect(desk.dialog.root).toContainText('4 updates are marked');
    await desk.dialog.press('Cancel');
    await expect(desk.updates).toHaveText('4 updates');
    await desk.clearAll();
    for (const list of [desk, bedside]) await expect(list.updates).toHaveText('0 updates');
    for (const list of [doctorBefore, doctor]) await expect(list.updates).toHaveText('2 updates');
});

test('rule 6: the header says whose list, which ward, when, and how many updates are out of view', async ({
    open, lab, server,
}) => {
    await server.addDemoPatients(60);
    const ada = await admitAda(lab);
    const zoe = await lab.admit({ first_name: 'Zoe', last_name: 'Zuse', ward: 'Zinnia Ward', bed: 'Z9' });
    const list = await open('sister');
    await expect(list.page.locator('.who')).toContainText('sister (clinician)');
    await expect(list.page.locator('h1')).toHaveText('WardwatchAll wards');
    await list.table.evaluate(element => element.scrollTo({ top: 0 }));
    await lab.change(zoe, { acuity: 1 });
    await expect(list.updates).toHaveText('1 update (1 out of view)');
    await expect(list.page).toHaveTitle('(1) Patients · Wardwatch');
    await list.search.fill('zuse');
    await expect(list.updates).toHaveText('1 update');
    await lab.change(ada, { acuity: 1 });
    await expect(list.updates).toHaveText('2 updates (1 out of view)');
    await list.search.fill('');
    await list.ward.selectOption('Elm Ward');
    await expect(list.page.locator('h1')).toHaveText('WardwatchElm Ward');
    await expect(list.updates).toHaveText('1 update');
});

test('rule 7: no row moves, comes or goes under pointer, finger or focus; what waits is shown when asked for', async ({
    open, lab,
}) => {
    const ada = await admitAda(lab);
    const grace = await admitGrace(lab);
    const mary = await lab.admit({ first_name: 'Mary', last_name: 'Somerville', ward: 'Elm Ward', bed: 'A4' });
    const list = await open('sister');
    await list.more('Show empty beds');
    await list.page.keyboard.press('Escape');
    const order = [ADA, GRACE, MARY];
    await expect(list.names).toHaveText(order);

    // The pointer is on a row.
    await list.row(GRACE).root.hover();
    await lab.change(ada, { bed: 'A8' });
    await expect(list.row(ADA).cell('Place')).toContainText('A8');
    await expect(list.waiting).toHaveText('1 pending: show');
    await lab.admit({ first_name: 'Emmy', last_name: 'Noether', ward: 'Elm Ward', bed: 'A0' });
    await lab.delete(mary);
    await list.row(MARY).isDeleted('lab');
    await list.row(MARY).seen.click();
    await expect(list.waiting).toHaveText('3 pending: show');
    await expect(list.names).toHaveText(order);
    // With the pointer gone nothing is held any more.
    await list.letGo();
    await expect(list.names).toHaveText(['NOETHER, Emmy', GRACE, ADA]);
    await expect(list.waiting).toBeHidden();

    // The focus is.
    await list.row(GRACE).name.focus();
    await lab.change(grace, { bed: 'A9' });
    await expect(list.waiting).toHaveText('1 pending: show');
    await expect(list.names).toHaveText(['NOETHER, Emmy', GRACE, ADA]);
    await list.page.keyboard.press('u');
    await expect(list.names).toHaveText(['NOETHER, Emmy', ADA, GRACE]);
    await expect(list.row(GRACE).name).toBeFocused();

    // Nothing is: what others do is shown at once.
    await list.search.focus();
    await lab.change(ada, { bed: 'B1' });
    await expect(list.names).toHaveText(['NOETHER, Emmy', GRACE, ADA]);
});

test('rule 7: what is under pointer, finger or focus stays where it is on the screen, whatever grows above it', async ({
    open, lab,
}) => {
    const ada = await admitAda(lab);
    await admitGrace(lab);
    for (let bed = 4; bed < 40; bed++) await lab.admit({ last_name: `Patient ${bed}`, ward: 'Elm Ward', bed: `A${bed}` });
    const touch = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };
    for (const options of [{}, touch]) {
        const list = await open('sister', options);
        const { page } = list;
        const staysPut = async (what: Locator, whatHappens: () => Promise<void>) => {
            const top = async () => (await what.boundingBox())!.y;
            const before = await top();
            await whatHappens();
            await expect.poll(async () => Math.abs((await top()) - before), { message: String(what) }).toBeLessThan(1);
        };
        const says = async (reason: string) => {
            await lab.change(ada, { reason });
            await expect(list.row(ADA).cell('Admitted')).toContainText(reason);
        };
        // The focus is on a row near the list's beginning: there is nothing to scroll back when what came goes again.
        const grace = list.row(GRACE);
        await grace.name.focus();
        await staysPut(grace.root, () => says('Words that fill some lines. '.repeat(12).trim()));
        await staysPut(grace.root, () => says('Fever'));
        await list.letGo();
        await expect(page.locator('#slack-before')).toHaveCSS('height', '0px');

        // Pointer or finger is on its last row: there is nothing to scroll on to.
        const last = list.row('PATIENT 39, Ada').root;
        await last.scrollIntoViewIfNeeded();
        await last.hover();
        await staysPut(last, () => says('Another word that fills some lines. '.repeat(9).trim()));
        await list.letGo();
        await expect(page.locator('#slack-after')).toHaveCSS('height', '0px');

        const ward = await WardView.of(list);
        const tile = ward.patient(GRACE).root;
        await tile.hover();
        await staysPut(tile, async () => {
            await lab.change(ada, { first_name: 'Ada Augusta '.repeat(12).trim() });
            await expect(ward.region).toContainText('Ada Augusta');
        });
        await lab.change(ada, { first_name: 'Ada', reason: 'Fever' });
        await ward.choose('List');
        await page.close();
    }
});

test('rule 8: a lost link is said within a heartbeat, with the time, over muted rows', async ({ open, lab, server }) => {
    await admitAda(lab);
    const list = await open('sister');
    await server.kill();
    await expect(list.banner).toContainText(/Not live since \d\d:\d\d:\d\d\./, { timeout: 13_000 });
    await expect(list.table).toHaveClass(/muted/);
    await list.keepEdit(ADA, { Reason: 'Fever' });
    await list.row(ADA).isNotSent();
    await server.start();
    await list.isLive();
    await list.row(ADA).isSettled();
    await expect(list.row(ADA).cell('Admitted')).toContainText('Fever');
});

test('rule 9: no text is cut off, and the end of the list is marked', async ({ open, lab }) => {
    await lab.admit({
        first_name: 'Wolfeschlegelsteinhausenbergerdorff'.repeat(3), last_name: 'Featherstonehaugh Marjoribanks '.repeat(4),
        reason: 'Words that go on and on. '.repeat(18).trim(), ward: 'A ward with a long name, as long as they come', bed: 'A1',
        attending: 'Dr Priscilla Cholmondeley-Featherstonehaugh of the Marjoribanks', team: 'T'.repeat(90),
    });
    for (const width of [360, 820, 1440]) {
        const list = await open('sister', { viewport: { width, height: 900 } });
        const cut = await list.page.locator('#rows tr > *').evaluateAll(cells => cells
            .filter(cell => cell.scrollWidth > cell.clientWidth + 1 || cell.scrollHeight > cell.clientHeight + 1)
            .map(cell => cell.className));
        expect(cut, `at ${width} px`).toEqual([]);
        await list.page.getByText('End of the list').scrollIntoViewIfNeeded();
        await expect(list.page.getByText('End of the list')).toBeInViewport();
    }
});

test('rule 10: filters are announced, the order is visible, by bed at first, and both are kept for their user', async ({
    open, lab,
}) => {
    await admitAda(lab);
    await admitGrace(lab);
    await lab.admit({ first_name: 'Mary', last_name: 'Somerville', ward: 'Ash Ward', bed: 'A2' });
    const list = await open('sister');
    await expect(list.column('Bed')).toHaveAttribute('aria-sort', 'ascending');
    await expect(list.filters).toHaveText('Filtered: here or expected. 3 of 3 patients.');
    await list.ward.selectOption('Elm Ward');
    await list.column('Patient').getByRole('button').click();
    await list.column('Patient').getByRole('button').click();
    await expect(list.column('Patient')).toHaveAttribute('aria-sort', 'descending');
    await expect(list.names).toHaveText([ADA, GRACE]);
    await expect(list.page).toHaveURL(/\?ward=Elm%20Ward&sort=name&order=descending$/);
    // On another screen of the same user, not on another user's.
    const again = await open('sister');
    await expect(again.filters).toHaveText('Filtered: here or expected, ward Elm Ward. 2 of 3 patients.');
    await expect(again.column('Patient')).toHaveAttribute('aria-sort', 'descending');
    const doctor = await open('doctor');
    await expect(doctor.filters).toHaveText('Filtered: here or expected. 3 of 3 patients.');
    // Back goes to what was seen before.
    await list.page.goBack();
    await expect(list.column('Patient')).toHaveAttribute('aria-sort', 'ascending');
    await list.page.goForward();
    await expect(list.column('Patient')).toHaveAttribute('aria-sort', 'descending');
});

test('rule 11: empty beds say UNOCCUPIED where they stand, and can be hidden', async ({ open, lab }) => {
    const ada = await admitAda(lab);
    await admitGrace(lab);
    await lab.admit({ first_name: 'Gone', last_name: 'Home', ward: 'Elm Ward', bed: 'A2', status: 'discharged' });
    const list = await open('sister');
    const places = list.page.locator('#rows .bed');
    await expect(places).toHaveText(['A1', 'A2', 'A3']);
    await expect(list.page.locator('.unoccupied')).toHaveText(/A2.*Elm Ward.*UNOCCUPIED/s);
    await lab.change(ada, { status: 'discharged' });
    await list.row(ADA).seen.click();
    await list.letGo();
    await expect(list.page.locator('.unoccupied .bed')).toHaveText(['A1', 'A2']);
    await list.more('Show empty beds');
    await expect(places).toHaveText(['A3']);
    const again = await open('sister');
    await expect(again.page.locator('#rows .bed')).toHaveText(['A3']);
});

test('rule 12: a patient’s record is never seen beside the list', async ({ open, lab }) => {
    await admitAda(lab);
    const list = await open('sister');
    for (const action of [undefined, 'Edit', 'Transfer', 'Discharge', 'Delete']) {
        await list.openPatient(ADA);
        if (action) await list.dialog.press(action);
        const { x, y, width, height } = (await list.dialog.root.boundingBox())!;
        expect([x, y]).toEqual([0, 0]);
        expect({ width, height }).toEqual(list.page.viewportSize());
        const ground = await list.dialog.root.evaluate(dialog => getComputedStyle(dialog).backgroundColor);
        expect(ground).toMatch(/^rgb\(/);
        await list.page.keyboard.press('Escape');
        await list.dialog.isClosed();
    }
});

test('rule 13: nobody’s words are overwritten unseen', async ({ open, lab }) => {
    const ada = await admitAda(lab);
    const list = await open('sister');
    const dialog = await list.startEdit(ADA);
    await dialog.fill({ Reason: 'Mine', Team: 'Surgery' });
    await lab.change(ada, { reason: 'Theirs' });
    await dialog.press('Save');
    const conflict = dialog.conflictOn('Reason');
    await expect(conflict).toContainText('Mine');
    await expect(conflict).toContainText('Theirs');
    await expect(dialog.root).toContainText('lab');
    await expect(dialog.identifiers).toContainText('943 476 5919');
    const now = (await lab.list()).find(patient => patient.id === ada.id)!;
    expect([now.reason, now.team]).toEqual(['Theirs', null]);
});

test('rule 14: what others do is announced summed up, and updating can be paused', async ({ open, lab }) => {
    const ada = await admitAda(lab);
    const grace = await admitGrace(lab);
    const mary = await lab.admit({ first_name: 'Mary', last_name: 'Somerville', ward: 'Elm Ward', bed: 'A4' });
    const list = await open('sister');
    await list.search.focus();
    await Promise.all([
        lab.change(ada, { acuity: 1, team: 'Surgery' }), lab.change(grace, { acuity: 2 }), lab.change(mary, { acuity: 3 }),
    ]);
    await expect(list.announcer).toHaveText('3 patients updated');
    await expect(list.search).toBeFocused();

    await list.page.getByRole('button', { name: 'Pause' }).click();
    await lab.change(ada, { team: 'Geriatrics' });
    await lab.admit({ first_name: 'Emmy', last_name: 'Noether', ward: 'Elm Ward', bed: 'A2' });
    await expect(list.banner).toContainText(/Paused at \d\d:\d\d:\d\d\. What you see is the list as it was then\./);
    await expect(list.banner).toContainText('2 rows have changed since');
    await expect(list.table).toHaveClass(/muted/);
    await expect(list.row(ADA).cell('Attending')).toContainText('Surgery');
    await expect(list.names).toHaveText([ADA, GRACE, MARY]);
    await list.banner.getByRole('button', { name: 'Go on' }).click();
    await expect(list.row(ADA).cell('Attending')).toContainText('Geriatrics');
    await expect(list.names).toHaveText([ADA, 'NOETHER, Emmy', GRACE, MARY]);

    const small = await list.page.locator('button:visible, a:visible, select:visible, input:visible').evaluateAll(all => all
        .filter(element => element.getBoundingClientRect().height < 24 || element.getBoundingClientRect().width < 24)
        .map(element => element.outerHTML.slice(0, 80)));
    expect(small, 'targets of at least 24 pixels').toEqual([]);
});
