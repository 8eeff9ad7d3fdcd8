import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { canonicalJson } from '@zoco/kernel';
import { type PdfFile, readPdf, reference } from '@zoco/testing';
import fc from 'fast-check';
import PDFDocument from 'pdfkit';
import { describe, expect, test } from 'vitest';
import { sampleCreditNote, sampleInvoice } from '../fixtures/sample-document.ts';
import { SAMPLES } from '../fixtures/samples.ts';
import { formatsOf } from './document-formats.ts';
import { STYLES } from './pdf-page.ts';
import { createTypesetter } from './pdf-text.ts';
import { renderDocument } from './render-document.ts';
import { documentSnapshot, type DocumentSnapshot } from './rules/snapshot.ts';

const render = async (snapshot: DocumentSnapshot) => readPdf(await renderDocument(snapshot));
const textsOf = (pdf: PdfFile) => pdf.pages.flatMap((page) => page.map(({ text }) => text));
const samples = Object.entries(SAMPLES);
const sample = (name: string): DocumentSnapshot => {
  const found = SAMPLES[name];
  if (found === undefined) throw new Error(`no sample ${name}`);
  return found;
};

describe.each(samples)('%s', (_name, snapshot) => {
  test('the same snapshot gives the same bytes, whatever was drawn in between', async () => {
    const first = await renderDocument(snapshot);
    await renderDocument({ ...sample('long-names'), number: 'INV-2026-999999' });
    expect((await renderDocument(structuredClone(snapshot))).equals(first)).toBe(true);
  });

  test('what PDF/A-3b asks for is there', async () => {
    const bytes = await renderDocument(snapshot);
    const pdf = readPdf(bytes);
    expect(bytes.subarray(0, 9).toString()).toBe('%PDF-1.7\n');
    expect(pdf.trailer).toMatch(/\/ID \[<(\w{32})> <\1>\]/);
    expect(pdf.trailer).not.toContain('/Encrypt');
    const xmp = pdf.objects.get(reference(pdf.catalog.dictionary, 'Metadata') ?? 0)?.stream?.toString() ?? '';
    expect(xmp).toContain('<pdfaid:part>3</pdfaid:part>');
    expect(xmp).toContain('<pdfaid:conformance>B</pdfaid:conformance>');
    expect(xmp).toContain('<xmp:CreateDate>2026-11-22T10:15:01Z</xmp:CreateDate>');
    const intent = pdf.objects.get(reference(pdf.catalog.dictionary, 'OutputIntents') ?? 0);
    expect(intent?.dictionary).toContain('/S /GTS_PDFA1');
    const profile = pdf.objects.get(reference(intent?.dictionary ?? '', 'DestOutputProfile') ?? 0);
    expect(profile?.stream?.subarray(36, 40).toString()).toBe('acsp');
    const everything = [...pdf.objects.values()].map(({ dictionary }) => dictionary);
    expect(
      everything.filter((dictionary) => /\/(JavaScript|JS|Launch|AA|OpenAction)\b/.test(dictionary)),
    ).toEqual([]);
    const fonts = everything.filter((dictionary) => dictionary.includes('/Type /FontDescriptor'));
    expect(fonts.length).toBeGreaterThan(0);
    for (const font of fonts) expect(font).toMatch(/\/FontName \/[A-Z]{6}\+Inter-[\s\S]*\/FontFile2 \d+ 0 R/);
  });

  test('its data is attached, byte for byte what the hash is taken over', async () => {
    const pdf = await render(snapshot);
    const file = pdf.objects.get(reference(pdf.catalog.dictionary, 'AF') ?? 0);
    expect(file?.dictionary).toContain('/AFRelationship /Source');
    const embedded = pdf.objects.get(Number(/\/EF <<\n\/F (\d+) 0 R/.exec(file?.dictionary ?? '')?.[1]));
    expect(embedded?.dictionary).toContain('/Subtype /application#2Fjson');
    expect(embedded?.dictionary).toContain('/ModDate (D:20261122101501Z)');
    expect(embedded?.stream?.toString()).toBe(canonicalJson(snapshot));
  });

  test('nothing lies outside the margins or in the footer, and no character is lost', async () => {
    const pdf = await render(snapshot);
    pdf.pages.forEach((page, index) => {
      const [, , width = 0, height = 0] = pdf.pageBoxes[index] ?? [];
      expect(page.filter(({ y, fontSize }) => y < 84 && fontSize !== STYLES.small.size)).toEqual([]);
      for (const { x, y, text } of page) {
        expect(text).not.toContain('\ufffd');
        expect(x).toBeGreaterThanOrEqual(49.9);
        expect(x).toBeLessThan(width - 50);
        expect(y).toBeGreaterThan(40);
        expect(y).toBeLessThan(height - 49);
      }
    });
  });

  test('the total and the numbers of the pages are said', async () => {
    const pdf = await render(snapshot);
    const total = formatsOf(snapshot).money(snapshot.total_cents).replaceAll(/\s/g, ' ');
    expect(textsOf(pdf)).toContain(total);
    pdf.pages.forEach((page, index) => {
      const pattern = new RegExp(`^(Page ${index + 1} of|Página ${index + 1} de) ${pdf.pages.length}$`);
      expect(page.filter(({ text }) => pattern.test(text))).toHaveLength(1);
    });
  });
});

