import { readFile } from 'node:fs/promises';
import { expectAccessible, expectNoSidewaysScrolling } from '../fixtures/axe.ts';
import { pagesOf, papersOf } from '../fixtures/pdf.ts';
import { expect, test, type Socket } from '../fixtures/test.ts';
import { hoursAgo, written } from '../fixtures/time.ts';

const ADA = 'LOVELACE, Ada (Ms)';

/** A ward on which something has happened. */
async function fillWard(lab: Socket) {
    const ada = await lab.admit({
        title: 'Ms', birth_date: '1985-12-10', nhs_number: '9434765919', ward: 'Elm', room: 'Bay 1', bed: 'A1',
        attending: 'Dr A. Osei', team: 'Surgery', reason: 'Hip fracture', acuity: 1, allergy_status: 'known',
        code_status: 'limited', flags: [{ code: 'falls', text: '' }, { code: 'isolation', text: '' }],
        handover_note: 'Analgesia 02:00.\nBloods at 06:00, results to Dr Osei.',
    });
    const grace = await lab.admit({ first_name: 'Grace', last_name: 'Hopper', ward: 'Elm', bed: 'A2' });
    await lab.admit({ first_name: 'Mary', last_name: 'Somerville', ward: 'Ash', bed: 'C1' });
    await lab.admit({ first_name: 'Adah', last_name: 'Lovelace', ward: 'Elm', bed: 'A3', birth_date: '1985-12' });
    await lab.change(ada, { bed: 'B4' });
    await lab.change(grace, { status: 'discharged' });
    return { ada, grace };
}

test('what is made from a list is of that list, and leads back to it', async ({ open, lab }) => {
    await fillWard(lab);
    const list = await open('sister');
    const { page } = list;
    await list.ward.selectOption('Elm');
    await expect(list.names).toHaveCount(2);
    for (const [link, heading, shown] of [
        ['Changes on my shift', /^Changes from \d\d-\w{3}-\d{4}/, 'Filtered: here or expected, ward Elm.'],
        ['As it was…', 'The list as it was', 'Last night, 03:00'],
        ['Handover sheet', 'Handover sheet', 'ward Elm. 2 of 4 patients.'],
    ] as const) {
        await list.follow(link);
        await expect(page.getByRole('heading', { level: 1 })).toHaveText(heading);
        await expect(page.getByText(shown)).toBeVisible();
        await expect(page.locator('script')).toHaveCount(0);
        await page.getByRole('link', { name: 'Back to the list' }).click();
        await list.isLive();
        await expect(list.ward).toHaveValue('Elm');
        await expect(list.names).toHaveCount(2);
    }
});

test('a list is downloaded as it is arranged', async ({ open, lab }) => {
    await fillWard(lab);
    const list = await open('porter');
    await list.ward.selectOption('Elm');
    await list.column('Patient').getByRole('button').click();
    await expect(list.column('Patient')).toHaveAttribute('aria-sort', 'ascending');
    const download = async (link: string) => {
        const [file] = await Promise.all([list.page.waitForEvent('download'), list.follow(link)]);
        return { name: file.suggestedFilename(), text: await readFile(await file.path(), 'utf8') };
    };
    const table = await download('Table (CSV)');
    expect(table.name).toMatch(/^wardwatch-\d{4}-\d\d-\d\d-\d{4}\.csv$/);
    expect(table.text.split('\r\n').map(line => line.split(',')[1])).toEqual(['First name', 'Ada', 'Adah', undefined]);
    const fhir = await download('FHIR (NDJSON)');
    expect(fhir.name).toMatch(/\.ndjson$/);
    const resources = fhir.text.trimEnd().split('\n').map(line => JSON.parse(line));
    const given = resources.filter(({ resourceType }) => resourceType === 'Patient').map(({ name }) => name[0].given[0]);
    expect(given).toEqual(['Ada', 'Adah']);
    await list.isLive();
});

