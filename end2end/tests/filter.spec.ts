import { expect, test, Wire } from '../fixtures/test.ts';

const ADA = 'LOVELACE, Ada';
const SEAN = 'SØRENSEN, Seán';
const GRACE = 'HOPPER, Grace';

test.beforeEach(async ({ lab }) => {
    await lab.admit({ ward: 'Elm Ward', bed: 'A10', nhs_number: '9434765919', attending: 'Dr A. Osei' });
    await lab.admit({
        first_name: 'Seán', last_name: 'Sørensen', ward: 'Elm Ward', bed: 'A2', medical_record_number: 'M-77',
    });
    await lab.admit({ first_name: 'Grace', last_name: 'Hopper', ward: 'Ash Ward', bed: 'B1', status: 'on_leave' });
    await lab.admit({
        first_name: 'Gone', last_name: 'Home', ward: 'Elm Ward', dismissal_date: '2026-01-06T10:00:00Z',
    });
});

test('the search finds every word in any order, without case and diacritics, and numbers as they are read out', async ({
    open,
}) => {
    const list = await open('sister');
    const searches: [string, string[]][] = [
        ['sean sorensen', [SEAN]],
        ['SØRENSEN seán', [SEAN]],
        ['lace ad', [ADA]],
        ['943 476 5919', [ADA]],
        ['9434765919', [ADA]],
        ['m-77', [SEAN]],
        ['ada sorensen', []],
    ];
    for (const [words, found] of searches) {
        await list.search.fill(words);
        await expect(list.names).toHaveText(found);
        await expect(list.filters).toHaveText(
            `Filtered: here or expected, matching “${words}”. ${found.length} of 4 patients.`,
        );
    }
    await expect(list.page.getByText('Nobody is found by these filters. “Show all” above takes them away.')).toBeVisible();
    await list.search.fill('');
    await expect(list.names).toHaveCount(3);
});

test('ward and status filters are announced above the table, and “Show all” takes them away', async ({ open }) => {
    const list = await open('sister');
    await expect(list.filters).toHaveText('Filtered: here or expected. 3 of 4 patients.');
    await list.ward.selectOption('Elm Ward');
    await expect(list.filters).toHaveText('Filtered: here or expected, ward Elm Ward. 2 of 4 patients.');
    await expect(list.page.getByRole('heading', { level: 1 })).toContainText('Elm Ward');
    await list.status.selectOption('Discharged');
    await expect(list.filters).toHaveText('Filtered: discharged, ward Elm Ward. 1 of 4 patients.');
    await expect(list.names).toHaveText(['HOME, Gone']);
    await list.search.fill('nobody');
    await list.showAll.click();
    await expect(list.filters).toHaveText('All 4 patients.');
    await expect(list.names).toHaveCount(4);
    await expect(list.search).toHaveValue('');
    await expect(list.ward).toHaveValue('');
    await expect(list.status).toHaveValue('all');
    await expect(list.showAll).toBeHidden();
});

test('a flag is filtered by, which is said, can be passed on and stays', async ({ open, lab }) => {
    const [ada, sean] = await lab.list();
    await lab.change(ada, { flags: [{ code: 'falls', text: '' }, { code: 'isolation', text: '' }] });
    await lab.change(sean, { flags: [{ code: 'isolation', text: 'MRSA' }] });
    const list = await open('sister');
    const { page } = list;
    const choose = async (flag: string) => {
        await page.locator('.menu summary').click();
        await page.getByLabel('Flag').selectOption(flag);
        await page.keyboard.press('Escape');
    };
    await choose('Isolation');
    await expect(list.names).toHaveText([SEAN, ADA]);
    await choose('Falls risk');
    await expect(list.names).toHaveText([ADA]);
    await expect(list.filters).toHaveText('Filtered: here or expected, flag falls risk. 1 of 4 patients.');
    await expect(page).toHaveURL(/\?flag=falls$/);
    await lab.change(sean, { flags: [{ code: 'falls', text: '' }] });
    await list.letGo();
    await expect(list.names).toHaveText([SEAN, ADA]);
    const doctor = await open('doctor');
    await doctor.page.goto('/?flag=falls');
    await doctor.isLive();
    await expect(doctor.names).toHaveText([SEAN, ADA]);
    const again = await open('sister');
    await expect(again.names).toHaveText([SEAN, ADA]);
    await again.showAll.click();
    await expect(again.names).toHaveCount(4);
    await expect(again.page.locator('#flag')).toHaveValue('');
});