describe('a table over several pages', () => {
  test('shows every line once, in order, with the head on each page', async () => {
    const snapshot = sample('sixty-lines');
    const pdf = await render(snapshot);
    expect(pdf.pages.length).toBeGreaterThan(2);
    const skus = textsOf(pdf).filter((text) => text.startsWith('SKU-'));
    expect(skus).toEqual(snapshot.lines.flatMap(({ sku }) => sku ?? []));
    for (const page of pdf.pages) {
      const texts = page.map(({ text }) => text);
      expect(texts.filter((text) => text === 'Unit price')).toHaveLength(1);
    }
    for (const page of pdf.pages.slice(1)) {
      expect(page.map(({ text }) => text)).toContain(`Invoice ${snapshot.number} (continued)`);
    }
  });

  test.each(Array.from({ length: 30 }, (_, index) => index + 1))(
    'with %i lines: totals stay together, and no page holds only a head',
    async (count) => {
      const items = Array.from({ length: count }, (_, index) => ({
        name: `Item ${index}`,
        unitCents: 100,
        quantity: 1,
        rateBps: 400,
      }));
      const pdf = await render(sampleInvoice({ items }));
      for (const page of pdf.pages) {
        const texts = page.map(({ text }) => text);
        expect(texts.some((text) => text.startsWith('SKU-') || text === 'Total')).toBe(true);
        expect(texts.includes('Base imponible')).toBe(texts.includes('Pagada con tarjeta'));
      }
    },
  );
});

