import { expect, test } from '../fixtures/test.ts';
import { summary } from './figures.ts';

const CHANGES = 200;

/** Milliseconds since 1970, finer than Date: node and the browser are on one machine and read the same clock. */
const now = () => performance.timeOrigin + performance.now();

test('how long it takes until a change is seen on another screen', async ({ server, lab, open }) => {
    await server.addDemoPatients(1_000);
    const list = await open('sister', { viewport: { width: 1440, height: 900 } });
    await expect(list.filters).toContainText('of 1000 patients');
    // Of a long list only the rows near the screen are in the document: those are what can be seen to change.
    const shown = await list.page.locator('#rows tr[data-id]').evaluateAll(rows => rows.map(row => Number(row.getAttribute('data-id'))));
    const patients = (await lab.list()).filter(({ id }) => shown.includes(id));

    // The page tells what it has seen; asking it again and again would slow down what is measured.
    const waiting = new Map<string, (times: { seen: number; painted: number }) => void>();
    await list.page.exposeFunction('report', (round: string, seen: number, painted: number) => {
        waiting.get(round)?.({ seen, painted });
    });
    await list.page.evaluate(() => {
        const now = () => performance.timeOrigin + performance.now();
        type Report = (round: string, seen: number, painted: number) => void;
        const { report } = window as unknown as { report: Report };
        const known = new Set<string>();
        new MutationObserver(records => {
            const seen = now();
            for (const { target } of records) {
                const round = /Round \d+/.exec(target.textContent ?? '')?.[0];
                if (!round || known.has(round)) continue;
                known.add(round);
                // A task that was queued in a frame runs when the frame has been painted.
                requestAnimationFrame(() => setTimeout(() => report(round, seen, now())));
            }
        }).observe(document.querySelector('#rows')!, { subtree: true, childList: true, characterData: true });
    });

    const sinceCommitted: number[] = [];
    const sinceSent: number[] = [];
    const toPaint: number[] = [];
    for (let round = 0; round < CHANGES; round++) {
        const words = `Round ${round}`;
        const told = new Promise<{ seen: number; painted: number }>(done => waiting.set(words, done));
        const sent = now();
        await lab.change(patients[(round * 37) % patients.length], { team: words });
        // The reply says that it is committed; the change is sometimes on the other screen before the reply is here.
        const committed = now();
        const { seen, painted } = await told;
        sinceCommitted.push(Math.max(0, seen - committed));
        sinceSent.push(seen - sent);
        toPaint.push(painted - committed);
    }

    const wasm = await list.page.request.get('/pkg/wardwatch.wasm', { headers: { 'Accept-Encoding': 'br' } });
    console.log(`1,000 patients, ${CHANGES} changes, each once the one before was painted:`);
    console.log(`  commit to the row's text    ${summary(sinceCommitted)}`);
    console.log(`  request to the row's text   ${summary(sinceSent)}`);
    console.log(`  commit to paint             ${summary(toPaint)}`);
    console.log(`WebAssembly, brotli: ${Number(wasm.headers()['content-length']).toLocaleString('en')} bytes`);
});
