import type { Page } from '@playwright/test';
import { expectAccessibleInBoth, expectNoSidewaysScrolling } from '../fixtures/axe.ts';
import { expectNoEnglish } from '../fixtures/german.ts';
import { expectLargeTargets, expectWholeText } from '../fixtures/look.ts';
import { mayTakePicture } from '../fixtures/picture.ts';
import { expect, test, Wire, type Socket } from '../fixtures/test.ts';
import { ListPage } from '../pages/list.ts';

// Screens that one comes to seldom, each as it is after a page has been loaded: in both languages, themes and widths. What one
// comes to on the way through a day's work is looked at there.

type Language = 'en' | 'de';

/** Those who are on the ward, by what they are there for. */
type Ward = Awaited<ReturnType<typeof fillWard>>;

type Stage = {
    page: Page;
    list: ListPage;
    lab: Socket;
    wire: Wire;
    ward: Ward;
    /** A list of somebody else's. */
    other: () => Promise<ListPage>;
    /** One of these, by the language that the page is in. */
    t: (english: string, german: string) => string;
};

type Screen = {
    name: string;
    /** Where it begins: the list, unless it says something else. */
    at?: (ward: Ward) => string;
    /** What leads to it from there. */
    show?: (stage: Stage) => Promise<void>;
    /** What it says. */
    says: Record<Language, string | RegExp>;
    /** What puts the world right again. */
    after?: (stage: Stage) => Promise<void> | void;
};

/** With names and words that are no English. */
async function fillWard(lab: Socket) {
    const place = { ward: 'Innere', room: '12' };
    const admit = (first_name: string, last_name: string, bed: string, values: object = {}) =>
        lab.admit({ first_name, last_name, ...place, bed, ...values });
    const ada = await admit('Ada', 'Lovelace', 'A1', {
        title: 'Dr.', birth_date: '1985-12-10', nhs_number: '9434765919', acuity: 1, allergy_status: 'known',
        code_status: 'limited', flags: [{ code: 'falls', text: '' }],
    });
    const leaves = await admit('Grace', 'Hopper', 'A2', { birth_date: '1950' });
    const away = await admit('Mary', 'Somerville', 'A3', { status: 'on_leave' });
    const comes = await admit('Emmy', 'Noether', 'A1', { status: 'expected' });
    const gone = await admit('Zofia', 'Kowalczyk', 'A5');
    await lab.change(gone, { status: 'discharged' });
    const called = await admit('Maria', 'Agnesi', 'A6', { status: 'expected' });
    await lab.change(called, { status: 'cancelled' });
    // Whose number has become somebody else's: it cannot go back.
    const robbed = await admit('Sofja', 'Kowalewskaja', 'A7', { medical_record_number: '4711' });
    await lab.change(robbed, { medical_record_number: null });
    await admit('Lise', 'Meitner', 'A8', { medical_record_number: '4711' });
    return { ada, leaves, away, comes, gone, called, robbed };
}

/** A question about another status: of whom, and which. */
function status(who: Exclude<keyof Ward, 'ada'>, en: string, de: string): Screen {
    return {
        name: `question: ${en}`,
        at: ward => `/?patient=${ward[who].id}`,
        show: ({ list, t }) => list.dialog.press(t(en, de)),
        says: { en: new RegExp(`${en}: .*\\?`), de: new RegExp(`${de}: .*\\?`) },
    };
}

/** What is pressed under "More". */
function more(name: string, [en, de]: [string, string], says: Screen['says']): Screen {
    return { name, show: ({ list, t }) => list.more(t(en, de)), says };
}

