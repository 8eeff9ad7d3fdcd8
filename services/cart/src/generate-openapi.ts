import { createLogger, writeOpenapi } from '@zoco/service';
import { routers } from './app.ts';
import { createOwnCheckouts } from './own-checkouts.ts';

const document = new URL('../openapi.json', import.meta.url);
const deps = {
  config: { CART_TOKEN_KEY: '', CART_CHECKOUT_HOLD_SECONDS: 0 },
  call: () => Promise.reject(new Error('no calls while documenting')),
  log: createLogger({ service: 'cart', version: '', level: 'silent' }),
  own: createOwnCheckouts(),
  failpoint: () => {},
};
await writeOpenapi(document, routers(deps), {
  title: 'Zoco cart',
  version: '0.1.0',
  description:
    'One open cart per user, anonymous carts that merge when their holder signs in, and the checkout.',
});
