import type { Locator } from '@playwright/test';
import { ADA, GRACE, admitAda, admitGrace } from '../fixtures/elm.ts';
import { Finger } from '../fixtures/finger.ts';
import { ground } from '../fixtures/look.ts';
import { expect, test, Wire } from '../fixtures/test.ts';
import { written } from '../fixtures/time.ts';
import type { Row } from '../pages/list.ts';
import { WardView } from '../pages/ward.ts';

// Rules 1 to 7 of "How a live list must behave", each by its number. What one of them says in full is often shown in more than one
// file.

const MARY = 'SOMERVILLE, Mary';

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
        await expect(list.row(ADA).root.locator('[data-label=Admitted], [data-label=Aufnahme]')).toHaveText(new RegExp(`^05-Jan-2026 \\d\\d:30\\s*(Reason|Grund) ${unknown}$`, 'i'));
        await expect(list.row(ADA).root.locator('[data-label=Attending], [data-label=Zuständig]'))
            .toHaveText(new RegExp(`^${unknown}\\s*Team ${unknown}$`, 'i'));
        await expect(list.page.locator('.clock')).toHaveText(/^\d\d-[A-Z][a-z]{2}-\d{4} \d\d:\d\d$/);
    }
});

test('rule 1: times are of 24 hours, and each thing that is not known says “Unknown”', async ({ open, lab }) => {
    // In winter the hospital's clock is Greenwich's, in summer it is an hour ahead.
    await lab.admit({ admission_date: '2026-01-05T21:07:00Z', bed: 'A1' });
    const grace = await lab.admit({ first_name: 'Grace', last_name: 'Hopper', admission_date: '2026-07-05T12:05:00Z', bed: 'A2' });
    await lab.change(grace, { status: 'discharged', dismissal_date: '2026-07-06T23:30:00Z' });
    const list = await open('sister', { locale: 'en-US' });
    await list.showAll.click();
    await expect(list.row('LOVELACE, Ada').cell('Admitted')).toHaveText(/^05-Jan-2026 21:07\s*Reason Unknown$/);
    await expect(list.row(GRACE).cell('Admitted')).toHaveText(/^05-Jul-2026 13:05\s*Reason Unknown$/);
    await expect(list.row(GRACE).cell('Attending')).toHaveText(/^Unknown\s*Team Unknown$/);
    await expect(list.row(GRACE).cell('Status')).toHaveText(/^Discharged 07-Jul-2026 00:30\s*$/);
    const { dialog, page } = list;
    await list.openPatient('LOVELACE, Ada');
    for (const label of [
        'Middle names', 'Preferred name', 'Born', 'Gender', 'NHS number', 'Medical record number', 'Attending', 'Team', 'Reason',
    ]) await expect(dialog.fact(label)).toHaveText(new RegExp(`^${label}\\s*Unknown$`));
    await expect(dialog.identifiers).toHaveText('LOVELACE, Ada · Born Unknown');
    await page.keyboard.press('Escape');
    await list.openPatient(GRACE);
    await expect(dialog.fact('Admission')).toContainText('05-Jul-2026 13:05');
    // Nowhere in the page another form of a date or a time.
    for (const screen of [dialog.root, page.locator('body')]) {
        expect(await screen.innerText()).not.toMatch(/\b(AM|PM|[ap]\.m\.)\b|\d+\/\d+\/\d+|\d{4}-\d\d-\d\d/i);
    }
});

test('rule 1: who has died is not shown as who lives', async ({ open, lab }) => {
    const ada = await admitAda(lab);
    const list = await open('sister');
    await lab.change(ada, { deceased_at: '2026-11-20T10:00:00Z' });
    await expect(list.row(ADA).cell('Alerts').locator('.tag').first()).toHaveText('■ Died');
    await expect(list.row(ADA).changedCells).toHaveCount(2);
    await expect(list.row(ADA).root.locator('.identity')).toContainText('died 20-Nov-2026');
    const ward = await WardView.of(list);
    await expect(ward.patient(ADA).root.locator('.tag').first()).toHaveText('■ Died');
    await list.page.goto('/print');
    await expect(list.page.getByRole('main')).toContainText('■ Died');
});