describe('where to pay', () => {
  const wordsOf = async (name: string) => textsOf(await render(sample(name)));
  /** What stands right behind a label. */
  const valueOf = (words: readonly string[], label: string) => words[words.indexOf(label) + 1];

  test('an IBAN stands in groups of four, with BIC, bank and the number of the invoice: Spanish', async () => {
    const words = await wordsOf('transfer');
    expect(words).toContain('TRANSFERENCIA A');
    expect(valueOf(words, 'Titular de la cuenta')).toBe('Libros del Zoco S.L.');
    expect(valueOf(words, 'IBAN')).toBe('ES44 0000 0000 0612 3456 7890');
    expect(valueOf(words, 'BIC')).toBe('ZOCOESM0XXX');
    expect(valueOf(words, 'Banco')).toBe('Banco de Ejemplo');
    expect(valueOf(words, 'Concepto')).toBe('INV-2026-000042');
  });

  test('a national number stands as its bank writes it, and what is not known has no line: English', async () => {
    const words = await wordsOf('on-account');
    expect(words).toContain('BANK TRANSFER TO');
    expect(valueOf(words, 'Account holder')).toBe('ACME Supplies Inc.');
    expect(valueOf(words, 'Account number')).toBe('000-1234-56789');
    expect(valueOf(words, 'Payment reference')).toBe('INV-2026-000042');
    for (const absent of ['IBAN', 'BIC', 'Bank']) expect(words).not.toContain(absent);
  });

  test('long names are broken, nothing of them is lost, and they end inside of the block', async () => {
    const pdf = await render(sample('longest-account'));
    const placed = pdf.pages.flat();
    const words = placed.map(({ text }) => text);
    const { pay_to: account } = sample('longest-account').payment;
    const block = placed.slice(words.indexOf('TRANSFERENCIA A') + 1, words.indexOf('Concepto') + 2);
    const shown = block.map(({ text }) => text.replaceAll(' ', '')).join('');
    expect(shown).toContain(`${account?.holder.replaceAll(' ', '')}IBANLC14WWWW1234567890123456`);
    expect(shown).toContain(`Banco${account?.bank_name?.replaceAll(' ', '')}Concepto`);
    const type = createTypesetter(new PDFDocument({ font: '' }));
    const [, , width = 0] = pdf.pageBoxes[0] ?? [];
    for (const { text, x } of block) expect(x + type.width(text, STYLES.body)).toBeLessThan(width - 59);
  });

  test.each(['one-line', 'sixty-rates', 'credit-note-of-unpaid', 'credit-note-full', 'credit-note-part'])(
    'neither what is paid nor what gives money back says so: %s',
    async (name) => {
      const words = (await wordsOf(name)).join('\n');
      expect(words).not.toMatch(/BANK TRANSFER TO|TRANSFERENCIA A|ES44|IBAN|BIC/);
      expect(sample(name).payment).not.toHaveProperty('pay_to');
    },
  );

  test.each(Array.from({ length: 30 }, (_, index) => index + 1))(
    'with %i lines: all of it is on the page of the total',
    async (count) => {
      const items = Array.from({ length: count }, () => ({
        name: 'Ink',
        unitCents: 1,
        quantity: 1,
        rateBps: 0,
      }));
      const pdf = await render(sampleInvoice({ items, paymentStatus: 'pending' }));
      for (const page of pdf.pages) {
        const texts = page.map(({ text }) => text);
        const hasTotal = texts.includes('Pendiente de pago');
        for (const part of ['Base imponible', 'TRANSFERENCIA A', 'IBAN', 'Concepto'])
          expect(texts.includes(part)).toBe(hasTotal);
        expect(texts.some((text) => text.startsWith('SKU-') || hasTotal)).toBe(true);
      }
    },
  );

  test('a document from before there were accounts has the hash that it had, and its page ends as it did', async () => {
    const { pay_to: _, ...payment } = sample('sixty-lines').payment;
    const before = { ...sample('sixty-lines'), payment };
    const read = documentSnapshot.parse(JSON.parse(JSON.stringify(before)));
    const hash = createHash('sha256').update(canonicalJson(read)).digest('hex');
    expect(hash).toBe('dece8df4c26ff09f130d56384ecfbf85c66a804193cc101f97d4a43d67ee041b');
    const words = textsOf(await render(read));
    expect(words.slice(words.indexOf('Payment due'))).toEqual([
      'Payment due',
      'Please pay by December 22, 2026 (30 days from the date of issue).',
      'Prices and amounts are without tax.',
      `The data of this document is attached to the PDF (SHA-256 ${hash}).`,
      expect.stringContaining('ACME Supplies Inc.'),
      'Page 4 of 4',
    ]);
  });
});

describe('what needs more room', () => {
  test('a table of taxes goes over pages, its head with it, and the totals stay with what is paid', async () => {
    const snapshot = sample('sixty-rates');
    const pdf = await render(snapshot);
    const { rate } = formatsOf(snapshot);
    const labels = snapshot.tax_summary.map((sum) => `IVA ${rate(sum.tax_rate_bps)}`.replaceAll(/\s/g, ' '));
    expect(textsOf(pdf).filter((text) => text.startsWith('IVA '))).toEqual(labels);
    for (const page of pdf.pages) {
      const texts = page.map(({ text }) => text);
      expect(texts.includes('Cuota')).toBe(texts.some((text) => text.startsWith('IVA ')));
    }
    expect(pdf.pages.at(-1)?.map(({ text }) => text)).toEqual(
      expect.arrayContaining(['Base imponible', 'Total', 'Pagada con tarjeta']),
    );
  });

  test('a wide total does not touch its label', async () => {
    const texts = (await render(sample('widest-total'))).pages.flat();
    const at = texts.findIndex(({ text }) => text === 'Total credited');
    const [label, amount] = texts.slice(at);
    expect(amount?.text).toBe('KWD 1,000,000,000.000');
    expect(amount?.y).toBe(label?.y);
    const type = createTypesetter(new PDFDocument({ font: '' }));
    const width = type.width('Total credited', { ...STYLES.total, size: label?.fontSize ?? 0 });
    expect((label?.x ?? 0) + width).toBeLessThan(amount?.x ?? 0);
  });

  test('addresses go over pages, and nothing of them is lost', async () => {
    const snapshot = sample('longest');
    const texts = textsOf(await render(snapshot));
    expect(texts.filter((text) => text === 'BILL TO')).toHaveLength(2);
    expect(texts.filter((text) => /^[m@]+(\.example)?$/.test(text)).join('')).toBe(snapshot.buyer.email);
  });
});

