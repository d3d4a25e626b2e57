import { expectAccessible, expectNoSidewaysScrolling } from '../fixtures/axe.ts';
import { expect, test, type Socket } from '../fixtures/test.ts';
import { WardView } from '../pages/ward.ts';

const ADA = 'LOVELACE, Ada';
const GRACE = 'HOPPER, Grace';
const MARY = 'SOMERVILLE, Mary';
const EMMY = 'NOETHER, Emmy';

const ELM = { ward: 'Elm Ward' };

/** Noon of the hospital's day. */
const noon = () => `${new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/London' }).format()}T12:00:00Z`;

/** A ward with two rooms, an empty bed, somebody on leave, somebody in no bed, somebody who is to come and one who went. */
async function fillWard(lab: Socket) {
    const ada = await lab.admit({
        ...ELM, room: 'Bay 2', bed: 'A10', birth_date: '1985-12-10', nhs_number: '9434765919', acuity: 1,
        allergy_status: 'known', code_status: 'limited', flags: [{ code: 'falls', text: '' }],
    });
    const grace = await lab.admit({ first_name: 'Grace', last_name: 'Hopper', ...ELM, room: 'Bay 2', bed: 'A9' });
    const mary = await lab.admit({
        first_name: 'Mary', last_name: 'Somerville', ...ELM, room: 'Bay 10', bed: 'B1', status: 'on_leave',
    });
    await lab.admit({ first_name: 'Emmy', last_name: 'Noether', ...ELM });
    await lab.admit({
        first_name: 'Sofja', last_name: 'Kowalewskaja', ...ELM, room: 'Bay 2', bed: 'A9', status: 'expected',
        admission_date: noon(),
    });
    const gone = await lab.admit({ first_name: 'Maria', last_name: 'Agnesi', ...ELM, room: 'Bay 2', bed: 'A2' });
    await lab.change(gone, { status: 'discharged' });
    return { ada, grace, mary };
}

test('a ward is shown as it is laid out: rooms and beds in their order, empty ones, and who is in none', async ({
    open, lab,
}) => {
    await fillWard(lab);
    await lab.admit({ first_name: 'Rosalind', last_name: 'Franklin', ward: 'Ash Ward', bed: 'C1' });
    const ward = await WardView.of(await open('sister'));
    await expect(ward.headings).toHaveText(['Ash Ward 1 of 1 bed', 'Elm Ward 3 of 4 beds, 1 on leave, 1 without a bed']);
    await ward.list.ward.selectOption('Elm Ward');
    await expect(ward.headings).toHaveText(['Elm Ward 3 of 4 beds, 1 on leave, 1 without a bed']);
    await expect(ward.rooms).toHaveText(['Bay 2', 'Bay 10', 'No bed', 'Expected', 'Discharges today']);
    await expect(ward.beds('Bay 2')).toHaveText(['A2', 'A9', 'A10']);
    await expect(ward.beds('Bay 10')).toHaveText(['B1']);
    await expect(ward.bed('A2')).toHaveText(/^A2UNOCCUPIED$/);
    const ada = ward.bed('A10');
    for (const part of [
        'LOVELACE, Ada', 'Born 10-Dec-1985', 'NHS No 943 476 5919', 'Admitted', 'Acuity 1', '⚠ Allergies', '⚠ Limited resus',
        '⚑ Falls risk',
    ]) await expect(ada).toContainText(part);
    await expect(ward.bed('B1')).toContainText('On leave');
    await expect(ward.group('No bed')).toContainText(EMMY);
    await expect(ward.group('Expected').getByRole('listitem')).toHaveText(/^1[23]:00 · Bay 2, A9.*KOWALEWSKAJA, Sofja/s);
    await expect(ward.group('Discharges today').getByRole('listitem')).toHaveText(/^\d\d:\d\d · Bay 2, A2.*AGNESI, Maria/s);

    // How full the ward is does not depend on whom one looks for.
    await ward.list.search.fill('hopper');
    await expect(ward.beds()).toHaveText(['A9']);
    await expect(ward.headings).toHaveText(['Elm Ward 3 of 4 beds, 1 on leave, 1 without a bed']);
});

