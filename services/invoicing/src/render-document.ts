import { createHash } from 'node:crypto';
import { canonicalJson, createGate } from '@zoco/kernel';
import PDFDocument from 'pdfkit';
import { formatsOf } from './document-formats.ts';
import { taxNamesOf, textsOf } from './document-texts.ts';
import { inTurns } from './in-turns.ts';
import { renderDuration } from './metrics.ts';
import { drawHeading, type Drawing, drawRunningHead, titleOf } from './pdf-heading.ts';
import { openPage, type Page, STYLES } from './pdf-page.ts';
import { drawTable } from './pdf-table.ts';
import { drawTotals } from './pdf-totals.ts';
import type { DocumentSnapshot } from './rules/snapshot.ts';

/** They share one thread, and each holds all of its pages in memory until it is done. */
const gate = createGate({ concurrency: 2, queueMax: 100, waitMsMax: 5000, code: 'document_drawing_busy' });

/**
 * The PDF of a document: PDF/A-3b with its snapshot attached, drawn from the snapshot and nothing else. The same snapshot
 * gives the same bytes: times and ids inside the file come from the document, not from the clock.
 * @throws Problem `document_drawing_busy` when too many are waiting
 */
export function renderDocument(snapshot: DocumentSnapshot): Promise<Buffer> {
  return gate.run(async () => {
    const stop = renderDuration.startTimer({ kind: snapshot.kind });
    const bytes = await drawDocument(snapshot);
    stop();
    return bytes;
  });
}

async function drawDocument(snapshot: DocumentSnapshot): Promise<Buffer> {
  const texts = textsOf(snapshot.locale);
  const issuedAt = new Date(snapshot.issued_at);
  const doc = new PDFDocument({
    size: paperOf(snapshot),
    margin: 0,
    autoFirstPage: false,
    // No font of pdfkit's own: PDF/A embeds what it uses, and the bundle does not carry them.
    font: '',
    bufferPages: true,
    pdfVersion: '1.7',
    subset: 'PDF/A-3b',
    lang: snapshot.locale,
    displayTitle: true,
    // pdfkit writes these into XML as they are: nothing that a person typed may be among them.
    info: {
      Title: `${titleOf(snapshot, texts)} ${snapshot.number}`,
      Creator: 'Zoco',
      Producer: 'Zoco (PDFKit)',
      CreationDate: issuedAt,
    },
  });
  const data = Buffer.from(canonicalJson(snapshot));
  doc.file(data, attachmentOf(snapshot, issuedAt));
  const page = openPage(doc, () => drawRunningHead(drawing));
  const drawing: Drawing = { page, snapshot, texts, formats: formatsOf(snapshot) };
  drawHeading(drawing);
  await drawTable(drawing);
  await drawTotals(drawing, createHash('sha256').update(data).digest('hex'));
  await drawFooters(drawing);
  const bytes = collect(doc);
  doc.end();
  return bytes;
}

/** PDF/A-3 asks for the kind of the relation, the media type and a date; the types of pdfkit do not know the first. */
function attachmentOf({ number }: DocumentSnapshot, issuedAt: Date) {
  return {
    name: `${number}.json`,
    type: 'application/json',
    description: 'Data of this document',
    relationship: 'Source',
    creationDate: issuedAt,
    modifiedDate: issuedAt,
  };
}

/** North and much of Latin America print on Letter, the rest on A4. */
function paperOf({ locale }: DocumentSnapshot): 'LETTER' | 'A4' {
  return ['en-US', 'es-MX', 'es-CO'].includes(locale) ? 'LETTER' : 'A4';
}

/** Who issued it and which page of how many; drawn last, when their number is known. */
async function drawFooters({ page, snapshot, texts, formats }: Drawing): Promise<void> {
  const { doc } = page;
  const { seller } = snapshot;
  const legal = [
    seller.name,
    ...(seller.tax_id === null ? [] : [`${taxNamesOf(snapshot.locale).taxId} ${seller.tax_id}`]),
    ...(seller.address === null ? [] : [formats.address(seller.address).join(', ')]),
  ].join(' · ');
  const { start, count } = doc.bufferedPageRange();
  await inTurns(Array(count).keys(), (index) => {
    doc.switchToPage(start + index);
    drawFooter(page, legal, texts.page(index + 1, count));
  });
}

function drawFooter(page: Page, legal: string, pageNumber: string): void {
  const top = page.bottom + 14;
  page.line(top);
  const room = page.width - page.type.width(pageNumber, STYLES.small) - 24;
  const lines = page.type.wrap(legal, STYLES.small, room).slice(0, 2);
  page.lines(lines, STYLES.small, page.left, top + 5);
  page.type.drawRight(pageNumber, STYLES.small, page.right, top + 5);
}

function collect(doc: PDFKit.PDFDocument): Promise<Buffer> {
  const chunks: Buffer[] = [];
  return new Promise((resolve, reject) => {
    doc.on('data', (chunk: Buffer) => chunks.push(chunk));
    doc.on('end', () => resolve(Buffer.concat(chunks)));
    doc.on('error', reject);
  });
}