describe('long documents', () => {
  test('while one is drawn, others have their turn', async () => {
    const items = Array.from({ length: 200 }, () => ({ name: 'Ink', unitCents: 1, quantity: 1, rateBps: 0 }));
    const isDrawn = renderDocument(sampleInvoice({ items })).then(() => true);
    let turns = 0;
    while (!(await Promise.race([isDrawn, setImmediate(false)]))) turns += 1;
    // Once in twenty lines, while they are measured and again while they are drawn.
    expect(turns).toBeGreaterThan(15);
  });

  test('two are drawn at a time, the others wait in order', async () => {
    const begun = new Set<string>();
    const draw = async (name: string) => {
      const { locale, ...rest } = sample('sixty-lines');
      const bytes = await renderDocument({
        ...rest,
        get locale() {
          begun.add(name);
          return locale;
        },
      });
      return { bytes, begun: [...begun] };
    };
    const names = ['first', 'second', 'third', 'fourth', 'fifth'];
    const drawn = await Promise.all(names.map(draw));
    // Where one is done, the next has begun.
    expect(drawn[0]?.begun).not.toContain('fourth');
    expect([...begun]).toEqual(names);
    const alone = await renderDocument(sample('sixty-lines'));
    for (const { bytes } of drawn) expect(bytes.equals(alone)).toBe(true);
  });
});

describe('words', () => {
  test('a currency whose symbol no font has is named by its code', async () => {
    const items = [{ name: 'Chang', unitCents: 123_456, quantity: 1, rateBps: 0 }];
    const words = textsOf(await render(sampleInvoice({ tenant: { currency: 'THB' }, items })));
    expect(words).toContain('1234,56 THB');
    expect(words.join('')).not.toContain('?');
  });

  test('a credit note says which invoice it corrects, and why', async () => {
    const words = textsOf(await render(sample('credit-note-full'))).join('\n');
    expect(words).toContain('Factura rectificativa');
    expect(words).toContain('INV-2026-000042');
    expect(words).toContain('Motivo: Pedido cancelado');
    expect(words).toContain('Total abonado');
    const part = textsOf(await render(sample('credit-note-part'))).join('\n');
    expect(part).toContain('Partial credit of invoice INV-2026-000042');
    expect(part).toContain('Reason: Two boxes arrived damaged');
  });

  test('terms are said on an invoice to be paid, and who pays, with his tax number', async () => {
    const words = textsOf(await render(sample('sixty-lines'))).join('\n');
    expect(words).toContain('Please pay by December 22, 2026 (30 days from the date of issue).');
    expect(words).toContain('Northern Lights Trading & Sons Ltd');
    expect(words).toContain('Tax ID: GB123456789');
    expect(words).toContain('Ship to'.toUpperCase());
  });

  test('taxes are summed by rate', async () => {
    const words = textsOf(await render(sample('yen')));
    expect(words).toEqual(expect.arrayContaining(['VAT 10%', 'JP¥137,964', 'JP¥13,796', 'VAT 8%', 'JP¥192']));
  });

  test('scripts that the fonts have are shown, others as question marks', async () => {
    const words = textsOf(await render(sample('long-names'))).join('');
    expect(words).toContain('Σωκράτης Παπαδόπουλος');
    expect(words).toContain('Владимир Набоков');
    expect(words).toContain('Łódź');
    expect(words).toContain('?? ?');
    expect(words).not.toContain('東');
  });
});

test('no name, address or amount makes a document fail', async () => {
  const text = fc
    .string({ unit: 'binary', minLength: 1, maxLength: 60 })
    .filter((value) => value.trim() !== '');
  const base = sample('one-line');
  await fc.assert(
    fc.asyncProperty(
      text,
      text,
      fc.integer({ min: 0, max: 1_000_000_000_000 }),
      async (name, reason, cents) => {
        const invoice = {
          ...base,
          seller: { ...base.seller, trade_name: name, name },
          buyer: { ...base.buyer, name, tax_id: reason },
          lines: base.lines.map((line) => ({ ...line, description: name, gross_cents: cents })),
        };
        const note = sampleCreditNote(base, 1, reason);
        expect((await render(invoice)).pages.length).toBeGreaterThan(0);
        expect((await render(note)).pages.length).toBeGreaterThan(0);
      },
    ),
    { numRuns: 20 },
  );
});
