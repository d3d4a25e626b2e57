/** Of what was measured: half of it was below the median. */
export function summary(values: number[], unit = 'ms'): string {
    if (values.length === 0) return 'none';
    const sorted = values.toSorted((a, b) => a - b);
    const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1].toFixed(1);
    return `n ${sorted.length}   median ${at(0.5)} ${unit}   p95 ${at(0.95)} ${unit}   max ${at(1)} ${unit}`;
}

export function median(values: number[]): number {
    return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)];
}

/** A setting of `make bench`, or else the usual. */
export function setting(name: string, usual: number): number {
    return Number(process.env[`WARDWATCH_BENCH_${name}`] ?? usual);
}