test('rule 2: two identifiers in every dialog about a patient, and beside what saves', async ({ open, lab }) => {
    await admitAda(lab);
    const { dialog, ...list } = await open('sister').then(page => Object.assign(page, { dialog: page.dialog }));
    const page = list.page;
    const both = `${ADA} · NHS No 943 476 5919`;
    const actions: [string, string][] = [
        ['Edit', 'Save'], ['Transfer', 'Transfer'], ['Discharge', 'Discharge'], ['Send on leave', 'Send on leave'],
    ];
    for (const [action, send] of actions) {
        await page.locator('.name').click();
        await expect(dialog.identifiers).toHaveText(both);
        await dialog.press(action);
        await expect(dialog.identifiers).toHaveText(both);
        // Not scrolled away from the button: both are on the screen at once.
        await dialog.button(send).scrollIntoViewIfNeeded();
        await expect(dialog.identifiers).toBeInViewport();
        await page.keyboard.press('Escape');
        await dialog.isClosed();
    }
    await page.locator('.name').click();
    await dialog.press('Delete');
    await expect(dialog.root.locator('.danger')).toHaveText(`Delete ${both}`);
    await page.keyboard.press('Escape');
    // Somebody who is not there yet is named by what has been typed so far.
    await page.getByRole('button', { name: 'Admit a patient' }).click();
    await dialog.fill({ 'Last name': 'Hopper', 'First name': 'Grace', 'Date of birth': '9-Dec-1906' });
    await expect(dialog.identifiers).toHaveText('HOPPER, Grace · Born 09-Dec-1906');
    await dialog.fill({ 'NHS number': '9434765919' });
    await expect(dialog.identifiers).toHaveText('HOPPER, Grace · NHS No 943 476 5919');
});

test('rule 2: each change of status, a conflict and what is not saved name the patient twice, and never by the bed', async ({
    open, lab,
}) => {
    test.slow();
    const whole = { nhs_number: '9434765919', ward: 'Elm Ward', room: 'Bay 1', bed: 'A1', title: 'Ms', birth_date: '1985-12-10' };
    let ada = await lab.admit({ ...whole, status: 'expected' });
    const wire = new Wire();
    const list = await open('sister', { wire });
    const { dialog, page } = list;
    const both = `${ADA} · NHS No 943 476 5919`;
    const ways: [string, string[]][] = [
        ['expected', ['Admit', 'Cancel admission']],
        ['admitted', ['Send on leave', 'Discharge', 'Undo admission']],
        ['on_leave', ['Back from leave', 'Discharge']],
        ['discharged', ['Undo discharge', 'Undo discharge, on leave']],
        ['cancelled', ['Undo cancellation']],
    ];
    await list.showAll.click();
    for (const [status, actions] of ways) {
        if (ada.status !== status) {
            // From one to the other as people go.
            if (status === 'cancelled') {
                for (const step of ['admitted', 'expected']) ada = await lab.change(ada, { status: step });
            }
            ada = await lab.change(ada, { status });
        }
        for (const action of actions) {
            await list.openPatient(ADA);
            await dialog.press(action);
            await expect(dialog.title).toHaveText(`${action}: ${ADA}?`);
            await expect(dialog.identifiers).toHaveText(both);
            await dialog.button(action).scrollIntoViewIfNeeded();
            await expect(dialog.identifiers).toBeInViewport();
            for (const part of ['Elm', 'Bay 1', 'A1']) await expect(dialog.title).not.toContainText(part);
            await page.keyboard.press('Escape');
            await dialog.isClosed();
        }
    }
    for (const status of ['expected', 'admitted']) ada = await lab.change(ada, { status });

    // What waits on this device, and what is to be decided.
    wire.cut();
    await list.isNotLive();
    await list.keepEdit(ADA, { Reason: 'Mine' });
    await lab.change(ada, { reason: 'Theirs' });
    await list.showUnsaved();
    await expect(dialog.unsaved(ADA).locator('.identifiers')).toHaveText(both);
    await dialog.press('Back to the list');
    wire.mend();
    await list.row(ADA).needsDecision();
    await list.showUnsaved();
    await expect(dialog.unsaved(ADA).locator('.identifiers')).toHaveText(both);
    await dialog.press('Decide');
    await expect(dialog.identifiers).toHaveText(both);
});

