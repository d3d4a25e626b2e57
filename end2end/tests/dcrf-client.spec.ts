import dcrf from 'dcrf-client';
import WebSocket from 'ws';
import { expect, test as base } from '../fixtures/test.ts';

type Client = ReturnType<typeof dcrf.default.connect>;

/** The seed's clients use this package from npm, unmodified; what they do has to work as before. */
const test = base.extend<{ client: Client }>({
    client: async ({ server, template }, use) => {
        /** Node's sockets can send a token as a header; how the client is told is its own documented option. */
        class AuthorizedWebSocket extends WebSocket {
            constructor(url: string, protocols: string[]) {
                super(url, protocols, { headers: { Authorization: `Bearer ${template.token}` } });
            }
        }
        const client = dcrf.default.connect(server.socketUrl('ws/'), {
            pkField: 'id',
            websocket: { WebSocket: AuthorizedWebSocket, minReconnectionDelay: 100, maxReconnectionDelay: 500 },
        } as Parameters<typeof dcrf.default.connect>[1]);
        await use(client);
        client.close();
    },
});

const ADA = { first_name: 'Ada', last_name: 'Lovelace', admission_date: '2026-01-05T09:30:00Z' };

test('dcrf-client creates, lists, retrieves, updates, patches and deletes', async ({ client }) => {
    expect(await client.list('patients')).toEqual([]);
    const ada = await client.create('patients', ADA);
    expect(ada).toMatchObject({ ...ADA, dismissal_date: null });
    expect(await client.list('patients')).toEqual([ada]);
    expect(await client.retrieve('patients', ada.id)).toEqual(ada);
    const updated = await client.update('patients', ada.id, { ...ADA, last_name: 'King' });
    expect(updated).toMatchObject({ id: ada.id, first_name: 'Ada', last_name: 'King' });
    const patched = await client.patch('patients', ada.id, { dismissal_date: '2026-01-07T10:00:00Z' });
    expect(patched).toMatchObject({ last_name: 'King', dismissal_date: '2026-01-07T10:00:00Z' });
    expect(await client.delete('patients', ada.id)).toBeNull();
    expect(await client.list('patients')).toEqual([]);
});

test('dcrf-client hears of updates and of the deletion of what it subscribed to', async ({ client, lab }) => {
    const ada = await lab.admit();
    const grace = await lab.admit({ first_name: 'Grace', last_name: 'Hopper' });
    const heard: [string, string, unknown][] = [];
    const listen = (who: string) => (data: any, action: string) =>
        heard.push([who, action, action === 'delete' ? data : data.last_name]);
    const first = client.subscribe('patients', ada.id, listen('first'));
    const second = client.subscribe('patients', ada.id, listen('second'));
    await Promise.all([first, second]);
    await lab.change(grace, { last_name: 'Murray' });
    await lab.change(ada, { last_name: 'King' });
    await expect.poll(() => heard).toHaveLength(2);
    expect(heard).toEqual(expect.arrayContaining([['first', 'update', 'King'], ['second', 'update', 'King']]));
    // A subscription that is cancelled is silent; the other is not.
    heard.length = 0;
    expect(first.cancel()).toBe(true);
    expect(first.cancel()).toBe(false);
    await lab.change(ada, { last_name: 'Byron' });
    await lab.delete(ada);
    await expect.poll(() => heard).toHaveLength(2);
    expect(heard).toEqual([['second', 'update', 'Byron'], ['second', 'delete', { id: ada.id }]]);
});

test('dcrf-client reconnects after a restart with its subscriptions, and loses nothing that it asked for', async ({
    client, lab, server,
}) => {
    const ada = await lab.admit();
    const heard: unknown[] = [];
    await client.subscribe('patients', ada.id, (data: any) => heard.push(data.last_name));
    const reconnected = new Promise(done => client.transport.on('reconnect', done));
    await server.kill();
    // Asked while there is nobody to answer: the client keeps it.
    const list = client.list('patients');
    await server.start();
    await reconnected;
    expect(await list).toHaveLength(1);
    // One connection's requests are answered in order, so the subscription sent before this one stands.
    await client.patch('patients', ada.id, { last_name: 'King' });
    await expect.poll(() => heard).toEqual(['King']);
});

test('dcrf-client’s promises are rejected with the whole reply', async ({ client, lab }) => {
    const ada = await lab.admit();
    await expect(client.create('patients', { first_name: ' ' })).rejects.toMatchObject({
        action: 'create',
        data: null,
        response_status: 400,
        errors: [
            {
                first_name: ['This field may not be blank.'],
                last_name: ['This field is required.'],
                admission_date: ['This field is required.'],
            },
        ],
    });
    await expect(client.patch('patients', ada.id, { admission_date: 'soon' })).rejects.toMatchObject({
        response_status: 400,
        errors: [{ admission_date: [expect.stringContaining('Datetime has wrong format.')] }],
    });
    const missing = { response_status: 404, errors: ['Not found'], data: null };
    await expect(client.retrieve('patients', 4711)).rejects.toMatchObject(missing);
    await expect(client.patch('patients', 4711, {})).rejects.toMatchObject(missing);
    await expect(client.delete('patients', 4711)).rejects.toMatchObject(missing);
    await expect(client.request('patients', { action: 'explode' })).rejects.toMatchObject({ response_status: 405 });
    await expect(client.list('horses')).rejects.toMatchObject({ response_status: 400 });
});

test('what dcrf-client writes is on everybody’s screen', async ({ client, open }) => {
    const list = await open('sister');
    const ada = await client.create('patients', ADA);
    await list.row('LOVELACE, Ada').isNew('lab');
    await client.delete('patients', ada.id);
    await list.row('LOVELACE, Ada').isDeleted('lab');
});
