import { takePicture } from '../fixtures/picture.ts';
import { expect, PASSWORD, Server, Socket, test, Wire } from '../fixtures/test.ts';
import { ListPage } from '../pages/list.ts';
import { SignInPage } from '../pages/sign-in.ts';

// Pictures of the demo ward for people to look at, kept in `pictures`; what a program can check is checked elsewhere.
const WIDTHS = [360, 820, 1440, 2560];
const SCREENS: [string, string][] = [
    ['list', '/'],
    ['ward', '/?view=ward'],
    ['wall', '/wall'],
    ['changes', '/changes'],
    ['past', '/past'],
    ['past-then', `/past?at=${new Date().toISOString()}`],
    ['history', '/patients/1/history'],
    ['password', '/password'],
    ['print', '/print'],
];

// German words are the longer ones.
for (const [locale, colorScheme] of [['en-GB', 'light'], ['en-GB', 'dark'], ['de-DE', 'light']] as const) {
    const language = locale.slice(0, 2) as 'en' | 'de';
    const t = (english: string, german: string) => (language === 'de' ? german : english);

    test(`every screen has its picture taken, ${colorScheme}, ${language}`, async ({ browser }) => {
        test.setTimeout(300_000);
        const server = await Server.blank();
        await server.addUser('sister', 'clinician');
        await server.addUser('lab', 'clinician');
        await server.start('--demo');
        const lab = await Socket.open(server.socketUrl(), await server.addToken('lab'));
        const wire = new Wire();
        const context = await browser.newContext({ baseURL: server.url, colorScheme, locale });
        const page = await context.newPage();
        await wire.attach(page);
        await page.goto('/');
        await new SignInPage(page, language).signIn('sister', PASSWORD);
        const list = new ListPage(page);
        const { dialog } = list;
        await list.isLive();
        await page.goto('/');
        await list.isLive();
        const who = (await lab.list()).find(({ status }) => status === 'admitted')!;
        for (const width of WIDTHS) {
            const picture = (name: string) => takePicture(page, `${name}-${width}-${colorScheme}-${language}`);
            await page.setViewportSize({ width, height: width < 1000 ? 900 : Math.round(width * 9 / 16) });
            for (const [name, path] of SCREENS) {
                const answer = await page.goto(path);
                expect(answer?.status(), path).toBe(200);
                await page.waitForLoadState('networkidle');
                await picture(name);
            }
            await page.goto(`/?patient=${who.id}`);
            await expect(dialog.title).toBeVisible();
            await picture('record');
            await dialog.press(t('Edit', 'Bearbeiten'));
            await expect(page.locator('#field-reason')).toBeVisible();
            await picture('edit');

            // What somebody else has done meanwhile, in the form, beside one's own, and in the list.
            await page.locator('#field-reason').fill(`Mine ${width}`);
            const [now] = (await lab.list()).filter(({ id }) => id === who.id);
            await lab.change(now!, { reason: `Theirs ${width}`, allergy_status: width % 2 ? 'known' : 'none_known', acuity: width % 5 + 1 });
            await expect(dialog.root.locator('.meanwhile')).not.toBeEmpty();
            await picture('edit-meanwhile');
            await dialog.press(t('Save', 'Speichern'));
            await expect(dialog.root.locator('.conflict')).toBeVisible();
            await picture('conflict');
            await page.keyboard.press('Escape');
            await page.keyboard.press('Escape');
            await dialog.isClosed();
            await expect(page.locator('#rows .mark').first()).toBeVisible();
            await page.locator('#rows .mark').first().scrollIntoViewIfNeeded();
            await picture('marked');

            await page.locator('.admit').click();
            await expect(page.locator('#field-last_name')).toBeVisible();
            await dialog.press(t('Admit', 'Aufnehmen'));
            await picture('admission-with-errors');
            await page.keyboard.press('Escape');
            await dialog.isClosed();

            wire.cut();
            await expect(page.locator('#link')).toHaveClass(/lost/);
            await picture('not-live');
            wire.mend();
            await list.isLive();
        }
        lab.close();
        await server.remove();
    });
}