for (const width of [360, 1440]) {
    test(`rule 2: both identifiers are beside the button that saves a long decision, ${width} pixels`, async ({ open, lab }) => {
        const ada = await admitAda(lab);
        const list = await open('sister', { viewport: { width, height: 740 } });
        const dialog = await list.startEdit(ADA);
        await dialog.fill({
            Reason: 'Mine', Team: 'Mine', Attending: 'Mine', 'Handover note': 'Mine', 'Preferred name': 'Mine', Room: 'Mine',
        });
        await lab.change(ada, {
            reason: 'Theirs', team: 'Theirs', attending: 'Theirs', handover_note: 'Theirs', preferred_name: 'Theirs', room: 'Theirs',
        });
        await dialog.press('Save');
        await expect(dialog.conflictOn('Room')).toBeVisible();
        await dialog.button('Save my choices').scrollIntoViewIfNeeded();
        await expect(dialog.identifiers).toBeInViewport();
        await expect(dialog.identifiers).toHaveText(/^LOVELACE, Ada \(Ms\) · NHS No 943 476 5919$/);
    });
}

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
});

test('rule 3: only what tells them apart is underlined, and who is filtered out raises no warning', async ({ open, lab }) => {
    await lab.admit({ first_name: 'Hope', last_name: 'Franklin', ward: 'Elm Ward', bed: 'A1' });
    await lab.admit({ first_name: 'Franklin', last_name: 'Hope', ward: 'Ash Ward', bed: 'A2' });
    const ada = await lab.admit({ title: 'Ms', nhs_number: '9434765919', ward: 'Elm Ward', bed: 'A3', birth_date: '1985' });
    await lab.admit({ title: 'Mrs', nhs_number: '9434765870', ward: 'Elm Ward', bed: 'A4', birth_date: '1985' });
    const list = await open('sister');
    const alike = list.page.locator('.alike');
    /** What is drawn with a line below it. */
    const underlined = () => list.page.locator('.identity *').evaluateAll(all => all
        .filter(element => getComputedStyle(element).textDecorationLine.includes('underline'))
        .map(element => element.textContent!.trim()));
    await expect(alike).toHaveCount(4);
    expect((await underlined()).sort()).toEqual(['(Mrs)', '(Ms)', 'FRANKLIN', 'HOPE']);

    await list.ward.selectOption('Elm Ward');
    await expect(list.row('FRANKLIN, Hope').root).toBeVisible();
    await expect(list.row('FRANKLIN, Hope').root.locator('.alike, .differs')).toHaveCount(0);
    await expect(alike).toHaveCount(2);
    await list.search.fill('943 476 5919');
    await expect(list.names).toHaveText(['LOVELACE, Ada (Ms)']);
    await expect(alike).toHaveCount(0);
    expect(await underlined()).toEqual([]);
    // They come into view again, and the rest of the name is the same now.
    await lab.change(ada, { title: 'Mrs' });
    await list.search.fill('');
    await expect.poll(async () => (await underlined()).sort()).toEqual(['NHS No 943 476 5870', 'NHS No 943 476 5919']);
    await expect(alike).toHaveCount(2);
    // In the ward view too.
    const ward = await WardView.of(list);
    await expect(ward.bed('A3').locator('.alike')).toHaveText('⚠ Similar name on this list');
    await expect(ward.bed('A1').locator('.alike')).toHaveCount(0);
});

test('rule 4: place and identity are the first columns and stay in view, whatever else is chosen', async ({ open, lab }) => {
    await admitAda(lab);
    const list = await open('sister', { viewport: { width: 820, height: 600 } });
    await expect(list.page.getByRole('columnheader')).toHaveText([/^Bed/, /^Patient/, /^Status/, /^Admitted/, /^Attending/, 'Alerts']);
    await list.chooseNote();
    const left = () => Promise.all(['.place', '.identity', '.alerts'].map(async cell =>
        (await list.row(ADA).root.locator(cell).boundingBox())!.x));
    const [place, identity, alerts] = await left();
    await list.table.evaluate(element => element.scrollTo({ left: 300 }));
    await expect.poll(async () => (await left())[2]).toBeLessThan(alerts! - 50);
    expect((await left()).slice(0, 2)).toEqual([place, identity]);
    expect(identity! - place!, 'beside each other').toBeGreaterThan(50);
    // The other columns are a choice that is kept; these two are none.
    await list.more('Columns…');
    await expect(list.dialog.root.getByRole('checkbox')).toHaveCount(5);
    for (const column of ['Admitted', 'Note']) await list.dialog.root.getByLabel(column, { exact: true }).uncheck();
    await list.dialog.root.getByRole('button', { name: 'Move Alerts to the left' }).click();
    await list.dialog.press('Back to the list');
    await expect(list.page.getByRole('columnheader')).toHaveText([/^Bed/, /^Patient/, /^Status/, 'Alerts', /^Attending/]);
    const other = await open('sister');
    await expect(other.page.getByRole('columnheader')).toHaveText([/^Bed/, /^Patient/, /^Status/, 'Alerts', /^Attending/]);
});

