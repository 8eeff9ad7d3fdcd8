import { afterEach, describe, expect, test } from 'vitest';
import { addMetricSample, takeMetricSamples } from './metric-samples.ts';
import { registry } from './metrics.ts';

const added: Disposable[] = [];
afterEach(() => added.splice(0).forEach((one) => one[Symbol.dispose]()));

/** A sample that counts how often it was taken. */
function sampleOf(name: string, take: () => Promise<void>, everyMs: number): { readonly taken: number } {
  const counted = { taken: 0 };
  const sample = addMetricSample({
    name,
    everyMs,
    take: () => {
      counted.taken += 1;
      return take();
    },
  });
  added.push(sample);
  return counted;
}

async function failuresOf(sample: string): Promise<number | undefined> {
  const failures = await registry.getSingleMetric('zoco_metrics_sample_failures_total')?.get();
  return failures?.values.find(({ labels }) => labels['sample'] === sample)?.value;
}

describe('a sample', () => {
  test('is taken at a scrape, and not again while it is fresh', async () => {
    const sample = sampleOf('fresh', async () => {}, 60_000);
    expect(sample.taken).toBe(0);
    await takeMetricSamples();
    await takeMetricSamples();
    expect([sample.taken, await failuresOf('fresh')]).toEqual([1, 0]);
  });

  test('is taken again when it is old', async () => {
    const sample = sampleOf('old', async () => {}, 0);
    await takeMetricSamples();
    await takeMetricSamples();
    expect(sample.taken).toBe(2);
  });

  test('that fails is counted and holds up nobody', async () => {
    sampleOf('failing', () => Promise.reject(new Error('away')), 0);
    const other = sampleOf('other', async () => {}, 0);
    await takeMetricSamples();
    expect([other.taken, await failuresOf('failing'), await failuresOf('other')]).toEqual([1, 1, 0]);
  });

  test('that does not answer is counted, left behind, and not asked twice at once', async () => {
    const answer = Promise.withResolvers<void>();
    const sample = sampleOf('hanging', () => answer.promise, 0);
    await takeMetricSamples();
    await Promise.all([takeMetricSamples(), takeMetricSamples()]);
    expect([sample.taken, await failuresOf('hanging')]).toEqual([1, 3]);
    answer.resolve();
    await takeMetricSamples();
    await takeMetricSamples();
    expect(sample.taken).toBe(2);
  });

  test('is not taken any more once disposed of', async () => {
    const sample = sampleOf('gone', async () => {}, 0);
    added.splice(0).forEach((one) => one[Symbol.dispose]());
    await takeMetricSamples();
    expect(sample.taken).toBe(0);
  });
});