test('what others do is on the plan at once: an admission in its bed, a transfer once no hand is on it', async ({
    open, lab,
}) => {
    const { ada } = await fillWard(lab);
    const ward = await WardView.of(await open('sister'));
    await lab.admit({ first_name: 'Rosalind', last_name: 'Franklin', ...ELM, room: 'Bay 2', bed: 'A2' });
    await expect(ward.bed('A2')).toContainText('FRANKLIN, Rosalind');
    await expect(ward.bed('A2')).toContainText('● New on this list by lab');
    await expect(ward.headings).toHaveText(['Elm Ward 4 of 4 beds, 1 on leave, 1 without a bed']);

    // The pointer is on her.
    await ward.patient(ADA).root.hover();
    await lab.change(ada, { room: 'Bay 10', bed: 'B2' });
    await expect(ward.list.waiting).toHaveText('1 pending: show');
    await expect(ward.bed('A10').locator('.name')).toHaveText(ADA);
    await expect(ward.patient(ADA).lead).toContainText('Now in Elm Ward, Bay 10, bed B2');
    await expect(ward.bed('B2')).toHaveCount(0);
    await ward.list.letGo();
    await expect(ward.bed('B2').locator('.name')).toHaveText(ADA);
    await expect(ward.beds('Bay 10')).toHaveText(['B1', 'B2']);
    await expect(ward.list.waiting).toBeHidden();
    // Nobody knows of that bed any more.
    await expect(ward.bed('A10')).toHaveCount(0);

    // What happens in place is seen under the hand, too.
    await ward.patient(GRACE).root.hover();
    const grace = (await lab.list()).find(patient => patient.first_name === 'Grace')!;
    await lab.change(grace, { acuity: 2 });
    await expect(ward.bed('A9')).toContainText('Acuity 2');
});

test('a bed of the plan is UNOCCUPIED when whoever was in it has moved or was never there', async ({ open, lab, server }) => {
    await server.planBeds('Elm Ward,Bay 1,A1', 'Elm Ward,Bay 1,A2', 'Elm Ward,Bay 2,B1');
    const ada = await lab.admit({ ward: 'Elm Ward', room: 'Bay 1', bed: 'A1' });
    const grace = await lab.admit({ first_name: 'Grace', last_name: 'Hopper', ward: 'Elm Ward', room: 'Bay 2', bed: 'B1' });
    const list = await open('sister');
    const ward = await WardView.of(list);
    await expect(ward.headings).toHaveText(['Elm Ward 2 of 3 beds']);
    await lab.change(ada, { bed: 'A2' });
    await lab.delete(grace);
    await list.letGo();
    await expect(ward.bed('A1')).toHaveText(/^A1UNOCCUPIED$/);
    await expect(ward.bed('A2').locator('.name')).toHaveText(ADA);
    await list.row(GRACE).isGone();
});

test('a ward of the plan is there to choose before its first patient comes', async ({ open, lab, server }) => {
    await server.planBeds('Elm Ward,Bay 1,A1', 'Oak Ward,,1', 'Oak Ward,,2');
    await lab.admit({ ward: 'Elm Ward', room: 'Bay 1', bed: 'A1' });
    const list = await open('sister');
    await list.ward.selectOption('Oak Ward');
    await expect(list.filters).toContainText('ward Oak Ward');
    const ward = await WardView.of(list);
    await expect(ward.headings).toHaveText(['Oak Ward 0 of 2 beds']);
    await expect(ward.bed('2')).toHaveText(/^2UNOCCUPIED$/);
});

test('where two records say that one bed is in two rooms, each is shown with what its own says', async ({ open, lab }) => {
    await lab.admit({ ward: 'Elm Ward', room: 'Bay 1', bed: 'A1' });
    await lab.admit({ first_name: 'Grace', last_name: 'Hopper', ward: 'Elm Ward', room: 'Bay 2', bed: 'A1' });
    const ward = await WardView.of(await open('sister'));
    await expect(ward.bed('A1')).toContainText('2 patients in this bed');
    await expect(ward.rooms).toHaveText(['Bay 2']);
    await expect(ward.patient(ADA).lead).toContainText('Now in Elm Ward, Bay 1, bed A1');
    await expect(ward.patient(GRACE).lead).not.toContainText('Now in');
});

test('a discharge leaves the bed empty and is named among those of the day', async ({ open, lab }) => {
    await fillWard(lab);
    const ward = await WardView.of(await open('sister'));
    await ward.patient(GRACE).name.click();
    await ward.list.dialog.press('Discharge');
    await ward.list.dialog.press('Discharge');
    await ward.list.letGo();
    await expect(ward.bed('A9')).toHaveText(/^A9UNOCCUPIED$/);
    await expect(ward.group('Discharges today').locator('.name')).toHaveText(['AGNESI, Maria', GRACE]);
    await ward.list.undo(GRACE);
    await ward.list.letGo();
    await expect(ward.bed('A9').locator('.name')).toHaveText([GRACE]);
});

