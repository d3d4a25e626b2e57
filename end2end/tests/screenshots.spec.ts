import { join } from 'node:path';
import { expect, PASSWORD, Server, Socket, test } from '../fixtures/test.ts';
import { ListPage } from '../pages/list.ts';
import { SignInPage } from '../pages/sign-in.ts';

// Not a test: the README's picture, made anew by `WARDWATCH_SCREENSHOT=1 npx playwright test -g @screenshot`.
test('the demo ward has its picture taken @screenshot', async ({ browser }) => {
    const server = await Server.blank();
    await server.addUser('sister', 'clinician');
    await server.addUser('doctor', 'clinician');
    await server.start('--demo');
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme: 'light' });
    await page.goto(server.url);
    await new SignInPage(page).signIn('sister', PASSWORD);
    const list = new ListPage(page);
    await list.isLive();
    await expect(list.names).not.toHaveCount(0);
    await list.clearAll();
    await list.letGo();
    // What the list is for: somebody else has just done something.
    const doctor = await Socket.open(server.socketUrl(), await server.addToken('doctor'));
    const name = async (place: number) => (await list.names.nth(place).textContent()) ?? '';
    const [second, fifth] = [await name(1), await name(4)];
    const patients = await doctor.list();
    const find = (shown: string) => patients.find(({ last_name, first_name }) =>
        shown.startsWith(`${last_name.toUpperCase()}, ${first_name}`))!;
    await doctor.change(find(second), { acuity: 2, allergy_status: 'known' });
    await doctor.change(find(fifth), { attending: 'Dr A. Osei', code_status: 'full' });
    await list.row(second).isChanged('doctor', 'Alerts');
    await list.row(fifth).isChanged('doctor', 'Attending', 'Alerts');
    doctor.close();
    await page.screenshot({ path: join(import.meta.dirname, '../screenshots/list.png') });
    await server.remove();
});
