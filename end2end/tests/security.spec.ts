import { expect, PASSWORD, Socket, test } from '../fixtures/test.ts';

test('a socket opens for who is signed in, from our own pages only', async ({ open, server, template }) => {
    const list = await open('sister');
    const [cookie] = await list.page.context().cookies();
    const Cookie = `${cookie.name}=${cookie.value}`;
    for (const path of ['ws/patients/', 'ws/']) {
        const url = server.socketUrl(path);
        const own = new URL(server.url).origin;
        expect(await Socket.handshake(url, { Cookie, Origin: own })).toBe(101);
        expect(await Socket.handshake(url, { Cookie, Origin: 'https://evil.example' })).toBe(403);
        expect(await Socket.handshake(url, { Cookie, Origin: 'null' })).toBe(403);
        expect(await Socket.handshake(url, { Origin: own })).toBe(401);
        expect(await Socket.handshake(url, { Cookie: `${cookie.name}=made-up` })).toBe(401);
        expect(await Socket.handshake(url, { Authorization: `Token ${template.token}` })).toBe(101);
        expect(await Socket.handshake(url, { Authorization: 'Bearer made-up' })).toBe(401);
    }
});

test('the session’s cookie is out of reach of scripts and other sites', async ({ open }) => {
    const list = await open('sister');
    const [cookie, ...others] = await list.page.context().cookies();
    expect(others).toEqual([]);
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Lax', path: '/' });
    expect(await list.page.evaluate(() => document.cookie)).toBe('');
});

test('forms of other sites are refused', async ({ newContext }) => {
    const { request } = await newContext();
    const headers = { Origin: 'https://evil.example' };
    const form = { name: 'sister', password: PASSWORD };
    expect((await request.post('/sign-in', { headers, form })).status()).toBe(403);
    expect((await request.post('/sign-out', { headers })).status()).toBe(403);
    const change = { old: PASSWORD, new: 'something else', again: 'something else' };
    expect((await request.post('/password', { headers, form: change })).status()).toBe(403);
});

test('a viewer’s socket reads and does not write', async ({ server, lab }) => {
    const ada = await lab.admit();
    const porter = await Socket.open(server.socketUrl(), await server.addToken('porter'));
    expect(await porter.list()).toHaveLength(1);
    for (const action of ['create', 'update', 'patch', 'delete']) {
        const reply = await porter.request(action, { pk: ada.id, data: { reason: 'x' } });
        expect(reply).toMatchObject({ response_status: 403, data: null });
    }
    expect(await lab.read(ada)).toEqual(ada);
    porter.close();
});

test('markup in a patient’s values is text, in the first HTML and after', async ({ open, lab }) => {
    const image = '<img src=x onerror="hacked=1">';
    const script = '</script><script>hacked=1</script>';
    await lab.admit({ first_name: image, last_name: 'Lovelace', ward: script, reason: `"'><svg onload=hacked=1>` });
    const list = await open('sister');
    const grace = await lab.admit({ first_name: 'Grace', last_name: 'Hopper' });
    await lab.change(grace, { first_name: image, reason: script });
    for (const last of ['LOVELACE', 'HOPPER']) await expect(list.row(`${last}, ${image}`).name).toBeVisible();
    await expect(list.row(`LOVELACE, ${image}`).cell('Place')).toContainText(script);
    await list.openPatient(`HOPPER, ${image}`);
    await expect(list.dialog.fact('Reason')).toContainText(script);
    await expect(list.page.locator('body img, body svg')).toHaveCount(0);
    expect(await list.page.evaluate(() => 'hacked' in window)).toBe(false);
});

test('every page says what it may load, and that nobody may frame it', async ({ open, newContext }) => {
    const { page } = await open('sister');
    const anonymous = await newContext();
    const pages = [
        [page.request, '/', /'nonce-[^']+'/], [page.request, '/password', /'none'/], [page.request, '/print', /'none'/],
        [anonymous.request, '/sign-in', /'none'/],
    ] as const;
    for (const [request, path, scripts] of pages) {
        const headers = (await request.get(path)).headers();
        expect(headers['content-security-policy']).toMatch(new RegExp(`default-src 'self'; script-src ${scripts.source}`));
        expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
        expect(headers['cache-control'], 'patients are kept in no cache').toBe('no-store');
        expect(headers['x-content-type-options']).toBe('nosniff');
    }
});