const SCREENS: Screen[] = [
    {
        name: 'menu',
        show: ({ page }) => page.locator('.menu summary').click(),
        says: { en: 'Show empty beds', de: 'Unbelegte Betten zeigen' },
    },
    more('columns', ['Columns…', 'Spalten…'], { en: 'Place and patient always come first.', de: 'Ort und Patient stehen immer vorn.' }),
    {
        name: 'saved lists',
        show: async ({ page, list, t }) => {
            for (const name of ['Innere', 'W'.repeat(60)]) {
                await list.more(t('Save this list…', 'Diese Liste speichern…'));
                await page.locator('#view-name').fill(name);
                await page.keyboard.press('Enter');
                await list.dialog.isClosed();
            }
            await list.more(t('Save this list…', 'Diese Liste speichern…'));
        },
        says: { en: /filtered and sorted by is saved.*Forget/s, de: /Gespeichert werden Suche, Filter und Sortierung.*Entfernen/s },
    },
    more('wall display', ['Wall display…', 'Wandanzeige…'], { en: 'large', de: 'Die Station in großer Schrift' }),
    more('keys', ['Keys', 'Tasten'], { en: /j or ↓.*Use single keys/s, de: /j oder ↓.*Einzelne Tasten benutzen/s }),
    {
        name: 'question about all marks',
        show: async ({ page, list, lab, ward, t }) => {
            await lab.change(ward.leaves, { acuity: 3 });
            await lab.change(ward.ada, { acuity: 2 });
            await page.getByRole('button', { name: t('Mark all seen', 'Alle gesehen') }).click();
            await expect(list.dialog.title).toBeVisible();
        },
        says: { en: '2 updates are marked', de: '2 Änderungen sind markiert' },
        after: ({ list, t }) => list.dialog.press(t('Mark all as seen', 'Alle als gesehen markieren')),
    },
    {
        name: 'question about one person',
        show: async ({ page, list }) => {
            await page.locator('.admit').click();
            for (const [name, value] of [['last_name', 'Lovelace'], ['first_name', 'Ada'], ['birth_date', '10-Dec-1985']]) {
                await page.locator(`#field-${name}`).fill(value!);
            }
            await page.keyboard.press('Enter');
            await expect(list.dialog.root.locator('.candidates')).toBeVisible();
        },
        says: { en: 'Is this the same person?', de: 'Ist das dieselbe Person?' },
    },
    status('comes', 'Admit', 'Aufnehmen'),
    status('comes', 'Cancel admission', 'Aufnahme absagen'),
    status('leaves', 'Send on leave', 'Beurlauben'),
    status('leaves', 'Undo admission', 'Aufnahme zurücknehmen'),
    status('away', 'Back from leave', 'Zurück aus der Beurlaubung'),
    status('gone', 'Undo discharge', 'Entlassung zurücknehmen'),
    status('gone', 'Undo discharge, on leave', 'Entlassung zurücknehmen, beurlaubt'),
    status('called', 'Undo cancellation', 'Absage zurücknehmen'),
    {
        name: 'presence',
        at: ({ ada }) => `/?patient=${ada.id}`,
        show: async ({ other, ward }) => {
            const list = await other();
            await list.page.goto(`/?patient=${ward.ada.id}`);
        },
        says: { en: 'doctor is looking at this record.', de: 'doctor sieht gerade diesen Eintrag an.' },
    },
    {
        name: 'nobody’s record',
        at: () => '/?patient=987654',
        says: { en: 'This patient is not on the list', de: 'Dieser Patient steht nicht auf der Liste' },
    },
    {
        name: 'page of nobody',
        at: () => '/patients/987654/history',
        says: { en: 'There is no such patient', de: 'Diesen Patienten gibt es nicht' },
    },
    {
        name: 'undo of what cannot be undone',
        at: ({ away }) => `/patients/${away.id}/undo`,
        says: { en: 'This change cannot be taken back', de: 'Diese Änderung lässt sich nicht zurücknehmen' },
    },
    {
        name: 'undo that comes too late',
        at: ({ gone }) => `/patients/${gone.id}/history`,
        show: async ({ page, lab, ward }) => {
            await page.locator('a[href*="/undo"]').click();
            await expect(page).toHaveURL(/\/undo\?/);
            await lab.change(ward.gone, { team: `Chirurgie ${Math.random()}` });
            await page.locator('main button.primary').click();
        },
        says: { en: 'the patient was changed again since', de: 'Der Patient wurde inzwischen wieder geändert' },
    },
    {
        name: 'undo that is refused',
        at: ({ robbed }) => `/patients/${robbed.id}/history`,
        show: async ({ page }) => {
            await page.locator('a[href*="/undo"]').click();
            await page.locator('main button.primary').click();
        },
        says: { en: 'what was there before is no longer possible', de: 'Was vorher dort stand, ist nicht mehr möglich' },
    },
    {
        name: 'paused',
        show: async ({ page, lab, ward, t }) => {
            await page.getByRole('button', { name: t('Pause', 'Anhalten') }).click();
            await lab.change(ward.leaves, { acuity: 4 });
            await expect(page.locator('.banner.paused')).toContainText(/1 /);
        },
        says: { en: /Paused at .*1 row has changed since\./s, de: /Angehalten um .*Seitdem hat sich 1 Zeile geändert\./s },
    },
    {
        name: 'paused, record',
        show: async ({ page, list, t }) => {
            await page.getByRole('button', { name: t('Pause', 'Anhalten') }).click();
            await list.names.first().click();
        },
        says: { en: /Paused at .* What you see is the list as it was then\./, de: /Angehalten um .* Sie sehen die Liste von diesem Zeitpunkt\./ },
    },
    {
        name: 'not live',
        show: async ({ page, wire }) => {
            wire.cut();
            await expect(page.locator('#link')).toHaveClass(/lost/);
        },
        says: { en: /Not live since .* may be out of date/s, de: /Nicht live seit .* kann veraltet sein/s },
        after: ({ wire }) => wire.mend(),
    },
    {
        name: 'not live, status',
        at: ({ leaves }) => `/?patient=${leaves.id}`,
        show: async ({ page, list, wire, t }) => {
            await list.dialog.press(t('Discharge', 'Entlassen'));
            wire.cut();
            await expect(page.locator('.stale')).toBeVisible();
        },
        says: { en: /Not live since .*Keep until live/s, de: /Nicht live seit .*Behalten, bis live/s },
        after: ({ wire }) => wire.mend(),
    },
    {
        name: 'at a loss',
        show: async ({ page, lab, wire, ward }) => {
            // Whatever it asks for, it is told something else than the heartbeats mean.
            const spoil = (row: any) => ({ ...row, bed: 'X9' });
            wire.falsify = frame => {
                if (frame.type === 'change') return { ...frame, data: spoil(frame.data) };
                if (frame.data?.rows) return { ...frame, data: { ...frame.data, rows: frame.data.rows.map(spoil) } };
                return frame;
            };
            await lab.change(ward.ada, { team: `Chirurgie ${Math.random()}` });
            await expect(page.locator('.banner button:visible')).toBeVisible({ timeout: 60_000 });
        },
        says: { en: /cannot confirm that its rows are right.*Reload the page/s, de: /nicht bestätigen, dass ihre Zeilen stimmen.*Seite neu laden/s },
        after: ({ wire }) => {
            wire.falsify = frame => frame;
        },
    },
];

