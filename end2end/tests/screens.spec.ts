import { takePicture } from '../fixtures/picture.ts';
import { expect, PASSWORD, Server, test } from '../fixtures/test.ts';
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

for (const colorScheme of ['light', 'dark'] as const) {
    test(`every screen has its picture taken, ${colorScheme}`, async ({ browser }) => {
        test.slow();
        const server = await Server.blank();
        await server.addUser('sister', 'clinician');
        await server.start('--demo');
        const context = await browser.newContext({ baseURL: server.url, colorScheme });
        const page = await context.newPage();
        await page.goto('/');
        await new SignInPage(page).signIn('sister', PASSWORD);
        const list = new ListPage(page);
        await list.isLive();
        const picture = async (name: string, width: number) => {
            await takePicture(page, `${name}-${width}-${colorScheme}`);
        };
        for (const width of WIDTHS) {
            await page.setViewportSize({ width, height: width < 1000 ? 900 : Math.round(width * 9 / 16) });
            for (const [name, path] of SCREENS) {
                const answer = await page.goto(path);
                expect(answer?.status(), path).toBe(200);
                await page.waitForLoadState('networkidle');
                await picture(name, width);
            }
            await page.goto('/');
            await list.isLive();
            await list.names.first().click();
            await expect(list.dialog.title).toBeVisible();
            await picture('record', width);
            await list.dialog.press('Edit');
            await expect(list.dialog.title).toHaveText(/^Edit/);
            await picture('edit', width);
        }
        await server.remove();
    });
}
