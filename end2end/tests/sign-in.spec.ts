import { expect, PASSWORD, Socket, test } from '../fixtures/test.ts';
import { ListPage } from '../pages/list.ts';
import { PasswordPage, SignInPage } from '../pages/sign-in.ts';

test('who is not signed in is asked to, and then sees the list under their name', async ({ visit }) => {
    const page = await visit('/');
    const door = new SignInPage(page);
    await door.isShown();
    await expect(door.name).toBeFocused();
    await door.signIn('sister', PASSWORD);
    await new ListPage(page).isLive();
    await expect(page.getByRole('navigation', { name: 'Account' })).toContainText('sister (clinician)');
});

test('a wrong password is refused in words, without saying which of the two was wrong', async ({ visit }) => {
    const page = await visit('/sign-in');
    const door = new SignInPage(page);
    const tries: [string, string][] = [['sister', 'wrong password'], ['nobody', PASSWORD]];
    for (const [name, password] of tries) {
        const answer = page.waitForResponse(response => response.request().method() === 'POST');
        await door.signIn(name, password);
        expect((await answer).status()).toBe(401);
        await expect(door.problem).toHaveText('Name and password do not match. Check both and try again.');
        // What was typed is kept, and the person can go on where it went wrong.
        await expect(door.name).toHaveValue(name);
        await expect(door.password).toBeFocused();
        await expect(door.password).toHaveAccessibleDescription(/do not match/);
    }
});

test('signing in works by keyboard alone', async ({ visit }) => {
    const page = await visit('/sign-in');
    // A page's `autofocus` is heeded when its first picture is drawn, which may be after it has loaded.
    await expect(new SignInPage(page).name).toBeFocused();
    await page.keyboard.type('doctor');
    await page.keyboard.press('Tab');
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press('Enter');
    await new ListPage(page).isLive();
});

test('guessing passwords is slowed down, and says for how long', async ({ visit }) => {
    const page = await visit('/sign-in');
    const attempt = async (password: string) =>
        (await page.request.post('/sign-in', { form: { name: 'sister', password }, maxRedirects: 0 })).status();
    // Every few seconds one more try is granted: on a slow machine the next one may be that.
    await expect(async () => {
        expect(await Promise.all(Array.from({ length: 12 }, () => attempt('a guess')))).toContain(429);
        expect(await attempt(PASSWORD), 'the right one, too').toBe(429);
    }).toPass();
    await expect(async () => {
        await attempt('a guess');
        await new SignInPage(page).signIn('sister', 'a guess');
        await expect(page.getByRole('alert')).toHaveText(/^Too many tries\. Try again in \d+ seconds\.$/, { timeout: 3_000 });
    }).toPass();
});

test('after signing out neither the page nor the back button shows the list', async ({ open, lab }) => {
    await lab.admit();
    const list = await open('sister');
    const page = list.page;
    await list.signOut();
    await new SignInPage(page).isShown();
    await page.goBack();
    await new SignInPage(page).isShown();
    await expect(list.names).toHaveCount(0);
    expect((await page.request.get('/', { maxRedirects: 0 })).status()).toBe(303);
});

test('a password that was given has to be replaced before the list is shown', async ({ server, visit }) => {
    const given = await server.addUserWithOneTimePassword('newcomer', 'clinician');
    const page = await visit('/sign-in');
    await new SignInPage(page).signIn('newcomer', given);
    const form = new PasswordPage(page);
    await expect(page.getByText('is good for one sign-in')).toBeVisible();
    // There is no way around it.
    await page.goto('/');
    await expect(page).toHaveURL(/\/password$/);
    await form.change(given, 'my own choice', 'my own choise');
    await expect(form.problem).toHaveText('The two new passwords are not the same.');
    await form.change('not this one', 'my own choice');
    await expect(form.problem).toHaveText('The present password is not right.');
    await form.change(given, 'my own choice');
    await new ListPage(page).isLive();
});

test('changing the password ends the other sessions', async ({ open }) => {
    const here = await open('sister');
    const elsewhere = await open('sister');
    await here.page.getByRole('link', { name: 'sister (clinician)' }).click();
    await new PasswordPage(here.page).change(PASSWORD, 'something else now');
    await expect(here.page.getByText('The password is changed.')).toBeVisible();
    await new SignInPage(elsewhere.page).isShown();
    await here.page.getByRole('link', { name: 'Back to the list' }).click();
    await here.isLive();
});