test('a record leads to its history, and the last change is taken back', async ({ open, lab }) => {
    const { ada } = await fillWard(lab);
    const list = await open('sister');
    const { page } = list;
    await list.openPatient(ADA);
    await list.dialog.root.getByRole('link', { name: 'History' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(`History: ${ADA}`);
    await expect(page.locator('.identifiers')).toHaveText(/^LOVELACE, Ada \(Ms\) · Born 10-Dec-1985 \(\d+y\) · NHS No 943 476 5919$/);
    await expect(page.locator('.block').first()).toContainText('Bed: A1 → becomes B4');
    await page.getByRole('link', { name: 'Take the last change back…' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(`Take back the last change: ${ADA}?`);
    await expect(page.locator('.identifiers')).toContainText('NHS No 943 476 5919');
    await page.getByRole('button', { name: 'Take it back' }).click();
    await expect(page.getByRole('status')).toContainText(`Taken back: ${ADA}`);
    await expect(page.locator('.block').first()).toContainText('by sister, through a page');
    expect((await lab.read(ada)).bed).toBe('A1');
    await page.getByRole('link', { name: 'Back to the list' }).click();
    await expect(list.row(ADA).cell('Place')).toContainText('A1');
});

test('what somebody did since is not taken back', async ({ open, lab }) => {
    const { ada } = await fillWard(lab);
    const list = await open('sister');
    const { page } = list;
    await page.goto(`/patients/${ada.id}/history`);
    await page.getByRole('link', { name: 'Take the last change back…' }).click();
    await expect(page).toHaveURL(/\/undo\?/);
    await lab.change(ada, { bed: 'C9' });
    await page.getByRole('button', { name: 'Take it back' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toContainText('the patient was changed again since');
    await expect(page.getByRole('main')).toContainText('Bed: B4 → becomes C9');
    expect((await lab.read(ada)).bed).toBe('C9');
    await page.getByRole('link', { name: `History: ${ADA}` }).click();
    await expect(page.locator('.block').first()).toContainText('C9');
});

test('nobody takes the list as it was for the list', async ({ open, lab }) => {
    await fillWard(lab);
    const list = await open('sister');
    const { page } = list;
    await list.follow('As it was…');
    await page.getByLabel('Date').fill('yesterday');
    await page.getByRole('button', { name: 'Show' }).click();
    await expect(page.getByRole('alert')).toContainText('This is no date and time.');
    await expect(page.getByLabel('Date')).toHaveValue('yesterday');
    // Before anybody was there, and as of now.
    await page.getByRole('link', { name: '24 hours ago' }).click();
    await expect(page.getByText('No patients to show.')).toBeVisible();
    const now = new Date().toISOString();
    await page.goto(`/past?at=${now}`);
    await expect(page).toHaveTitle(/^As of \d\d-\w{3}-\d{4} \d\d:\d\d · Wardwatch$/);
    await expect(page.getByRole('note')).toContainText('HISTORICAL: the list as of');
    const row = page.getByRole('row').filter({ hasText: ADA });
    await expect(row).toContainText('B4');
    await expect(row).toContainText('Similar name on this list');
    await lab.admit({ first_name: 'New', last_name: 'Comer' });
    await expect(page.getByText('COMER')).toHaveCount(0);
    await expect(page.getByRole('main').getByRole('button')).toHaveText(['Show']);
    await row.getByRole('link').click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(`History: ${ADA}`);
});

test('two moments are chosen, and what is different between them is told, no more and no less', async ({
    open, server, template,
}) => {
    const { token } = template;
    const ago = async (hours: number, what: Parameters<typeof hoursAgo>[3]) => hoursAgo(server, token, hours, what);
    const elm = { ward: 'Elm', birth_date: '1950' };
    await ago(30, async lab => {
        await lab.admit({ ...elm, bed: 'A1' });
        await lab.admit({ ...elm, first_name: 'Grace', last_name: 'Hopper', bed: 'A2' });
    });
    const of = async (lab: Socket, name: string) => (await lab.list()).find(({ last_name }) => last_name === name)!;
    await ago(20, async lab => lab.change(await of(lab, 'Lovelace'), { bed: 'B4' }));
    await ago(10, async lab => lab.change(await of(lab, 'Hopper'), { status: 'discharged' }));
    await ago(5, async lab => lab.admit({ ...elm, first_name: 'Mary', last_name: 'Somerville', bed: 'A2' }));

    const { page } = await open('sister');
    await page.goto('/changes');
    const choose = async (from: number, to: number) => {
        const moments = [from, to].map(hours => written(Date.now() - hours * 3_600_000));
        for (const [at, { date, time }] of moments.entries()) {
            const moment = page.getByRole('group', { name: ['From', 'To'][at] });
            await moment.getByLabel('Date').fill(date);
            await moment.getByLabel('Time').fill(time);
        }
        await page.getByRole('button', { name: 'Show' }).click();
        return moments[0]!;
    };
    const told = page.locator('.kind h2');
    const main = page.getByRole('main');
    await choose(25, 15);
    await expect(told).toHaveText(['⇄ Moved (1)']);
    await expect(page.getByRole('status')).toHaveText('1 patient: 1 moved. 1 change by 1 person or program.');
    await expect(page.locator('.block')).toContainText('LOVELACE, Ada');
    await expect(page.locator('.block')).toContainText('Bed: A1 → becomes B4');
    await expect(main).not.toContainText(/HOPPER|SOMERVILLE/);
    await choose(25, 8);
    await expect(told).toHaveText(['− Went (1)', '⇄ Moved (1)']);
    await choose(15, 1);
    await expect(told).toHaveText(['+ Came (1)', '− Went (1)']);
    await expect(main).not.toContainText('LOVELACE');
    await choose(48, 1);
    await expect(told).toHaveText(['+ Came (2)', '± Came and went (1)']);
    const { date, time } = await choose(3, 1);
    await expect(page.getByRole('status')).toHaveText('Nothing has changed on this list in this time.');
    // What was asked for stands in the form, and in the address that can be passed on.
    await expect(page.getByRole('group', { name: 'From' }).getByLabel('Date')).toHaveValue(date);
    await expect(page.getByRole('heading', { level: 1 })).toContainText(`Changes from ${date} ${time} to `);
    // The wrong way round, and what nobody knows yet.
    await choose(1, 3);
    await expect(page.getByRole('alert')).toHaveText('The end has to be later than the beginning.');
    await choose(3, -30);
    await expect(page.getByRole('alert')).toHaveText('This moment has not come yet.');
    await expect(told).toHaveCount(0);
});

test('on each page of the handover sheet is which it is, whose, and about whom', async ({ open, lab }) => {
    for (let bed = 1; bed <= 40; bed++) {
        await lab.admit({
            last_name: `Patient${String(bed).padStart(2, '0')}`, ward: 'Elm', bed: String(bed), birth_date: '1950',
            handover_note: bed === 7 ? 'Long.\n'.repeat(300) : `Note of ${bed}`,
        });
    }
    const languages = [
        ['en-GB', /Page (\d+) of (\d+)/, 'As of', 'asked for by sister'], ['de-DE', /Seite (\d+) von (\d+)/, 'Stand', 'abgerufen von sister'],
    ] as const;
    for (const [locale, number, asOf, by] of languages) {
        const { page } = await open('sister', { locale, javaScriptEnabled: false });
        const before = written(Date.now());
        await page.goto('/print');
        const after = written(Date.now());
        const pdf = await page.pdf({ preferCSSPageSize: true });
        const pages = pagesOf(pdf);
        expect(pages.length).toBeGreaterThan(5);
        expect(papersOf(pdf), 'A4').toEqual(pages.map(() => [210, 297]));
        for (const [place, text] of pages.entries()) {
            expect(number.exec(text)?.slice(1)).toEqual([String(place + 1), String(pages.length)]);
            // Of when it is, whenever it is printed, and who has asked for it.
            const heads = [before, after].map(({ date, time }) => `${asOf} ${date} ${time}, ${by}.`);
            expect(heads.some(head => text.includes(head)), `${heads[0]} on page ${place + 1}`).toBe(true);
            // A long note goes on beside the name of whom it is about.
            if (text.includes('Long.')) expect(text).toContain('PATIENT07');
            // Name and birth.
            expect(text).toMatch(/PATIENT\d\d, Ada/);
            expect(text).toContain('1950');
        }
    }
});

test('on each page of paper, the list as it was says that it is not live, and of when it is', async ({ open, server }) => {
    await server.addDemoPatients(120);
    for (const [locale, words, not] of [
        ['en-GB', 'HISTORICAL: the list as of', 'It is not live.'], ['de-DE', 'HISTORISCH: die Liste mit Stand', 'Sie ist nicht live.'],
    ] as const) {
        const { page } = await open('sister', { locale, javaScriptEnabled: false });
        const now = new Date();
        await page.goto(`/past?at=${now.toISOString()}`);
        // On the screen it is said once.
        await expect(page.getByText(words).filter({ visible: true })).toHaveCount(1);
        const names = await page.locator('.name').allInnerTexts();
        const pages = pagesOf(await page.pdf({ preferCSSPageSize: true }));
        expect(pages.length).toBeGreaterThan(3);
        const { date, time } = written(now.getTime());
        for (const [place, text] of pages.entries()) {
            expect(text, `page ${place + 1}`).toContain(`${words} ${date} ${time}.`);
            expect(text, `page ${place + 1}`).toContain(not);
            // And on none there is nothing else.
            expect(names.some(name => text.includes(name.split(',')[0]!)), `a patient on page ${place + 1}`).toBe(true);
        }
    }
});

for (const colorScheme of ['light', 'dark'] as const) {
    for (const [locale, width] of [['en-GB', 360], ['en-GB', 820], ['en-GB', 1440], ['de-DE', 360], ['de-DE', 1440]] as const) {
        test(`pages that hold still are accessible, ${colorScheme}, ${width} pixels, ${locale}`, async ({ open, lab }) => {
            test.slow();
            const { ada, grace } = await fillWard(lab);
            await lab.delete(grace);
            const list = await open('sister', { locale, colorScheme, viewport: { width, height: 900 } });
            const { page } = list;
            const pages = {
                history: `/patients/${ada.id}/history`,
                'history of one who is gone': `/patients/${grace.id}/history`,
                nobody: '/patients/999/history',
                'past, asked': '/past',
                past: `/past?at=${new Date().toISOString()}`,
                'past, refused': '/past?at=never',
                changes: '/changes',
                'changes, refused': '/changes?from=never',
                handover: '/print',
            };
            for (const [name, path] of Object.entries(pages)) {
                await page.goto(path);
                await expectAccessible(page, name);
                await expectNoSidewaysScrolling(page, name);
            }
            await page.goto(pages.history);
            await page.locator('a[href*="/undo"]').click();
            await expect(page).toHaveURL(/\/undo/);
            await expectAccessible(page, 'undo');
            await expectNoSidewaysScrolling(page, 'undo');
        });
    }
}
