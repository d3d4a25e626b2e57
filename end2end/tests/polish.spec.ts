import type { Locator, Page } from '@playwright/test';
import { expectNoSidewaysScrolling } from '../fixtures/axe.ts';
import { pagesOf } from '../fixtures/pdf.ts';
import { expect, test, Wire, type Socket } from '../fixtures/test.ts';
import { ListPage } from '../pages/list.ts';
import { WallPage, WardView } from '../pages/ward.ts';

// What a program on a ward's devices is expected to do beside the list itself: addresses, icons, and a user's system settings.

const ADA = 'LOVELACE, Ada';
const GRACE = 'HOPPER, Grace';

async function fillWard(lab: Socket) {
    const ada = await lab.admit({ ward: 'Elm Ward', bed: 'A1', nhs_number: '9434765919', birth_date: '1985-12-10' });
    const grace = await lab.admit({ first_name: 'Grace', last_name: 'Hopper', ward: 'Elm Ward', bed: 'A2' });
    return { ada, grace };
}

// ------------------------------------------------------------------------------------------------------- addresses

test('a record has an address: back closes it, forward opens it again', async ({ open, lab }) => {
    const { ada, grace } = await fillWard(lab);
    const list = await open('sister');
    const { page, dialog } = list;
    await list.remember();
    await list.openPatient(ADA);
    await expect(page).toHaveURL(`/?patient=${ada.id}`);
    await page.goBack();
    await dialog.isClosed();
    await expect(page).toHaveURL('/');
    await page.goForward();
    await expect(dialog.title).toHaveText(ADA);
    await page.keyboard.press('Escape');
    await dialog.isClosed();
    await expect(page).toHaveURL('/');

    // With what is filtered by.
    await list.ward.selectOption('Elm Ward');
    await list.openPatient(GRACE);
    await expect(page).toHaveURL(`/?ward=Elm%20Ward&patient=${grace.id}`);
    await page.goBack();
    await dialog.isClosed();
    await expect(list.ward).toHaveValue('Elm Ward');
    await page.goBack();
    await page.goBack();
    await expect(dialog.title).toHaveText(ADA);
    await expect(list.ward).toHaveValue('');
    await list.isSamePage();
});

test('a record’s address opens it for whoever may see it, with its two identifiers, and says when there is none', async ({
    open, lab,
}) => {
    const { ada } = await fillWard(lab);
    const list = await open('porter');
    const { page, dialog } = list;
    await page.goto(`/?patient=${ada.id}`);
    await list.isLive();
    await expect(dialog.title).toHaveText(ADA);
    await expect(dialog.identifiers).toHaveText(`${ADA} · NHS No 943 476 5919`);
    await page.reload();
    await list.isLive();
    await expect(dialog.title).toHaveText(ADA);
    // Somebody whom the filter leaves out is the one that was asked for all the same.
    await page.goto(`/?q=hopper&patient=${ada.id}`);
    await list.isLive();
    await expect(dialog.title).toHaveText(ADA);
    await page.goto('/?patient=987654');
    await list.isLive();
    await expect(dialog.title).toHaveText('This patient is not on the list');
    await dialog.press('Back to the list');
    await expect(list.names).toHaveText([ADA, GRACE]);
    await page.goto('/?patient=nobody');
    await list.isLive();
    await expect(dialog.root).toHaveCount(0);
});

test('going back while something is typed does not throw it away', async ({ open, lab }) => {
    await fillWard(lab);
    const list = await open('sister');
    const { page, dialog } = list;
    await list.remember();
    await list.startEdit(ADA);
    await dialog.fill({ Reason: 'Long and carefully worded' });
    await page.goBack();
    await expect(dialog.field('Reason')).toHaveValue('Long and carefully worded');
    await dialog.press('Save');
    await expect(list.row(ADA).cell('Admitted')).toContainText('Long and carefully worded');
    await list.isSamePage();
});

// ----------------------------------------------------------------------------------------------- a system's settings

/** How an element is framed, where a system sets the colours: what can be seen of it there. */
function frame(element: Locator): Promise<string> {
    return element.evaluate(element => {
        const style = getComputedStyle(element);
        const { outlineStyle, outlineWidth, outlineColor, borderLeftStyle, borderLeftWidth } = style;
        const outline = outlineStyle === 'none' ? 'none' : `${outlineStyle} ${outlineWidth} ${outlineColor}`;
        return `${outline}, ${borderLeftStyle} ${borderLeftWidth}`;
    });
}

/** Gives it the focus, as somebody who uses keys. */
async function focusShown(page: Page, element: Locator): Promise<void> {
    await element.focus();
    await page.keyboard.press('Shift');
    await expect(element).toBeFocused();
}

