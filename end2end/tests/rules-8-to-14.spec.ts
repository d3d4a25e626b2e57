import { ADA, GRACE, admitAda, admitGrace } from '../fixtures/elm.ts';
import { expectLargeTargets, expectWholeText, ground } from '../fixtures/look.ts';
import { expect, test, Wire } from '../fixtures/test.ts';
import { written } from '../fixtures/time.ts';
import type { ListPage } from '../pages/list.ts';
import { WardView } from '../pages/ward.ts';

// Rules 8 to 14 of "How a live list must behave", each by its number. What one of them says in full is often shown in more than one
// file.

const MARY = 'SOMERVILLE, Mary';

test('rule 8: a link that breaks is said at once, with the time, over muted rows', async ({ open, lab, server }) => {
    await admitAda(lab);
    const list = await open('sister');
    await server.kill();
    await expect(list.banner).toContainText(/Not live since \d\d:\d\d:\d\d\./);
    await expect(list.table).toHaveClass(/muted/);
    await list.keepEdit(ADA, { Reason: 'Fever' });
    await list.row(ADA).isNotSent();
    await server.start();
    await list.isLive();
    await list.row(ADA).isSettled();
    await expect(list.row(ADA).cell('Admitted')).toContainText('Fever');
});

test('rule 8: a line that falls silent without an end is noticed after two and a half heartbeats', async ({ open, lab, line }) => {
    await admitAda(lab);
    const wire = new Wire();
    const list = await open('sister', { at: line.url, wire });
    const [{ heartbeat_ms }] = wire.said('hello');
    await expect(list.table.locator('table')).toHaveCSS('filter', 'none');
    line.silence();
    // Five seconds more than that, for a machine that is busy.
    await expect(list.banner).toContainText(/Not live since \d\d:\d\d:\d\d\./, { timeout: 2.5 * heartbeat_ms + 5_000 });
    await expect(list.badge).toHaveText('✕ Not live');
    await expect(list.table.locator('table')).toHaveCSS('filter', 'grayscale(1)');
    await expect(list.admitButton).toBeDisabled();
    // Since when it may be wrong: the last thing that was heard, not when it was noticed.
    const [since] = /\d\d:\d\d:\d\d/.exec(await list.banner.innerText())!;
    const heard = Date.parse((wire.said('heartbeat').at(-1) ?? wire.said('hello').at(-1)).now);
    expect([heard, heard + 1_000].map(moment => written(moment).seconds)).toContain(since);
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

test('rule 9: nor is any in the header, the ward view and the dialogs, however long it is', async ({ open, lab }) => {
    test.slow();
    const ward = 'A ward with a long name, as long as they come in ho' + 's'.repeat(12);
    const name = { first_name: 'Wolfeschlegelsteinhausenbergerdorff'.repeat(3), last_name: 'Featherstonehaugh Marjoribanks '.repeat(4).trim() };
    const ada = await lab.admit({
        ...name, ward, room: 'R'.repeat(64), bed: 'B'.repeat(64), reason: 'Words that go on and on. '.repeat(18).trim(),
        attending: 'Dr Priscilla Cholmondeley-Featherstonehaugh of the Marjoribanks', team: 'T'.repeat(90),
        handover_note: 'N'.repeat(300), medical_record_number: 'M'.repeat(64), flags: [{ code: 'falls', text: 'F'.repeat(60) }],
    });
    await lab.admit({ ...name, ward, room: 'R'.repeat(64), bed: 'B'.repeat(64), title: 'T'.repeat(35) });
    const whole = `${name.last_name.toUpperCase()}, ${name.first_name}`;
    for (const width of [360, 820, 1440]) {
        const list = await open('sister', { viewport: { width, height: 900 }, seesAll: false });
        const { page, dialog } = list;
        await list.ward.selectOption(ward);
        await expectWholeText(page.locator('header.bar'), `header at ${width} px`);
        await expectWholeText(page.locator('#rows > tr'), `rows at ${width} px`);
        const plan = await WardView.of(list);
        await expect(plan.region.locator('.patient')).toHaveCount(2);
        await expectWholeText(plan.region.locator('.tile'), `tiles at ${width} px`);
        await expectWholeText(plan.region, `ward at ${width} px`);
        await plan.choose('List');
        for (const action of [undefined, 'Edit', 'Transfer', 'Discharge', 'Send on leave', 'Delete']) {
            await list.openPatient(whole);
            if (action) await dialog.press(action);
            await expectWholeText(dialog.root, `${action ?? 'record'} at ${width} px`);
            await page.keyboard.press('Escape');
            await dialog.isClosed();
        }
        await list.startEdit(whole);
        await dialog.fill({ Reason: 'M'.repeat(200) });
        await lab.change(ada, { reason: `${width}`.repeat(100) });
        await dialog.press('Save');
        await expect(dialog.conflictOn('Reason')).toBeVisible();
        await expectWholeText(dialog.root, `conflict at ${width} px`);
        await page.close();
    }
});

/** The sign beside this column's title, and beside no other one's. */
async function isSortedBy(list: ListPage, sign: string, title: string): Promise<void> {
    const signs = list.page.locator('thead .arrow').filter({ hasText: /[▲▼]/ });
    await expect(signs).toHaveText([sign]);
    await expect(signs).toBeVisible();
    await expect(list.column(title).locator('.arrow')).toHaveText(sign);
    await expect(list.page.locator('[aria-sort]')).toHaveCount(1);
}

test('rule 10: filters are announced, the order is visible, by bed at first, and both are kept for their user', async ({
    open, lab,
}) => {
    await admitAda(lab);
    await admitGrace(lab);
    await lab.admit({ first_name: 'Mary', last_name: 'Somerville', ward: 'Ash Ward', bed: 'A2' });
    const list = await open('sister');
    await expect(list.column('Bed')).toHaveAttribute('aria-sort', 'ascending');
    await isSortedBy(list, '▲', 'Bed');
    await expect(list.filters).toHaveText('Filtered: here or expected. 3 of 3 patients.');
    await list.ward.selectOption('Elm Ward');
    await list.column('Patient').getByRole('button').click();
    await list.column('Patient').getByRole('button').click();
    await expect(list.column('Patient')).toHaveAttribute('aria-sort', 'descending');
    await isSortedBy(list, '▼', 'Patient');
    await expect(list.names).toHaveText([ADA, GRACE]);
    await expect(list.page).toHaveURL(/\?ward=Elm%20Ward&sort=name&order=descending$/);
    // On another screen of the same user, not on another user's.
    const again = await open('sister');
    await expect(again.filters).toHaveText('Filtered: here or expected, ward Elm Ward. 2 of 3 patients.');
    for (const look of ['at once', 'and after a reload']) {
        await expect(again.column('Patient'), look).toHaveAttribute('aria-sort', 'descending');
        await isSortedBy(again, '▼', 'Patient');
        await again.reload();
        await again.isLive();
    }
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
    const theirs = await lab.change(ada, { reason: 'Theirs' });
    await dialog.press('Save');
    const conflict = dialog.conflictOn('Reason');
    await expect(conflict).toContainText('Mine');
    await expect(conflict).toContainText('Theirs');
    // Who and when, by the hospital's clock.
    const { date, time } = written(String(theirs.updated_at));
    await expect(dialog.root).toContainText(`lab saved a change at ${date} ${time} while you were`);
    await expect(dialog.identifiers).toContainText('943 476 5919');
    expect(await lab.read(ada)).toMatchObject({ reason: 'Theirs', team: null });
    // Not before it is decided, and confirmed.
    await expect(dialog.button('Save my choices')).toBeDisabled();
    await conflict.getByLabel('Mine:').check();
    expect(await lab.read(ada)).toMatchObject({ reason: 'Theirs', team: null, version: theirs.version });
    await dialog.press('Save my choices');
    await dialog.isClosed();
    expect(await lab.read(ada)).toMatchObject({ reason: 'Mine', team: 'Surgery', version: theirs.version + 1 });
});

test('rule 14: what others do is announced summed up, and updating can be paused', async ({ open, lab }) => {
    const ada = await admitAda(lab);
    const grace = await admitGrace(lab);
    const mary = await lab.admit({ first_name: 'Mary', last_name: 'Somerville', ward: 'Elm Ward', bed: 'A4' });
    const wire = new Wire();
    const list = await open('sister', { wire });
    await list.search.focus();
    // They come together, however long they take to be made.
    wire.hold();
    await Promise.all([
        lab.change(ada, { acuity: 1, team: 'Surgery' }), lab.change(grace, { acuity: 2 }), lab.change(mary, { acuity: 3 }),
    ]);
    wire.mend();
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
});

test('rule 14: a paused list is the list as it was, whatever is looked for in it and however it is laid out', async ({
    open, lab,
}) => {
    const ada = await admitAda(lab);
    const grace = await admitGrace(lab);
    const list = await open('sister');
    await list.page.getByRole('button', { name: 'Pause' }).click();
    await lab.change(ada, { bed: 'A8', last_name: 'Byron' });
    await lab.admit({ first_name: 'Emmy', last_name: 'Noether', ward: 'Elm Ward', bed: 'A2' });
    await lab.delete(grace);
    await expect(list.banner).toContainText('3 rows have changed since');
    const isAsItWas = async () => {
        await expect(list.names).toHaveText([ADA, GRACE]);
        await expect(list.row(ADA).cell('Place')).toContainText('A1');
        await list.row(GRACE).isUnmarked();
    };
    await list.letGo();
    await list.page.keyboard.press('u');
    await isAsItWas();
    await expect(list.filters).toContainText('2 of 2 patients');
    await expect(list.updates).toHaveText('0 updates');
    await expect(list.page).toHaveTitle('Patients · Wardwatch');
    await list.search.fill('lovelace');
    await expect(list.names).toHaveText([ADA]);
    await list.search.fill('');
    await list.ward.selectOption('Elm Ward');
    await isAsItWas();
    const ward = await WardView.of(list);
    await expect(ward.bed('A1').locator('.name')).toHaveText(ADA);
    await expect(ward.patient(ADA).lead).not.toContainText('Now in');
    await expect(ward.bed('A2')).toHaveCount(0);
    // What one does oneself is seen.
    await list.admit({ 'Last name': 'Somerville', 'First name': 'Mary', Ward: 'Elm Ward', Bed: 'A9' });
    await expect(ward.bed('A9').locator('.name')).toHaveText(MARY);
    await expect(list.banner).toContainText('3 rows have changed since');
    await ward.bed('A1').locator('.name').click();
    await list.dialog.press('Edit');
    await list.dialog.fill({ Team: 'Geriatrics' });
    await list.dialog.press('Save');
    await list.dialog.press('Save my choices');
    await list.dialog.isClosed();
    // And with it what others did to that row.
    await expect(ward.patient('BYRON, Ada (Ms)').root).toBeVisible();
    await expect(list.banner).toContainText('2 rows have changed since');
    await list.banner.getByRole('button', { name: 'Go on' }).click();
    await expect(ward.bed('A8').locator('.name')).toHaveText('BYRON, Ada (Ms)');
    await expect(ward.bed('A2').locator('.name')).toHaveText('NOETHER, Emmy');
    await expect(list.updates).toHaveText('3 updates');
});

test('rule 14: whom one deletes in a pause is gone from it, marked or not', async ({ open, lab }) => {
    const ada = await admitAda(lab);
    await admitGrace(lab);
    const list = await open('sister');
    await lab.change(ada, { acuity: 2 });
    await list.row(ADA).isChanged('lab', 'Alerts');
    await list.page.getByRole('button', { name: 'Pause' }).click();
    for (const name of [ADA, GRACE]) {
        await (await list.openPatient(name)).press('Delete');
        await list.dialog.root.getByRole('button', { name: /^Delete/ }).click();
        await list.dialog.isClosed();
        await list.letGo();
        await list.row(name).isGone();
    }
    await expect(list.banner).toContainText('Nothing has changed since');
});

test('rule 14: what one looks for is told once, and what others do changes no word of it', async ({ open, lab }) => {
    const ada = await admitAda(lab);
    await admitGrace(lab);
    const list = await open('sister');
    const { page, announcer, filters } = list;
    const told = await page.evaluateHandle(() => {
        const said: string[] = [];
        const note = (changes: MutationRecord[]) => {
            for (const { target } of changes) {
                const region = (target.parentElement ?? (target as Element)).closest('[role=status], [role=alert], [aria-live]');
                if (region?.textContent) said.push(region.textContent);
            }
        };
        new MutationObserver(note).observe(document.body, { subtree: true, characterData: true, childList: true });
        return said;
    });
    await list.search.fill('lovel');
    const found = 'Filtered: here or expected, matching “lovel”. 1 of 2 patients.';
    await expect(filters).toHaveText(found);
    await expect(announcer).toHaveText(found);
    await Promise.all([
        lab.admit({ first_name: 'Byron', last_name: 'Lovelock', ward: 'Elm Ward', bed: 'A5' }), lab.change(ada, { acuity: 1 }),
    ]);
    await expect(filters).toHaveText('Filtered: here or expected, matching “lovel”. 2 of 3 patients.');
    await expect(announcer).toHaveText('2 patients updated');
    expect([...new Set(await told.jsonValue())]).toEqual([found, '2 patients updated']);
});

test('rule 14: who has a record or a form open is told of what somebody else does to that patient', async ({ open, lab }) => {
    const ada = await admitAda(lab);
    const grace = await admitGrace(lab);
    const list = await open('sister');
    const dialog = await list.openPatient(ADA);
    const told = dialog.root.locator('.meanwhile[role=status]');
    await expect(told).toHaveText('');
    await lab.change(grace, { acuity: 3 });
    await lab.change(ada, { reason: 'Fever' });
    await expect(told).toHaveText('lab has just changed: Reason.');
    await lab.change(ada, { reason: 'Fever, cough', allergy_status: 'known' });
    await expect(told).toHaveText('lab has just changed: Reason, Allergies.');
    // And marked as in the list: by a symbol, by words and by a colour.
    for (const label of ['Reason', 'Allergies']) await expect(dialog.fact(label)).toHaveText(/●Changed: /);
    await expect(dialog.root.locator('.record .changed')).toHaveCount(2);
    await expect(dialog.fact('Reason')).toHaveClass('changed');

    await dialog.press('Edit');
    await expect(told).toHaveText('');
    await dialog.fill({ Team: 'Surgery' });
    await lab.change(ada, { reason: 'Sepsis' });
    await expect(told).toHaveText('lab has just changed: Reason.');
    await lab.delete(ada);
    await expect(told).toHaveText(/lab has just deleted this record: nothing about it can be saved any more\.$/);
    await expect(dialog.field('Team')).toHaveValue('Surgery');
});

test('rule 14: colour is never the only sign', async ({ open, lab, line }) => {
    const all = {
        acuity: 1, allergy_status: 'known', code_status: 'limited', flags: [{ code: 'falls', text: '' }, { code: 'own', text: 'Own words' }],
    };
    await lab.admit({ ...all, bed: 'A1', status: 'expected' });
    await lab.admit({ first_name: 'Grace', last_name: 'Hopper', bed: 'A2', acuity: 4, allergy_status: 'none_known', code_status: 'full' });
    const mary = await lab.admit({ first_name: 'Mary', last_name: 'Somerville', bed: 'A3', status: 'on_leave', allergy_status: 'unavailable' });
    const emmy = await lab.admit({ first_name: 'Emmy', last_name: 'Noether', bed: 'A4' });
    await lab.change(emmy, { status: 'discharged' });
    const maria = await lab.admit({ first_name: 'Maria', last_name: 'Agnesi', bed: 'A5', status: 'expected' });
    await lab.change(maria, { status: 'cancelled' });
    const list = await open('sister', { at: line.url });
    await list.showAll.click();
    const { page } = list;
    const states: [string, RegExp][] = [
        ['LOVELACE, Ada', /^Expected/], [GRACE, /^Admitted/], [MARY, /^On leave/], ['NOETHER, Emmy', /^Discharged/],
        ['AGNESI, Maria', /^Cancelled/],
    ];
    for (const [name, word] of states) await expect(list.row(name).cell('Status').locator('.status')).toHaveText(word);
    await expect(list.row('LOVELACE, Ada').cell('Alerts').locator('.tag')).toHaveText([
        '▲ Acuity 1', '⚠ Allergies', '⚠ Limited resus', '⚑ Falls risk', '⚑ Own words',
    ]);
    // What is not known is not told from what is known by its colour alone.
    const words = await page.locator('.alerts .tag').evaluateAll(tags => tags.map(tag => [tag.className, tag.textContent] as const));
    const byWords = new Map<string, Set<string>>();
    for (const [look, text] of words) byWords.set(text!, (byWords.get(text!) ?? new Set()).add(look));
    for (const [text, looks] of byWords) {
        expect(text).toMatch(/\w/);
        expect(looks.size, `one look for “${text}”`).toBe(1);
    }
    await expect(list.row(MARY).cell('Alerts')).toContainText('?');

    await lab.change(mary, { acuity: 2 });
    await list.row(MARY).isChanged('lab', 'Alerts');
    await expect(list.badge).toHaveText(/^● \w+/);
    const star = list.row(GRACE).root.getByRole('button', { name: /^Star/ });
    await expect(star).toHaveText('☆');
    await star.click();
    await expect(star).toHaveText('★');
    // What is wrong in a form says so with a sign and in words.
    await list.admitButton.click();
    await list.dialog.press('Admit');
    const wrong = list.dialog.root.locator('.field-error:not(:empty)').first();
    await expect(wrong).toHaveText(/\w+/);
    expect(await wrong.evaluate(element => getComputedStyle(element, '::before').content)).toContain('✕');
    await page.keyboard.press('Escape');
    line.cut();
    await expect(list.badge).toHaveText(/^✕ \w+/);
});

for (const width of [360, 1440]) {
    test(`rule 14: every control is large enough, ${width} pixels`, async ({ open, lab }) => {
        const ada = await admitAda(lab);
        const grace = await admitGrace(lab);
        const list = await open('sister', { viewport: { width, height: 800 } });
        const { page, dialog } = list;
        await lab.change(ada, { attending: 'Dr A. Osei', status: 'on_leave' });
        await lab.delete(grace);
        await list.row(GRACE).isDeleted('lab');
        await expectLargeTargets(page, 'list');
        await page.locator('.menu summary').click();
        await expectLargeTargets(page, 'menu');
        await page.keyboard.press('Escape');
        await list.openPatient(ADA);
        await expectLargeTargets(page, 'record');
        for (const action of ['Edit', 'Transfer', 'Discharge', 'Delete']) {
            await dialog.press(action);
            await expectLargeTargets(page, action);
            await page.keyboard.press('Escape');
            await dialog.isClosed();
            await list.openPatient(ADA);
        }
        await page.keyboard.press('Escape');
        await list.more('Columns…');
        await expectLargeTargets(page, 'columns');
        await page.keyboard.press('Escape');
        await WardView.of(list);
        await expectLargeTargets(page, 'ward');
        for (const path of ['/changes', '/past', '/print', `/patients/${ada.id}/history`, '/password']) {
            await page.goto(path);
            await expectLargeTargets(page, path);
        }
    });
}
