import { registry } from '@zoco/service';
import { Counter, Gauge } from 'prom-client';

export const logins = new Counter({
  name: 'zoco_logins_total',
  help: 'Tries to sign in, by outcome: accepted, refused, inactive, delayed.',
  labelNames: ['outcome'],
  registers: [registry],
});

export const registrations = new Counter({
  name: 'zoco_users_registered_total',
  help: 'Users who signed up.',
  registers: [registry],
});

export const refreshes = new Counter({
  name: 'zoco_session_refreshes_total',
  help: 'Refresh tokens shown, by what became of them: rotate, replay (a lost answer), reuse (ends the session), refuse.',
  labelNames: ['outcome'],
  registers: [registry],
});

export const signingKeyAge = new Gauge({
  name: 'zoco_signing_key_age_seconds',
  help: 'Time for which the present key has signed access tokens.',
  registers: [registry],
});