test('with a system’s own colours, changes, marks and the focus are still told apart', async ({ open, lab }) => {
    const { ada, grace } = await fillWard(lab);
    await lab.admit({ first_name: 'Mary', last_name: 'Somerville', ward: 'Elm Ward', bed: 'A3' });
    const list = await open('sister', { forcedColors: 'active' });
    const { page } = list;
    expect(await page.evaluate(() => matchMedia('(forced-colors: active)').matches)).toBe(true);
    await lab.change(ada, { attending: 'Dr A. Osei' });
    await lab.delete(grace);
    await lab.admit({ first_name: 'Emmy', last_name: 'Noether', ward: 'Elm Ward', bed: 'A4' });
    await list.letGo();
    await list.row('NOETHER, Emmy').isNew('lab');
    await list.row(GRACE).isDeleted('lab');

    const plain = await frame(list.row('SOMERVILLE, Mary').cell('Attending'));
    const changed = await frame(list.row(ADA).cell('Attending'));
    expect(changed).not.toBe(plain);
    expect(changed, 'a frame, not a ground').toMatch(/^dashed \d/);
    expect(await frame(list.row(ADA).cell('Status'))).toBe(plain);
    const place = await frame(list.row('SOMERVILLE, Mary').cell('Place'));
    for (const name of ['NOETHER, Emmy', GRACE]) expect(await frame(list.row(name).cell('Place')), name).not.toBe(place);

    // The focus, on a name, a field and a button; and it is not the frame of a change.
    for (const element of [list.row(ADA).name, list.search, list.admitButton, list.table]) {
        await list.letGo();
        const before = await frame(element);
        await focusShown(page, element);
        const focused = await frame(element);
        expect(focused).toMatch(/^(solid|auto) [1-9]/);
        expect(focused).not.toBe(before);
        expect(focused.split(',')[0]).not.toBe(changed.split(',')[0]);
    }
});

test('with a system’s own colours, the ward view frames what has changed, come or gone', async ({ open, lab }) => {
    const { ada, grace } = await fillWard(lab);
    await lab.admit({ first_name: 'Mary', last_name: 'Somerville', ward: 'Elm Ward', bed: 'A3', acuity: 3 });
    const ward = await WardView.of(await open('sister', { forcedColors: 'active' }));
    await lab.change(ada, { acuity: 1 });
    await lab.delete(grace);
    await lab.admit({ first_name: 'Emmy', last_name: 'Noether', ward: 'Elm Ward', bed: 'A4' });
    await ward.list.letGo();
    for (const name of [ADA, GRACE, 'NOETHER, Emmy']) {
        await expect(ward.patient(name).mark).toContainText('●');
        expect(await frame(ward.patient(name).mark)).toMatch(/solid 1px$/);
    }
    const facts = (name: string) => frame(ward.patient(name).root.locator('.facts > span').nth(1));
    await expect(ward.patient(ADA).root.locator('.facts .changed')).toBeVisible();
    expect(await facts(ADA)).not.toBe(await facts('SOMERVILLE, Mary'));
});

test('with a system’s own colours, which of two buttons is pressed is seen by more than its weight', async ({ open, lab }) => {
    await fillWard(lab);
    const { page } = await open('sister', { forcedColors: 'active' });
    const look = (button: Locator) => button.evaluate(element => {
        const { borderTopColor, borderTopWidth, borderTopStyle, backgroundColor, color, textDecorationLine, outline } = getComputedStyle(element);
        return [borderTopColor, borderTopWidth, borderTopStyle, backgroundColor, color, textDecorationLine, outline].join();
    });
    const layout = page.getByRole('group', { name: 'Layout' }).getByRole('button');
    await expect(layout.nth(0)).toHaveAttribute('aria-pressed', 'true');
    expect(await look(layout.nth(0))).not.toBe(await look(layout.nth(1)));
});

test('on paper the list and the ward name everybody, and a long list says that it goes on', async ({ open, lab, server }) => {
    await fillWard(lab);
    const list = await open('sister');
    const paper = async () => pagesOf(await list.page.pdf()).join('\n');
    const short = await paper();
    for (const part of ['Patient', ADA, GRACE, '10-Dec-1985', '943 476 5919', 'End of the list']) expect(short).toContain(part);
    // What can be pressed is of no use there.
    expect(short).not.toContain('Admit a patient');
    // Paper is of a time and by somebody, and never live.
    expect(short).not.toContain('Live');
    expect(short).toMatch(/\d\d-[A-Z][a-z]{2}-\d{4} \d\d:\d\d/);
    expect(short).toContain('sister (clinician)');
    const ward = await WardView.of(list);
    const plan = await paper();
    for (const part of [ADA, GRACE, '10-Dec-1985', 'Elm Ward']) expect(plan).toContain(part);

    await ward.choose('List');
    await server.addDemoPatients(300);
    await expect(list.filters).toContainText('302');
    const long = await paper();
    expect(long).toContain('The list goes on: only the rows around the screen are printed.');
    expect(long).not.toContain('End of the list');
});

