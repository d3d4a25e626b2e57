import { once } from 'node:events';
import { get } from 'node:http';
import type { BrowserContext, Page } from '@playwright/test';
import { expectAccessibleInBoth, expectNoSidewaysScrolling } from '../fixtures/axe.ts';
import { expectNoEnglish } from '../fixtures/german.ts';
import { mayTakePicture } from '../fixtures/picture.ts';
import { expect, PASSWORD, Server, test } from '../fixtures/test.ts';
import { ListPage } from '../pages/list.ts';

// What one sees when something is wrong with the server, in both languages, themes and widths.

const SCREENS = [
    { language: 'en', locale: 'en-GB', viewport: { width: 1280, height: 800 } },
    { language: 'de', locale: 'de-DE', viewport: { width: 360, height: 800 } },
] as const;

async function check(page: Page, name: string, language: 'en' | 'de', words: { en: RegExp; de: RegExp }): Promise<void> {
    await expect(page.getByRole('main')).toContainText(words[language]);
    if (language === 'de') await expectNoEnglish(page, name);
    await expectAccessibleInBoth(page, name);
    await expectNoSidewaysScrolling(page, name);
    await mayTakePicture(page, `${name} ${language}`);
}

/** The look of this program, and not a browser's own. */
async function expectStyled(page: Page): Promise<void> {
    await expect(page.getByRole('heading', { level: 1 })).not.toHaveCSS('font-family', /Times/);
}

for (const { language, ...screen } of SCREENS) {
    test(`a server that waits for its database says so, as one of our pages, ${language}`, async ({ newContext }) => {
        const server = await Server.blank();
        await server.startWaiting();
        const page = await (await newContext({ baseURL: server.url, ...screen })).newPage();
        await expect(async () => {
            const answer = await page.goto('/');
            expect(answer?.status()).toBe(503);
            expect(answer?.headers()).toMatchObject({ 'retry-after': '5', refresh: '5', 'x-frame-options': 'DENY' });
        }).toPass();
        // While it is looked at it does not try again.
        await page.route('/', async route => {
            const response = await route.fetch();
            const { refresh, ...headers } = response.headers();
            await route.fulfill({ response, headers });
        });
        await page.goto('/');
        await expectStyled(page);
        await check(page, 'no database', language, { en: /The database does not answer/, de: /Die Datenbank antwortet nicht/ });
        await server.remove();
    });

    test(`a server that has lost its files says a number under which it has logged that, ${language}`, async ({ newContext, server }) => {
        const context = await newContext(screen);
        await context.request.post('/sign-in', { form: { name: 'sister', password: PASSWORD } });
        const page = await context.newPage();
        await server.loseFiles();
        const answer = await page.goto('/past');
        expect(answer?.status()).toBe(500);
        await expectStyled(page);
        const number = (await page.getByRole('main').locator('code').textContent()) ?? '';
        expect(number).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
        await expect.poll(() => server.logged(number), 'what the log has under it').toMatch(/database disk image is malformed|not a database/);
        await check(page, 'failed', language, { en: /Nothing was changed/, de: /Nichts wurde geändert/ });
    });

    test(`a page that has to wait for too many others says so and leads to itself, ${language}`, async ({ newContext, server }) => {
        await server.addDemoPatients(2_000);
        const context = await newContext(screen);
        await context.request.post('/sign-in', { form: { name: 'sister', password: PASSWORD } });
        const page = await context.newPage();
        for (let others = 64; ; others *= 2) {
            expect(others, 'who has to be asking for a page to be too many').toBeLessThanOrEqual(2048);
            const done = await askFor('/print', others, context, server);
            const answer = await page.goto('/past');
            done();
            if (answer?.status() !== 503) continue;
            expect(answer.headers()['retry-after']).toBe('5');
            break;
        }
        await check(page, 'busy', language, { en: /Nothing is wrong with the list/, de: /Mit der Liste ist alles in Ordnung/ });
        await page.getByRole('link', { name: { en: 'Try again', de: 'Noch einmal versuchen' }[language] }).click();
        await expect(page).toHaveURL('/past');
    });

    test(`a list without a script is accessible, ${language}`, async ({ newContext, lab }) => {
        const place = { ward: 'Innere', room: '12', bed: 'A1' };
        await lab.admit({ birth_date: '1985-12-10', nhs_number: '9434765919', acuity: 1, allergy_status: 'known', ...place });
        const context = await newContext(screen);
        await context.request.post('/sign-in', { form: { name: 'sister', password: PASSWORD } });
        const page = await context.newPage();
        // Axe is a script itself. So the page has its own taken out, and shows what it would without.
        await page.route('/', async route => {
            const answer = await route.fetch();
            const html = await answer.text();
            const body = html.replace(/<script[\s\S]*?<\/script>/g, '').replace(/<\/?noscript>/g, '');
            await route.fulfill({ response: answer, body });
        });
        await page.goto('/');
        const list = new ListPage(page);
        await expect(list.names).toHaveText(['LOVELACE, Ada']);
        await expect(list.banner).toBeVisible();
        await expect(list.search).toBeHidden();
        await check(page, 'without a script', language, { en: /LOVELACE/, de: /LOVELACE/ });
    });
}

/** Has so many ask at once for a page that costs much, before it gives back; what comes back lets them go again. */
async function askFor(path: string, many: number, context: BrowserContext, server: Server): Promise<() => void> {
    const cookies = await context.cookies();
    const headers = { cookie: cookies.map(({ name, value }) => `${name}=${value}`).join('; ') };
    const all = Array.from({ length: many }, () => {
        const asking = get(new URL(path, server.url), { agent: false, headers });
        // That it is let go is no news.
        return asking.on('error', () => {});
    });
    await Promise.all(all.map(asking => once(asking, 'finish')));
    return () => all.forEach(asking => asking.destroy());
}
