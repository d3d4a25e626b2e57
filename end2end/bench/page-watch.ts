import type { CDPSession, Page } from '@playwright/test';

/** What the page notes about itself; times are milliseconds since the navigation began. */
export type Notes = {
    /** The first rows were painted. */
    rows?: number;
    /** The badge said that the list is live. */
    live?: number;
    /** Tasks of more than 50 ms. */
    long: { at: number; ms: number }[];
    /** From a key in the search field to the frame after the list has answered. */
    keys: number[];
    memory?: WebAssembly.Memory;
};

type Noting = { notes: Notes };

/** To be added to a page before it is opened. */
export function takeNotes(): void {
    const notes: Notes = { long: [], keys: [] };
    Object.assign(window, { notes });
    new PerformanceObserver(list => {
        for (const { startTime, duration } of list.getEntries()) notes.long.push({ at: startTime, ms: duration });
    }).observe({ type: 'longtask', buffered: true });
    // A task that was queued in a frame runs when the frame has been painted.
    const painted = (then: () => void) => requestAnimationFrame(() => setTimeout(then));
    const look = new MutationObserver(() => {
        if (notes.rows === undefined && document.querySelector('#rows .name')) {
            notes.rows = Infinity;
            painted(() => (notes.rows = performance.now()));
        }
        if (notes.live === undefined && document.querySelector('#link')?.textContent === '● Live') {
            notes.live = performance.now();
            look.disconnect();
        }
    });
    look.observe(document, { subtree: true, childList: true, characterData: true });
    const instantiate = WebAssembly.instantiateStreaming.bind(WebAssembly);
    WebAssembly.instantiateStreaming = async (...args) => {
        const result = await instantiate(...args);
        notes.memory = result.instance.exports.memory as WebAssembly.Memory;
        return result;
    };
    addEventListener(
        'keydown',
        event => {
            if (!(event.target instanceof HTMLInputElement)) return;
            const { target: field, timeStamp } = event;
            const wait = () => {
                // What is announced above the table is worked out with the rows.
                const words = document.querySelector('#filters')?.textContent ?? '';
                const wanted = field.value.trim();
                const answered = wanted === '' ? !words.includes('“') : words.includes(`“${wanted}”`);
                if (answered) painted(() => notes.keys.push(performance.now() - timeStamp));
                else setTimeout(wait);
            };
            addEventListener('input', wait, { once: true });
        },
        true,
    );
}

export function readNotes(page: Page): Promise<Notes> {
    return page.evaluate(() => {
        const { rows, live, long, keys } = (window as unknown as Noting).notes;
        return { rows, live, long, keys };
    });
}

/** Forgets long tasks and keys so far. */
export async function forgetNotes(page: Page): Promise<void> {
    await page.evaluate(() => {
        const { notes } = window as unknown as Noting;
        notes.long.length = 0;
        notes.keys.length = 0;
    });
}

const MB = 1_048_576;

/** What the page holds now, unused memory of JavaScript's let go. */
export async function memory(page: Page, cdp: CDPSession): Promise<{ js: number; wasm: number; nodes: number }> {
    await cdp.send('HeapProfiler.collectGarbage');
    const { metrics } = await cdp.send('Performance.getMetrics');
    const metric = (wanted: string) => metrics.find(({ name }) => name === wanted)?.value ?? NaN;
    const wasm = await page.evaluate(() => (window as unknown as Noting).notes.memory?.buffer.byteLength ?? NaN);
    return { js: metric('JSHeapUsedSize') / MB, wasm: wasm / MB, nodes: metric('Nodes') };
}
