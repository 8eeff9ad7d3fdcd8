import type { DocumentSnapshot } from './snapshot.ts';

const SERIES = { invoice: 'INV', credit_note: 'CN' } as const satisfies Record<
  DocumentSnapshot['kind'],
  string
>;

/** Each kind has a series of its own (Directive 2006/112/EC, article 226(2)). */
export function seriesOf(kind: DocumentSnapshot['kind']): string {
  return SERIES[kind];
}

/** `INV-2026-000001`; more than a million in a year simply take a digit more. */
export function documentNumber(series: string, year: number, sequence: number): string {
  return `${series}-${year}-${String(sequence).padStart(6, '0')}`;
}