test('the list is sorted by bed as people count, and by any column both ways', async ({ open }) => {
    const list = await open('sister');
    await expect(list.names).toHaveText([GRACE, SEAN, ADA]);
    await expect(list.column('Bed')).toHaveAttribute('aria-sort', 'ascending');
    const patient = list.column('Patient');
    await patient.getByRole('button').click();
    await expect(list.names).toHaveText([GRACE, ADA, SEAN]);
    await expect(patient).toHaveAttribute('aria-sort', 'ascending');
    await expect(list.column('Bed')).not.toHaveAttribute('aria-sort');
    await patient.getByRole('button').click();
    await expect(list.names).toHaveText([SEAN, ADA, GRACE]);
    await expect(patient).toHaveAttribute('aria-sort', 'descending');
    await list.column('Status').getByRole('button').click();
    await expect(list.names).toHaveText([SEAN, ADA, GRACE]);
    await list.column('Attending').getByRole('button').click();
    await expect(list.names.first()).toHaveText(ADA);
});

test('a row that somebody else moves out of the filter stays, marked, until it is seen', async ({ open, lab }) => {
    const list = await open('sister');
    await list.ward.selectOption('Elm Ward');
    await expect(list.names).toHaveText([SEAN, ADA]);
    const [ada] = await lab.list();
    await lab.change(ada, { ward: 'Ash Ward' });
    await list.row(ADA).isChanged('lab', 'Place');
    await expect(list.row(ADA).cell('Place')).toContainText('Ash Ward');
    await list.row(ADA).seen.click();
    await list.letGo();
    await list.row(ADA).isGone();
    await expect(list.names).toHaveText([SEAN]);
    // And one that comes into the filter is new there.
    await lab.change(ada, { ward: 'Elm Ward' });
    await list.row(ADA).isNew('lab');
});

test('updates that a search hides are counted as out of view', async ({ open, lab }) => {
    const list = await open('sister');
    await list.search.fill('hopper');
    const [ada] = await lab.list();
    await lab.change(ada, { team: 'Surgery' });
    await expect(list.updates).toHaveText('1 update (1 out of view)');
    await list.search.fill('');
    await list.row(ADA).isChanged('lab', 'Attending');
    await expect(list.updates).toHaveText('1 update');
});

test('a new ward can be filtered by as soon as somebody is there', async ({ open, lab }) => {
    const list = await open('sister');
    await lab.admit({ first_name: 'Mary', last_name: 'Somerville', ward: 'Yew Ward' });
    await list.row('SOMERVILLE, Mary').isNew('lab');
    await list.ward.selectOption('Yew Ward');
    await expect(list.names).toHaveText(['SOMERVILLE, Mary']);
    // Somebody is admitted where one is looking.
    await list.admitButton.click();
    await expect(list.dialog.field('Ward')).toHaveValue('Yew Ward');
});

test('the ward filter names the ward even when the last patient has left it', async ({ open, lab }) => {
    const list = await open('sister');
    const grace = (await lab.list()).find(patient => patient.first_name === 'Grace')!;
    await list.ward.selectOption('Ash Ward');
    await lab.change(grace, { ward: 'Elm Ward' });
    await list.row(GRACE).seen.click();
    await list.letGo();
    await expect(list.filters).toHaveText('Filtered: here or expected, ward Ash Ward. 0 of 4 patients.');
    // Or else it would claim to show all wards.
    await expect(list.ward).toHaveValue('Ash Ward');
});

test('a select says what the list shows, also when it was chosen by hand before and then in another way', async ({ open }) => {
    const list = await open('sister');
    await list.status.selectOption('all');
    await list.status.selectOption('current');
    await expect(list.filters).toHaveText('Filtered: here or expected. 3 of 4 patients.');
    await list.showAll.click();
    await expect(list.filters).toHaveText('All 4 patients.');
    await expect(list.status).toHaveValue('all');

    await list.ward.selectOption('Elm Ward');
    await list.ward.selectOption('Ash Ward');
    await expect(list.names).toHaveText([GRACE]);
    await list.page.goBack();
    await expect(list.filters).toContainText('ward Elm Ward');
    await expect(list.ward).toHaveValue('Elm Ward');
    await list.page.goBack();
    await expect(list.filters).toHaveText('All 4 patients.');
    await expect(list.ward).toHaveValue('');
});

test('back from a record comes to the list as it was kept from the last time', async ({ open }) => {
    const wire = new Wire();
    const first = await open('sister', { wire });
    await first.ward.selectOption('Elm Ward');
    await expect.poll(() => wire.answers('remember').length).toBe(1);
    const list = await open('sister');
    await expect(list.ward).toHaveValue('Elm Ward');
    await list.openPatient(ADA);
    await list.page.goBack();
    await list.dialog.isClosed();
    await expect(list.ward).toHaveValue('Elm Ward');
    await expect(list.names).toHaveText([SEAN, ADA]);
    await list.page.reload();
    await expect(list.names).toHaveText([SEAN, ADA]);
});
