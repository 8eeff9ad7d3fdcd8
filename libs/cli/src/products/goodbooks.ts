import { z } from 'zod';
import { isbn13FromIsbn10, isbn13FromScientific } from './isbn.ts';
import type { ProductLine } from './product-line.ts';

// The rule is documented in libs/cli/README.md; what it gives may only depend on the row, so that a second import of
// the same file changes nothing.

const wholeNumber = z.coerce.number().int().nonnegative();

/** The columns of goodbooks-10k that are used. @see https://github.com/zygmuntz/goodbooks-10k */
export const goodbooksRow = z.object({
  book_id: z.string().regex(/^\d+$/, 'is not a number'),
  isbn: z.string(),
  isbn13: z.string(),
  authors: z.string().trim().min(1),
  original_publication_year: z.string(),
  original_title: z.string().trim(),
  title: z.string().trim().min(1),
  language_code: z.string().trim(),
  average_rating: z.coerce.number().min(0).max(5),
  ratings_count: wholeNumber,
  image_url: z.string().trim(),
});
export type GoodbooksRow = z.output<typeof goodbooksRow>;

/** One book as a product. */
export function productOf(row: GoodbooksRow): ProductLine {
  const isbn = isbn13FromIsbn10(row.isbn) ?? isbn13FromScientific(row.isbn13);
  const year = yearOf(row.original_publication_year);
  const language = languageOf(row.language_code);
  const originalTitle = row.original_title === row.title ? '' : row.original_title;
  return {
    sku: isbn ?? `gb-${row.book_id}`,
    name: row.title,
    description: originalTitle === '' ? undefined : originalTitle,
    price_cents: priceOf(row, year),
    stock: stockOf(row),
    category: categoryOf(row.title, year),
    image_url: /\/nophoto\//.test(row.image_url) || row.image_url === '' ? undefined : row.image_url,
    attributes: {
      author: row.authors,
      rating: row.average_rating,
      ...(isbn === undefined ? {} : { isbn }),
      ...(year === undefined ? {} : { publication_year: year }),
      ...(language === undefined ? {} : { language }),
    },
  };
}

/** Years before our era are negative, as in the file. */
function yearOf(text: string): number | undefined {
  const year = Math.trunc(Number(text));
  return text.trim() === '' || !Number.isFinite(year) ? undefined : year;
}

// Older books are cheaper; twelve steps of 50 cents inside a band keep prices from being all the same.
const PRICE_BANDS = [
  { beforeYear: 1900, cents: 595 },
  { beforeYear: 1970, cents: 895 },
  { beforeYear: 2000, cents: 1095 },
  { beforeYear: 2010, cents: 1295 },
] as const;
const PRICE_NEW_CENTS = 1595;
const PRICE_UNDATED_CENTS = 1195;

function priceOf({ book_id }: GoodbooksRow, year: number | undefined): number {
  const band = year === undefined ? undefined : PRICE_BANDS.find(({ beforeYear }) => year < beforeYear);
  const base = year === undefined ? PRICE_UNDATED_CENTS : (band?.cents ?? PRICE_NEW_CENTS);
  return base + 50 * (Number(book_id) % 12);
}

/** What many have read, a shop has more of: from 8 to some 230 copies. */
function stockOf({ book_id, ratings_count }: GoodbooksRow): number {
  return 3 + (Number(book_id) % 10) + Math.floor(Math.sqrt(ratings_count) / 10);
}

const VOLUME = /\b(vol\.|volume)\s*\d/i;
const SERIES = /\([^()]*#\s*\d/;

/** The file knows no genre; what it tells of a book's kind is its place in a series and its age. */
function categoryOf(title: string, year: number | undefined): string {
  if (VOLUME.test(title)) return 'comics';
  if (SERIES.test(title)) return 'series';
  if (year === undefined) return 'undated';
  if (year < 1900) return 'classics';
  if (year < 1970) return 'modern classics';
  return year < 2000 ? 'late 20th century' : 'contemporary';
}

// ISO 639-2/B, as the file has it, to ISO 639-1.
const LANGUAGES: Readonly<Record<string, string>> = {
  eng: 'en',
  ara: 'ar',
  fre: 'fr',
  ind: 'id',
  spa: 'es',
  ger: 'de',
  jpn: 'ja',
  per: 'fa',
  por: 'pt',
  pol: 'pl',
  nor: 'no',
  dan: 'da',
  ita: 'it',
  vie: 'vi',
  tur: 'tr',
  swe: 'sv',
  rum: 'ro',
  rus: 'ru',
};

/** `en-US` is `en`; a language without a short code keeps its long one. */
function languageOf(code: string): string | undefined {
  const [language = ''] = code.toLowerCase().split('-');
  return language === '' ? undefined : (LANGUAGES[language] ?? language);
}