/** As somebody chooses it in a browser; 16 is what one begins with. */
async function setTextSize(page: Page, standard: number): Promise<void> {
    await (await page.context().newCDPSession(page)).send('Page.setFontSizes', { fontSizes: { standard } });
}

for (const dir of ['ltr', 'rtl']) {
    test(`the menu opens within the screen, whatever its width and the size of text, ${dir}`, async ({ open }) => {
        const list = await open('sister');
        const { page } = list;
        await page.evaluate(dir => (document.documentElement.dir = dir), dir);
        await page.locator('.menu summary').click();
        for (const size of [16, 21, 32]) {
            await setTextSize(page, size);
            for (const width of [320, 360, 480, 600, 700, 820, 1024, 1440]) {
                await page.setViewportSize({ width, height: 740 });
                const { x, width: wide } = (await page.locator('.menu-body').boundingBox())!;
                expect([x >= 0, x + wide <= width], `${width} pixels, text of ${size}`).toEqual([true, true]);
                await expectNoSidewaysScrolling(page, `the menu, ${width} pixels, text of ${size}`);
            }
        }
    });
}

test('all text is of the size that the browser is set to, and the title stays in one piece', async ({ open, lab }) => {
    await fillWard(lab);
    const list = await open('sister', { viewport: { width: 360, height: 740 } });
    const { page, dialog } = list;
    const sizes = (...elements: Locator[]) =>
        Promise.all(elements.map(element => element.evaluate(element => parseFloat(getComputedStyle(element).fontSize))));
    const ofList = () => sizes(list.row(ADA).name, list.search, list.ward, list.admitButton, list.markAllSeen, list.badge);
    const before = await ofList();
    await setTextSize(page, 32);
    await expect.poll(ofList).toEqual(before.map(size => size * 2));
    await expectNoSidewaysScrolling(page, 'list');
    const title = page.locator('.bar-title');
    const brand = await title.locator('h1').evaluate(title => {
        const range = document.createRange();
        range.selectNode(title.firstChild!);
        return range.getClientRects().length;
    });
    expect(brand, 'lines of one word').toBe(1);
    expect((await title.boundingBox())!.height, 'of what stays in view').toBeLessThan(740 / 4);
    await list.startEdit(ADA);
    for (const size of await sizes(dialog.field('Reason'), dialog.button('Save'))) expect(size).toBe(32);
    await expectNoSidewaysScrolling(page, 'form');
});

test('on a phone that lies on its side, whether the list is live stays in view', async ({ open, lab }) => {
    await fillWard(lab);
    const wire = new Wire();
    const list = await open('sister', { viewport: { width: 844, height: 390 }, wire });
    const toTheEnd = async () => {
        await list.page.evaluate(() => scrollTo({ top: document.documentElement.scrollHeight, behavior: 'instant' }));
        expect(await list.page.evaluate(() => scrollY)).toBeGreaterThan(100);
        await expect(list.badge).toBeInViewport({ ratio: 1 });
        expect((await list.page.locator('.bar-title').boundingBox())!.height).toBeLessThan(390 / 5);
    };
    await toTheEnd();
    wire.cut();
    await list.isNotLive();
    await toTheEnd();
});

test('who wants no motion sees none', async ({ open, lab }) => {
    const { ada } = await fillWard(lab);
    const wire = new Wire();
    const list = await open('sister', { reducedMotion: 'reduce', wire });
    const { page, dialog } = list;
    await page.evaluate(() => {
        const moved: string[] = [];
        Object.assign(window, { moved });
        // Something that takes its time, as opposed to something that comes late.
        for (const type of ['transitionrun', 'animationstart']) {
            document.addEventListener(type, event => {
                const running = (event.target as Element).getAnimations();
                if (running.some(animation => Number(animation.effect?.getComputedTiming().activeDuration) > 0)) {
                    moved.push(`${type} of ${(event.target as Element).outerHTML.slice(0, 80)}`);
                }
            });
        }
    });
    await list.openPatient(ADA);
    await dialog.press('Edit');
    await dialog.fill({ Reason: 'Fever' });
    wire.hold();
    await dialog.press('Save');
    await dialog.press('Cancel');
    await expect(list.row(ADA).root.locator('.saving')).toBeVisible();
    wire.mend();
    await list.row(ADA).isSettled();
    await lab.change(ada, { acuity: 1, bed: 'A9' });
    await list.letGo();
    await list.row(ADA).isChanged('lab', 'Place', 'Alerts');
    await page.locator('.menu summary').click();
    await page.keyboard.press('Escape');
    await list.discharge(GRACE);
    await expect(list.toast).toBeVisible();
    await WardView.of(list);
    wire.cut();
    await list.isNotLive();

    const moved = await page.evaluate(() => [
        ...(window as unknown as { moved: string[] }).moved,
        ...document.getAnimations()
            .filter(animation => Number(animation.effect?.getComputedTiming().activeDuration) > 0)
            .map(animation => String((animation as CSSAnimation).animationName)),
        ...[...document.querySelectorAll('*')].map(element => getComputedStyle(element))
            .filter(style => style.scrollBehavior === 'smooth' || !/^0s(, 0s)*$/.test(style.transitionDuration))
            .map(style => `${style.scrollBehavior} ${style.transitionDuration}`),
    ]);
    expect(moved).toEqual([]);
});

