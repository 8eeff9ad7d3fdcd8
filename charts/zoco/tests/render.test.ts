import { expect, test } from 'vitest';
import { ofKind, render } from './render.ts';

test('the chart has an object for each service', async () => {
  const names = ofKind(await render(), 'Service').map(({ metadata }) => metadata.name);
  expect(names).toContain('zoco-gateway');
});