for (const locale of ['en-GB', 'de-DE']) {
    test(`rule 5: a change of a column that is chosen at first is in view on a tablet, ${locale}`, async ({ open, lab }) => {
        const ada = await admitAda(lab);
        const list = await open('sister', { locale, viewport: { width: 820, height: 1100 } });
        await lab.change(ada, { allergy_status: 'known', code_status: 'limited', attending: 'Dr A. Osei' });
        const cells = list.page.locator('thead th, #rows > tr > *');
        await expect(list.page.locator('#rows .changed')).toHaveCount(2);
        for (const width of [800, 820, 1024, 1151, 1152, 1180]) {
            await list.page.setViewportSize({ width, height: 1100 });
            const beyond = await cells.evaluateAll(cells => {
                const pane = document.querySelector('.table')!.getBoundingClientRect();
                return cells.filter(cell => {
                    const { left, right } = cell.getBoundingClientRect();
                    return left < pane.left - 1 || right > pane.right + 1;
                }).map(cell => cell.textContent);
            });
            expect(beyond, `${width} pixels`).toEqual([]);
        }
    });
}

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

test('rule 5: what comes while one is asked about all marks is not seen, and stays marked', async ({ open, lab }) => {
    const ada = await admitAda(lab);
    const grace = await admitGrace(lab);
    const list = await open('sister');
    await lab.change(ada, { acuity: 2 });
    await list.row(ADA).isChanged('lab', 'Alerts');
    await list.markAllSeen.click();
    await expect(list.dialog.root).toContainText('1 update is marked');
    await lab.change(grace, { acuity: 2 });
    await expect(list.page).toHaveTitle('(2) Patients · Wardwatch');
    await expect(list.dialog.root).toContainText('1 update is marked');
    await list.dialog.press('Mark all as seen');
    await list.row(ADA).isUnmarked();
    await list.row(GRACE).isChanged('lab', 'Alerts');
    await expect(list.updates).toHaveText('1 update');
});

test('rule 5: a row that is marked as new shows what changes in it later, too', async ({ open, lab }) => {
    const list = await open('sister');
    const emmy = await lab.admit({ first_name: 'Emmy', last_name: 'Noether' });
    await list.row('NOETHER, Emmy').isNew('lab');
    await expect(list.row('NOETHER, Emmy').changedCells).toHaveCount(0);
    await lab.change(emmy, { allergy_status: 'known', middle_names: 'Amalie' });
    const row = list.row('NOETHER, Emmy');
    await row.isNew('lab');
    await expect(row.cell('Alerts')).toContainText('●Changed: ');
    await expect(row.changedCells).toHaveCount(1);
    await expect(row.root.locator('.hidden-changes')).toHaveText('Changed: Middle names');
    // As the server tells it to a page that comes later.
    const other = (await open('sister', { seesAll: false })).row('NOETHER, Emmy');
    await other.isNew('lab');
    await expect(other.cell('Alerts')).toContainText('●Changed: ');
    await row.seen.click();
    await row.isUnmarked();
});