test('marks are the list’s: what changed, by whom, until it is seen', async ({ open, lab }) => {
    const { ada, grace, mary } = await fillWard(lab);
    const ward = await WardView.of(await open('sister'));
    const doctor = await WardView.of(await open('doctor'));
    await lab.change(ada, { acuity: 3, attending: 'Dr A. Osei' });
    const card = ward.patient(ADA);
    await expect(card.mark).toContainText('● Changed by lab');
    await expect(card.root.locator('.facts .changed')).toContainText('●Changed: ');
    // A tile does not show who attends: so it is said what else is another.
    await expect(card.root.locator('.hidden-changes')).toHaveText('Changed: Attending');
    await expect(ward.list.updates).toHaveText('1 update');
    await card.seen.click();
    await expect(card.mark).toHaveCount(0);
    await expect(card.root.locator('.changed, .hidden-changes')).toHaveCount(0);
    await expect(doctor.patient(ADA).mark).toContainText('● Changed by lab');

    // Who is gone for good, or to another ward, is named until that is seen.
    await ward.list.ward.selectOption('Elm Ward');
    await lab.delete(grace);
    await lab.change(mary, { ward: 'Ash Ward' });
    await ward.list.letGo();
    await expect(ward.group('No longer here').locator('.name')).toHaveText([MARY, GRACE]);
    await expect(ward.patient(MARY).lead).toContainText('Ash Ward, Bay 10, bed B1');
    await expect(ward.patient(GRACE).mark).toContainText('● Deleted by lab');
    await ward.list.clearAll();
    await ward.list.letGo();
    await expect(ward.group('No longer here')).toHaveCount(0);
});

test('two patients in one bed are both there, with a warning, and so are two of one name', async ({ open, lab }) => {
    await lab.admit({ first_name: 'Jon', last_name: 'Smith', ...ELM, bed: 'A1' });
    await lab.admit({ first_name: 'John', last_name: 'Smith', ...ELM, bed: 'A1' });
    const ward = await WardView.of(await open('sister'));
    await expect(ward.bed('A1')).toContainText('⚠ 2 patients in this bed');
    await expect(ward.bed('A1').locator('.name')).toHaveText(['SMITH, John', 'SMITH, Jon']);
    await expect(ward.bed('A1').locator('.alike')).toHaveText(Array(2).fill('⚠ Similar name on this list'));
    await expect(ward.headings).toHaveText(['Elm Ward 1 of 1 bed']);
    // The other one is in the bed, whomever one looks for.
    await ward.list.search.fill('john');
    await expect(ward.bed('A1').locator('.name')).toHaveText(['SMITH, John']);
    await expect(ward.bed('A1')).toContainText('⚠ 2 patients in this bed');
});

test('everything on the plan can be done by keyboard, and the focus stays with its patient', async ({ open, lab }) => {
    const { ada, grace } = await fillWard(lab);
    const ward = await WardView.of(await open('sister'));
    const { page, dialog } = ward.list;
    await lab.change(grace, { acuity: 2 });
    await page.keyboard.press('ArrowRight');
    await expect(ward.patient(GRACE).name).toBeFocused();
    await page.keyboard.press('s');
    await expect(ward.patient(GRACE).mark).toHaveCount(0);
    await page.keyboard.press('ArrowDown');
    await expect(ward.patient(ADA).name).toBeFocused();
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('j');
    await page.keyboard.press('*');
    await expect(ward.patient(ADA).root.getByRole('button', { name: /^Star/ })).toHaveAttribute('aria-pressed', 'true');
    // She moves when asked for, and the focus with her.
    await lab.change(ada, { room: 'Bay 10', bed: 'B0' });
    await expect(ward.list.waiting).toHaveText('1 pending: show');
    await page.keyboard.press('u');
    await expect(ward.bed('B0').locator('.name')).toBeFocused();
    await page.keyboard.press('Enter');
    await expect(dialog.title).toHaveText(ADA);
    await page.keyboard.press('Escape');
    await dialog.isClosed();
    await expect(ward.patient(ADA).name).toBeFocused();
});

