import { once } from 'node:events';
import WebSocket from 'ws';
import { expect, test } from '../fixtures/test.ts';

type Row = Record<string, unknown>;

// As docs/protocol.md tells integrators.
const fnv1a = (bytes: Uint8Array) =>
    bytes.reduce((hash, byte) => BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n), 0xcbf29ce484222325n);
const digest = (rows: Row[]) =>
    BigInt.asUintN(64, rows.reduce((sum, row) => sum + fnv1a(new TextEncoder().encode(JSON.stringify(row))), 0n))
        .toString(16)
        .padStart(16, '0');

test('a program finds the digest as the documentation says', async ({ lab, server, template }) => {
    await lab.admit({ last_name: 'Ångström', reason: 'Tab\there, "quoted" \\ 😀 \u2028', acuity: 2 });
    await lab.admit({ ward: 'Elm Ward', flags: [{ code: 'falls', text: 'at night' }] });
    const headers = { Authorization: `Bearer ${template.token}` };
    const socket = new WebSocket(server.socketUrl(), 'wardwatch.v1', { headers });
    const seen = new Promise<[Row[], string]>(done => {
        let rows: Row[] = [];
        socket.on('message', (text: Buffer) => {
            const frame = JSON.parse(String(text));
            if (frame.data?.mode === 'snapshot') rows = frame.data.rows;
            if (frame.digest) done([rows, frame.digest]);
        });
    });
    await once(socket, 'open');
    socket.send(JSON.stringify({ action: 'sync', request_id: 1, since: null }));
    const [rows, told] = await seen;
    socket.terminate();
    expect(rows).toHaveLength(2);
    expect(digest(rows)).toBe(told);
});