// German words are the longer ones: they have the narrower screen.
for (const [language, locale, device, width, height] of [
    ['en', 'en-GB', 'desktop', 1280, 800],
    ['de', 'de-DE', 'phone', 360, 800],
] as const) {
    test(`screens that one comes to seldom are accessible, ${device}, ${language}`, async ({ open, lab }) => {
        test.setTimeout(300_000);
        const ward = await fillWard(lab);
        const wire = new Wire();
        const screen = { locale, viewport: { width, height } };
        const list = await open('sister', { wire, ...screen });
        const { page } = list;
        const t = (english: string, german: string) => (language === 'de' ? german : english);
        const stage: Stage = { page, list, lab, wire, ward, t, other: () => open('doctor', screen) };
        for (const { name, at, show, says, after } of SCREENS) {
            await test.step(name, async () => {
                await page.goto(at?.(ward) ?? '/');
                if (await list.badge.count()) await list.isLive();
                await show?.(stage);
                // What a dialog covers is not read.
                const read = page.locator('dialog[open]').or(page.locator('body:not(:has(dialog[open]))'));
                await expect(read, name).toContainText(says[language]);
                await expectAccessibleInBoth(page, name);
                await expectNoSidewaysScrolling(page, name);
                await expectLargeTargets(page, name);
                await expectWholeText(page.locator('header.bar, .banner:visible, .menu-body:visible, dialog[open], main.still-main'), name);
                if (language === 'de') await expectNoEnglish(page, name);
                await mayTakePicture(page, `seldom ${name} ${device} ${language}`);
                await after?.(stage);
            });
        }
    });
}

for (const [locale, words] of [['en-GB', 'Back to the list'], ['de-DE', 'Zurück zur Liste']] as const) {
    test(`an address at which there is nothing says so, and leads back, ${locale}`, async ({ open }) => {
        const { page } = await open('sister', { locale });
        for (const path of ['/nowhere', '/patients/1', '/export.xml']) {
            const answer = await page.request.get(path, { headers: { accept: 'text/html' } });
            expect(answer.status(), path).toBe(404);
            expect(answer.headers()['content-type'] ?? 'nothing', path).toContain('text/html');
            await page.goto(path);
            await expect(page.locator('html')).toHaveAttribute('lang', locale.slice(0, 2));
            await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
            await expectAccessibleInBoth(page, path);
            await page.getByRole('link', { name: words }).first().click();
            await expect(page).toHaveURL('/');
        }
    });
}

test('who may only look is told why a change is not taken back', async ({ open, lab }) => {
    const { gone } = await fillWard(lab);
    for (const [locale, words] of [['en-GB', 'Your account may not change anything'], ['de-DE', 'Ihr Konto darf nichts ändern']] as const) {
        const { page } = await open('porter', { locale });
        const answer = await page.goto(`/patients/${gone.id}/undo`);
        expect(answer?.status()).toBe(403);
        await expect(page.getByRole('main')).toContainText(words);
        await expectAccessibleInBoth(page, 'may not take back');
    }
});