test('a viewer follows the list live and finds no way to change it', async ({ open, lab }) => {
    const ada = await lab.admit({ ward: 'Elm Ward', bed: 'A1' });
    const list = await open('porter');
    await expect(list.admitButton).toHaveCount(0);
    const dialog = await list.openPatient('LOVELACE, Ada');
    for (const action of ['Edit', 'Transfer', 'Discharge', 'Delete']) {
        await expect(dialog.button(action)).toHaveCount(0);
    }
    await dialog.press('Back to the list');
    await lab.change(ada, { bed: 'B7' });
    await expect(list.row('LOVELACE, Ada').cell('Place')).toContainText('B7');
});

test('who is made a viewer is refused at the next change', async ({ open, lab, server }) => {
    const ada = await lab.admit();
    const list = await open('sister');
    const dialog = await list.startEdit('LOVELACE, Ada');
    await dialog.fill({ Reason: 'Chest pain' });
    await server.run(['user', 'role', 'sister', 'viewer']);
    await dialog.press('Save');
    await expect(dialog.problem.filter({ hasText: 'not change it' })).toBeVisible();
    expect(await lab.read(ada)).toEqual(ada);
});

test('an account that is removed, or gets a new password, is out at once', async ({ open, server }) => {
    const [sister, doctor] = [await open('sister'), await open('doctor')];
    await server.run(['user', 'remove', 'sister']);
    await new SignInPage(sister.page).isShown();
    const given = await server.run(['user', 'reset-password', 'doctor']);
    const door = new SignInPage(doctor.page);
    await door.isShown();
    await door.signIn('doctor', PASSWORD);
    await expect(door.problem).toBeVisible();
    await door.signIn('doctor', given);
    await expect(new PasswordPage(doctor.page).button).toBeVisible();
});

test('a program whose token is revoked is cut off', async ({ lab, server, template }) => {
    const closed = lab.closed();
    await server.run(['token', 'revoke', 'lab']);
    expect(await closed).toBe(4401);
    const status = await Socket.handshake(server.socketUrl(), { Authorization: `Bearer ${template.token}` });
    expect(status).toBe(401);
});

/** The sister types something, and signs out in another window. */
async function signOutWhileTyping(list: ListPage): Promise<ListPage> {
    await list.startEdit('LOVELACE, Ada');
    await list.dialog.fill({ Reason: 'Chest pain' });
    const other = new ListPage(await list.page.context().newPage());
    await other.page.goto('/');
    await other.signOut();
    return other;
}

test('what is typed stays when its user signs out in another window, and is saved once they are back', async ({ open, lab }) => {
    const ada = await lab.admit();
    const list = await open('sister');
    const { dialog } = list;
    const other = await signOutWhileTyping(list);
    const told = dialog.root.locator('.stale', { hasText: 'Your sign-in has ended' });
    await expect(told).toBeVisible();
    await expect(told.getByRole('link', { name: 'Sign in in another window' })).toHaveAttribute('href', '/sign-in');
    await expect(dialog.field('Reason')).toHaveValue('Chest pain');
    const door = new SignInPage(other.page);
    await door.isShown();
    await door.signIn('sister', PASSWORD);
    await other.isLive();
    await expect(told).toBeHidden({ timeout: 30_000 });
    await dialog.press('Save');
    await dialog.isClosed();
    await expect(list.row('LOVELACE, Ada').root).toContainText('Chest pain');
    expect((await lab.read(ada)).reason).toBe('Chest pain');
});

test('what is typed is not sent in the name of somebody else who signs in instead', async ({ open, lab }) => {
    await lab.admit();
    const list = await open('sister');
    const { page, dialog } = list;
    const other = await signOutWhileTyping(list);
    const greeted = new Promise<void>(done => page.on('websocket', socket => socket.on('framereceived', () => done())));
    await new SignInPage(other.page).signIn('doctor', PASSWORD);
    await greeted;
    await expect(dialog.root).toContainText('Your sign-in has ended');
    await expect(dialog.field('Reason')).toHaveValue('Chest pain');
    // Being done with it, one leaves for whoever is signed in now.
    await dialog.press('Cancel');
    await expect(page.getByRole('navigation', { name: 'Account' })).toContainText('doctor (clinician)');
});

test('a page in which something is typed asks before it is left', async ({ open, lab }) => {
    await lab.admit();
    const list = await open('sister');
    const { page, dialog } = list;
    await list.startEdit('LOVELACE, Ada');
    await dialog.field('Reason').click();
    await page.keyboard.type('Chest pain');
    const asked = page.waitForEvent('dialog');
    await page.close({ runBeforeUnload: true });
    expect((await asked).type()).toBe('beforeunload');
    await (await asked).dismiss();
    await expect(dialog.field('Reason')).toHaveValue('Chest pain');
    await dialog.press('Save');
    await dialog.isClosed();
    await list.row('LOVELACE, Ada').isSettled();
    const closed = page.waitForEvent('close');
    await page.close({ runBeforeUnload: true });
    await closed;
});