for (const colorScheme of ['light', 'dark'] as const) {
    test(`rule 5: what has changed, come or gone has a symbol and a ground of its own, ${colorScheme}`, async ({ open, lab }) => {
        const ada = await admitAda(lab);
        const grace = await admitGrace(lab);
        await lab.admit({ first_name: 'Mary', last_name: 'Somerville', ward: 'Elm Ward', bed: 'A4' });
        const list = await open('sister', { colorScheme });
        const plain = await ground(list.row(MARY).cell('Attending'));
        for (const name of [ADA, GRACE]) expect(await ground(list.row(name).cell('Attending'))).toBe(plain);
        await lab.change(ada, { attending: 'Dr A. Osei' });
        await lab.delete(grace);
        await lab.admit({ first_name: 'Emmy', last_name: 'Noether', ward: 'Elm Ward', bed: 'A9' });
        await list.letGo();
        await list.row('NOETHER, Emmy').isNew('lab');
        await list.row(GRACE).isDeleted('lab');
        await list.row(ADA).isChanged('lab', 'Attending');

        const isSymbol = async (row: Row) => {
            await expect(row.mark.locator('[aria-hidden]')).toBeVisible();
            await expect(row.mark.locator('[aria-hidden]')).toHaveText('●');
        };
        // One cell of a row, with its own sign; its neighbours are as they were.
        await expect(list.row(ADA).cell('Attending').locator('.dot [aria-hidden]')).toBeVisible();
        expect(await ground(list.row(ADA).cell('Attending'))).not.toBe(plain);
        expect(await ground(list.row(ADA).cell('Status'))).toBe(plain);
        // Whole rows.
        for (const name of ['NOETHER, Emmy', GRACE]) {
            for (const cell of ['Place', 'Attending', 'Alerts'] as const) {
                expect(await ground(list.row(name).cell(cell)), `${name} ${cell}`).not.toBe(plain);
            }
        }
        await expect(list.row(GRACE).name).toHaveCSS('text-decoration-line', 'line-through');
        for (const name of [ADA, GRACE, 'NOETHER, Emmy']) await isSymbol(list.row(name));
        expect(await ground(list.row(MARY).cell('Attending'))).toBe(plain);

        // The same in the ward view.
        const ward = await WardView.of(list);
        const tile = await ground(ward.patient(MARY).root);
        for (const name of [GRACE, 'NOETHER, Emmy']) expect(await ground(ward.patient(name).root), name).not.toBe(tile);
        expect(await ground(ward.patient(ADA).mark)).not.toBe(tile);
    });
}

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

test('rule 6: date and time are the hospital’s and go on by themselves, also while the list is not live', async ({
    open, lab, server,
}) => {
    await admitAda(lab);
    const list = await open('sister');
    const shown = list.page.locator('.clock');
    const now = (ago: number) => {
        const { date, time } = written(Date.now() - ago);
        return `${date} ${time}`;
    };
    // A minute may have ended in between.
    await expect.poll(async () => [now(0), now(2_000)].includes(await shown.innerText())).toBe(true);

    await list.page.clock.install();
    await list.page.reload();
    await list.isLive();
    // Nobody is to say what time it really is while the page's clock runs ahead.
    await server.kill();
    await list.isNotLive();
    const since = (await list.banner.innerText()).match(/Not live since \d\d:\d\d:\d\d\./)![0];
    for (let minute = 0; minute < 3; minute++) {
        const before = await shown.innerText();
        await list.page.clock.runFor('01:00');
        await expect(shown).not.toHaveText(before);
    }
    await expect(shown).toHaveText(/^\d\d-[A-Z][a-z]{2}-\d{4} \d\d:\d\d$/);
    await expect(list.banner).toContainText(since);
});