test('list or ward is in the address, goes back and forward, and is kept for its user', async ({ open, lab }) => {
    await fillWard(lab);
    const list = await open('sister');
    const ward = await WardView.of(list);
    await expect(list.page).toHaveURL(/\/\?view=ward$/);
    await expect(list.table).toHaveCount(0);
    await list.ward.selectOption('Elm Ward');
    await expect(list.page).toHaveURL(/\/\?ward=Elm%20Ward&view=ward$/);
    await ward.choose('List');
    await expect(list.table).toBeVisible();
    await expect(list.names).toHaveText([GRACE, 'KOWALEWSKAJA, Sofja', ADA, MARY, EMMY]);
    await list.page.goBack();
    await expect(ward.region).toBeVisible();
    await list.page.goForward();
    await expect(list.table).toBeVisible();
    await list.page.goBack();
    await expect(ward.region).toBeVisible();
    await list.showAll.click();
    await expect(list.page).toHaveURL(/\/\?status=all&view=ward$/);
    // On another screen of hers, in the first page already.
    const again = new WardView(await open('sister'));
    await expect(again.region).toBeVisible();
    await expect(again.beds('Bay 2')).toHaveText(['A2', 'A9', 'A10']);
    await expect((await open('doctor')).table).toBeVisible();
    const plain = new WardView(await open('sister', { javaScriptEnabled: false }));
    await expect(plain.bed('A10')).toContainText(ADA);
});

test('of a whole house each ward says how full it is, and one of them can be chosen', async ({ open, server }) => {
    await server.addDemoPatients(400);
    const ward = await WardView.of(await open('sister'));
    await expect(ward.headings.first()).toContainText(/\d+ of \d+ beds/);
    await expect(ward.beds()).toHaveCount(0);
    await expect(ward.region.locator('.ward-summary').first()).toHaveText(/^\d+ expected · \d+ discharged today.*Show$/s);
    const first = (await ward.headings.first().locator('.ward-name').textContent())!;
    await ward.region.getByRole('button', { name: `Show ${first}`, exact: true }).click();
    await expect(ward.headings).toHaveCount(1);
    await expect(ward.list.ward).toHaveValue(first);
    await expect(ward.beds()).not.toHaveCount(0);
});

test('updates that one would have to scroll to are counted as out of view', async ({ open, lab, server }) => {
    await server.addDemoPatients(100);
    await lab.admit({ first_name: 'Zoe', last_name: 'Zuse', ward: 'Zinnia Ward', bed: 'Z9' });
    const ward = await WardView.of(await open('sister'));
    const zoe = (await lab.list()).find(patient => patient.last_name === 'Zuse')!;
    await lab.change(zoe, { acuity: 1 });
    await expect(ward.list.updates).toHaveText('1 update (1 out of view)');
    await ward.bed('Z9').scrollIntoViewIfNeeded();
    await expect(ward.list.updates).toHaveText('1 update');
});

test('a lost link mutes the plan as it does the list', async ({ open, lab, line }) => {
    await fillWard(lab);
    const ward = await WardView.of(await open('sister', { at: line.url }));
    line.cut();
    await ward.list.isNotLive();
    await expect(ward.region).toHaveClass(/muted/);
    line.mend();
    await ward.list.isLive();
    await expect(ward.region).not.toHaveClass(/muted/);
});

for (const colorScheme of ['light', 'dark'] as const) {
    for (const [device, width, height] of [['desktop', 1280, 800], ['phone', 360, 800]] as const) {
        test(`the plan is accessible, ${colorScheme}, ${device}`, async ({ open, lab }) => {
            const { ada, mary } = await fillWard(lab);
            await lab.admit({
                first_name: 'Wolfeschlegelsteinhausenbergerdorff', last_name: 'Featherstonehaugh-Cholmondeley-Marjoribanks',
                ...ELM, room: 'Bay 2', bed: 'A9',
            });
            const ward = await WardView.of(await open('sister', { colorScheme, viewport: { width, height } }));
            await lab.change(ada, { acuity: 2, code_status: 'full', attending: 'Dr A. Osei' });
            await lab.delete(mary);
            await lab.admit({ first_name: 'Rosalind', last_name: 'Franklin', ...ELM, room: 'Bay 2', bed: 'A3' });
            await expect(ward.patient(MARY).mark).toBeVisible();
            await expect(ward.bed('A3')).toContainText('New on this list');
            await expectAccessible(ward.page, 'ward');
            await expectNoSidewaysScrolling(ward.page, 'ward');
            const small = await ward.page.locator('button:visible').evaluateAll(all => all
                .map(element => ({ text: element.textContent, box: element.getBoundingClientRect() }))
                .filter(({ box }) => box.width < 24 || box.height < 24)
                .map(({ text }) => text));
            expect(small, 'controls under 24 pixels (WCAG 2.5.8)').toEqual([]);
        });
    }
}