// ------------------------------------------------------------------------------------------------ on a device's desk

test('every page has its icons, and says what can be put on a device’s home screen', async ({ open, visit, lab }) => {
    await fillWard(lab);
    const list = await open('sister');
    const door = await visit('/sign-in');
    const pages: [Page, string[]][] = [[list.page, ['/', '/wall', '/print', '/past', '/password']], [door, ['/sign-in']]];
    for (const [page, paths] of pages) {
        for (const path of paths) {
            await page.goto(path);
            for (const [rel, href] of [['icon', '/icon.svg'], ['apple-touch-icon', '/apple-touch-icon.png'], ['manifest', '/manifest.webmanifest']]) {
                await expect(page.locator(`link[rel="${rel}"]`), `${rel} of ${path}`).toHaveAttribute('href', href);
            }
        }
    }
    // A browser asks for these without saying who it is.
    const { request } = door;
    const manifest = await request.get('/manifest.webmanifest');
    expect(manifest.status()).toBe(200);
    expect(manifest.headers()['content-type']).toBe('application/manifest+json');
    const told = await manifest.json();
    expect(told).toMatchObject({ name: 'Wardwatch: the live patient list', short_name: 'Wardwatch', start_url: '/', display: 'standalone' });
    for (const colour of [told.theme_color, told.background_color]) expect(colour).toMatch(/^#[0-9a-f]{6}$/);

    /** What a browser makes of a picture. */
    const drawn = (src: string) => door.evaluate(async src => {
        const image = new Image();
        image.src = src;
        await image.decode();
        return `${image.naturalWidth}x${image.naturalHeight}`;
    }, src);
    const types: Record<string, string> = { svg: 'image/svg+xml', png: 'image/png' };
    const icons: { src: string; sizes: string; type: string; purpose?: string }[] = told.icons;
    for (const { src, sizes, type } of icons) {
        expect((await request.get(src)).headers()['content-type'], src).toBe(type);
        if (sizes === 'any') expect(type).toBe(types.svg);
        else expect(await drawn(src), src).toBe(sizes);
    }
    // Those that a system needs to offer it at all.
    expect(icons.filter(({ type }) => type === types.png).map(({ sizes }) => sizes)).toEqual(expect.arrayContaining(['192x192', '512x512']));
    expect(icons.map(({ purpose }) => purpose)).toContain('maskable');
    expect((await request.get('/icon.svg')).headers()['content-type']).toBe(types.svg);
    expect(await drawn('/icon.svg')).toMatch(/^[1-9]/);
    expect(await drawn('/apple-touch-icon.png')).toBe('180x180');
    // From there one comes to the list.
    const { page } = list;
    await page.goto(told.start_url);
    await new ListPage(page).isLive();
});

test('the tab says what is in it: how many updates, or which page', async ({ open, lab }) => {
    const { ada, grace } = await fillWard(lab);
    const list = await open('sister');
    const { page } = list;
    await expect(page).toHaveTitle('Patients · Wardwatch');
    await lab.change(ada, { acuity: 1 });
    await lab.change(grace, { acuity: 2 });
    await expect(page).toHaveTitle('(2) Patients · Wardwatch');
    // Also of those that are out of view: a tab that is not looked at has no other way to say so.
    await list.search.fill('nobody');
    await expect(list.updates).toHaveText('2 updates (2 out of view)');
    await expect(page).toHaveTitle('(2) Patients · Wardwatch');
    await list.search.fill('');
    await list.clearAll();
    await expect(page).toHaveTitle('Patients · Wardwatch');
    const titles = {
        [`/patients/${ada.id}/history`]: `History: ${ADA} · Wardwatch`, '/patients/999/history': 'There is no such patient · Wardwatch',
        '/past': 'The list as it was · Wardwatch', '/password': /^\S.* · Wardwatch$/,
    };
    for (const [path, title] of Object.entries(titles)) {
        await page.goto(path);
        await expect(page).toHaveTitle(title);
    }
    await WallPage.at(page);
    await expect(page).toHaveTitle(/Wardwatch/);
});