test('rule 6: a ward’s name is in the header of the ward view, and the tab says how much is new', async ({ open, lab }) => {
    const ada = await admitAda(lab);
    const list = await open('sister');
    const ward = await WardView.of(list);
    await list.ward.selectOption('Elm Ward');
    await expect(list.page.locator('h1')).toHaveText('WardwatchElm Ward');
    await lab.change(ada, { acuity: 1 });
    await expect(list.page).toHaveTitle('(1) Patients · Wardwatch');
    await ward.patient(ADA).seen.click();
    await expect(list.page).toHaveTitle('Patients · Wardwatch');
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
    // What one does to a row of one's own order is no question for all that waits.
    await list.page.getByRole('button', { name: `Star: ${GRACE}` }).click();
    await expect(list.page.getByRole('button', { name: `Star: ${GRACE}` })).toHaveAttribute('aria-pressed', 'true');
    await expect(list.names).toHaveText(order);
    await expect(list.waiting).toHaveText('3 pending: show');
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

test('rule 7: what one has done oneself is shown at once, whichever comes first, the change or the answer', async ({
    open, lab,
}) => {
    await admitAda(lab);
    await admitGrace(lab);
    const wire = new Wire();
    const list = await open('sister', { wire });
    const isChange = (frame: any) => frame.type === 'change';
    const isAnswer = (frame: any) => frame.action === 'patch';
    for (const [first, bed, order] of [[isChange, 'A9', [GRACE, ADA]], [isAnswer, 'A1', [ADA, GRACE]]] as const) {
        const dialog = await list.startEdit(ADA);
        await dialog.fill({ Bed: bed });
        wire.hold();
        await dialog.press('Save');
        await expect.poll(() => wire.holds(isChange) && wire.holds(isAnswer)).toBe(true);
        wire.mend(first);
        await dialog.isClosed();
        // The focus is on the row, which may move all the same.
        await expect(list.row(ADA).name).toBeFocused();
        await expect(list.names).toHaveText([...order]);
        await expect(list.waiting).toBeHidden();
    }
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
        // What was there at first leaves a blank, which is gone with the first key that leaves the row.
        await says('Words that fill some lines. '.repeat(6).trim());
        await page.evaluate(() => document.querySelectorAll('html, .table').forEach(part => part.scrollTo({ top: 0, behavior: 'instant' })));
        await grace.name.evaluate((name: HTMLElement) => name.focus({ preventScroll: true }));
        await staysPut(grace.root, () => says('Fever'));
        await expect(page.locator('#slack-before')).not.toHaveCSS('height', '0px');
        await page.keyboard.press('j');
        await expect(page.locator('#slack-before')).toHaveCSS('height', '0px');
        await expect(list.row('PATIENT 4, Ada').name).toBeFocused();
        await expect(list.row('PATIENT 4, Ada').root).toBeInViewport({ ratio: 1 });
        await list.letGo();

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

test('rule 7: nothing moves while a finger is down, also when it has begun to scroll', async ({ open, lab }) => {
    await admitAda(lab);
    for (let bed = 4; bed < 40; bed++) await lab.admit({ last_name: `Patient ${bed}`, ward: 'Elm Ward', bed: `A${bed}` });
    for (const [layout, first_name, bed] of [['List', 'Emmy', 'A0'], ['Ward', 'Max', 'A2']] as const) {
        const list = await open('sister', { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
        const { page } = list;
        await page.clock.install();
        await page.reload();
        await list.isLive();
        if (layout === 'Ward') await WardView.of(list);
        const named = (name: string) => page.locator('.name', { hasText: name });
        const touched = named('PATIENT 8, Ada');
        const top = async () => (await touched.boundingBox())!.y;
        const finger = await Finger.on(page);

        // The browser scrolls: the finger is no pointer any more, but it is still there.
        await page.evaluate(() => {
            addEventListener('pointercancel', () => Object.assign(window, { scrolls: true }), { once: true });
        });
        await finger.down(touched);
        await finger.moveUp(120);
        await page.waitForFunction(() => 'scrolls' in window);
        await lab.admit({ first_name, last_name: 'Noether', ward: 'Elm Ward', bed });
        await expect(list.waiting).toHaveText('1 pending: show');
        const before = await top();
        // For longer than a finger counts that has been lifted.
        await page.clock.runFor(1_000);
        await expect(list.waiting).toHaveText('1 pending: show');
        await expect(named(`NOETHER, ${first_name}`)).toHaveCount(0);
        expect(Math.abs((await top()) - before)).toBeLessThan(1);
        await finger.up();
        await expect(named(`NOETHER, ${first_name}`)).toHaveCount(1);
        await expect(list.waiting).toBeHidden();

        // What it is on is taken out of the document: it is lifted all the same.
        await finger.down(touched);
        await list.search.fill('noether');
        await expect(touched).toHaveCount(0);
        await finger.up();
        await lab.admit({ first_name: `${first_name} Amalie`, last_name: 'Noether', ward: 'Elm Ward', bed: `B${bed}` });
        await expect(named(`NOETHER, ${first_name} Amalie`)).toHaveCount(1);
        await page.close();
    }
});
