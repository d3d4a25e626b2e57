import type { BrowserContext, Page } from '@playwright/test';
import { expect, PASSWORD, test } from '../fixtures/test.ts';
import { ListPage } from '../pages/list.ts';
import { median, setting, summary } from './figures.ts';
import { forgetNotes, memory, readNotes, takeNotes } from './page-watch.ts';
import { Writer } from './writer.ts';

const PATIENTS = setting('PATIENTS', 10_000);
const SECONDS = setting('SECONDS', 60);
const CHANGES_PER_SECOND = setting('CHANGES', 200);
const LOADS = setting('LOADS', 5);
const SLOW_MBITS = setting('SLOW_MBITS', 5);
const SLOW_LATENCY = setting('SLOW_LATENCY', 50);

/** Names as people look for them: typed, and taken back letter by letter. */
const SEARCHES = ['kowalczyk', 'hop', 'seán', 'd1-0042', 'iq', 'mensah am'];

async function open(context: BrowserContext, on: (page: Page) => Promise<void> = async () => {}) {
    const page = await context.newPage();
    await page.addInitScript(takeNotes);
    await on(page);
    await page.goto('/');
    const list = new ListPage(page);
    await list.isLive();
    return { list, load: await loaded(page) };
}

/** As a ward at the far end of a house's network has it. */
async function slowLine(page: Page): Promise<void> {
    const cdp = await page.context().newCDPSession(page);
    const throughput = (SLOW_MBITS * 1_000_000) / 8;
    await cdp.send('Network.enable');
    // As on the first day: the program comes over the line too.
    await cdp.send('Network.setCacheDisabled', { cacheDisabled: true });
    await cdp.send('Network.emulateNetworkConditions', {
        offline: false,
        latency: SLOW_LATENCY,
        downloadThroughput: throughput,
        uploadThroughput: throughput,
    });
}

/** When what of the page was there, in milliseconds since the navigation began. */
async function loaded(page: Page) {
    const { rows, live, long } = await readNotes(page);
    const files = await page.evaluate(() => {
        const [html] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
        const resources = performance.getEntriesByType('resource') as PerformanceResourceTiming[];
        const wasm = resources.find(({ name }) => name.endsWith('.wasm'))!;
        const paint = performance.getEntriesByName('first-contentful-paint')[0];
        return {
            bytes: html.decodedBodySize,
            sent: html.encodedBodySize,
            firstByte: html.responseStart,
            lastByte: html.responseEnd,
            painted: paint.startTime,
            wasmAsked: wasm.startTime,
            wasmBegins: wasm.responseStart,
            wasmEnds: wasm.responseEnd,
        };
    });
    return { ...files, rows: rows!, live: live!, longest: Math.max(0, ...long.map(({ ms }) => ms)) };
}

async function type(page: Page): Promise<number[]> {
    await page.getByLabel('Search').click();
    for (const words of SEARCHES) {
        for (const letter of words) await page.keyboard.type(letter, { delay: 60 });
        for (const _ of words) await page.keyboard.press('Backspace', { delay: 60 });
    }
    return (await readNotes(page)).keys;
}

test(`${PATIENTS} patients in one list`, async ({ server, lab, newContext }) => {
    test.setTimeout(300_000 + SECONDS * 3_000);
    await server.addDemoPatients(PATIENTS);
    const context = await newContext({ viewport: { width: 1440, height: 900 } });
    await context.request.post('/sign-in', { form: { name: 'sister', password: PASSWORD } });

    const loads = [];
    for (let round = 0; round < LOADS; round++) {
        const { list, load } = await open(context);
        loads.push(load);
        await list.page.close();
    }
    const of = (read: (load: (typeof loads)[number]) => number) => median(loads.map(read)).toFixed(0).padStart(7);
    console.log(`${PATIENTS} patients; opening the page, medians of ${LOADS}, in ms since the navigation began:`);
    console.log(`  first byte of the page      ${of(load => load.firstByte)}`);
    console.log(`  first rows painted          ${of(load => load.rows)}   (first paint of anything ${of(load => load.painted).trim()})`);
    console.log(`  last byte of the page       ${of(load => load.lastByte)}`);
    console.log(`  WebAssembly: asked for      ${of(load => load.wasmAsked)}   begins ${of(load => load.wasmBegins).trim()}, ends ${of(load => load.wasmEnds).trim()}`);
    console.log(`  list live                   ${of(load => load.live)}`);
    console.log(`  longest task while loading  ${of(load => load.longest)}`);
    console.log(`  bytes of the page           ${of(load => load.bytes)}   compressed ${of(load => load.sent).trim()}`);

    const { list: slowList, load: slow } = await open(context, slowLine);
    await slowList.page.close();
    console.log(`On a line of ${SLOW_MBITS} Mbit/s, ${SLOW_LATENCY} ms away: first rows painted ${slow.rows.toFixed(0)}, WebAssembly there ${slow.wasmEnds.toFixed(0)}, list live ${slow.live.toFixed(0)}`);

    const { list } = await open(context);
    const { page } = list;
    const cdp = await context.newCDPSession(page);
    await cdp.send('Performance.enable');
    await expect(list.filters).toContainText(PATIENTS.toString());

    await forgetNotes(page);
    console.log(`Search, key to painted answer   ${summary(await type(page))}`);
    await tell('while nothing changes');

    const patients = await lab.list();
    await forgetNotes(page);
    console.log('Memory in MB                    JavaScript  WebAssembly  DOM nodes');
    await remember('before');
    const writer = new Writer(lab, patients, CHANGES_PER_SECOND);
    const began = performance.now();
    const until = async (share: number, each: () => Promise<void>) => {
        let next = performance.now();
        while (performance.now() - began < share * SECONDS * 1000) {
            await each();
            if (performance.now() - next > 10_000) {
                next = performance.now();
                await remember(`after ${((next - began) / 1000).toFixed(0)} s`);
            }
        }
    };
    await until(1 / 3, () => page.waitForTimeout(250));
    await tell(`${CHANGES_PER_SECOND} changes/s, nobody there`);
    await page.locator('#rows .name').nth(3).hover();
    await until(2 / 3, async () => {
        await page.mouse.wheel(0, 700);
        await page.waitForTimeout(250);
    });
    await tell('as above, scrolling');
    await list.letGo();
    await until(1, async () => void (await type(page)));
    console.log(`Search meanwhile                ${summary((await readNotes(page)).keys)}`);
    await tell('as above, searching');
    console.log(`Changes a second, answered      ${(await writer.stop()).toFixed(1)}`);
    await remember('after it');
    await list.isLive();

    async function tell(what: string): Promise<void> {
        const { long } = await readNotes(page);
        const worst = Math.max(0, ...long.map(({ ms }) => ms));
        console.log(`Tasks > 50 ms, ${what.padEnd(29)} ${long.length}   worst ${worst.toFixed(0)} ms`);
        await page.evaluate(() => ((window as unknown as { notes: { long: unknown[] } }).notes.long.length = 0));
    }

    async function remember(when: string): Promise<void> {
        const { js, wasm, nodes } = await memory(page, cdp);
        console.log(`  ${when.padEnd(30)} ${js.toFixed(1).padStart(10)} ${wasm.toFixed(1).padStart(12)} ${String(nodes).padStart(10)}`);
    }
});
