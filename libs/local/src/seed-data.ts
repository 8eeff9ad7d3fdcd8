/** The password of every demo login. Only the local runner creates them, and it listens on loopback alone. */
export const DEMO_PASSWORD = 'demo-zoco-2026';

/** The reserved tenant of the platform's own staff. */
export const PLATFORM_TENANT = 'zoco';
export const PLATFORM_EMAIL = 'platform@zoco.example';

export interface DemoTenant {
  readonly settings: Readonly<Record<string, unknown>> & { readonly id: string };
  /** Where its products are created: books have a facade of their own. */
  readonly path: '/books' | '/products';
  readonly products: readonly Readonly<Record<string, unknown>>[];
}

// A benchmark or an import should measure the system and not its limiter.
const GENEROUS = { requests: 1_000_000, window_seconds: 10 };
const rate_limits = { user: GENEROUS, tenant: GENEROUS, checkout: GENEROUS };

interface Book {
  readonly isbn: string;
  readonly title: string;
  readonly author: string;
  readonly editorial: string;
  readonly category: string;
  readonly price_cents: number;
  readonly stock_quantity: number;
  readonly publication_year: number;
  readonly language: 'es' | 'en';
  readonly pages: number;
  readonly rating: number;
}

function book(
  [isbn, title, author, editorial]: readonly [string, string, string, string],
  category: string,
  [price_cents, stock_quantity]: readonly [number, number],
  [publication_year, language, pages, rating]: readonly [number, 'es' | 'en', number, number],
): Book {
  return {
    isbn,
    title,
    author,
    editorial,
    category,
    price_cents,
    stock_quantity,
    publication_year,
    language,
    pages,
    rating,
  };
}

const BOOKS: readonly Book[] = [
  book(
    ['9788420412146', 'Don Quijote de la Mancha', 'Miguel de Cervantes', 'Alfaguara'],
    'clásicos',
    [1495, 40],
    [2004, 'es', 1360, 4.4],
  ),
  book(
    ['9788420471839', 'Cien años de soledad', 'Gabriel García Márquez', 'Alfaguara'],
    'novela',
    [1695, 60],
    [2007, 'es', 756, 4.6],
  ),
  book(
    ['9788497592437', 'Crónica de una muerte anunciada', 'Gabriel García Márquez', 'Debolsillo'],
    'novela',
    [995, 35],
    [2003, 'es', 144, 4.2],
  ),
  book(
    ['9788420437484', 'Rayuela', 'Julio Cortázar', 'Alfaguara'],
    'novela',
    [1790, 20],
    [2019, 'es', 1040, 4.3],
  ),
  book(
    ['9788499089508', 'Ficciones', 'Jorge Luis Borges', 'Debolsillo'],
    'cuentos',
    [1095, 25],
    [2011, 'es', 224, 4.5],
  ),
  book(
    ['9788437604183', 'Pedro Páramo', 'Juan Rulfo', 'Cátedra'],
    'clásicos',
    [1150, 30],
    [2002, 'es', 192, 4.3],
  ),
  book(
    ['9780141439518', 'Pride and Prejudice', 'Jane Austen', 'Penguin Classics'],
    'classics',
    [1050, 50],
    [2002, 'en', 480, 4.5],
  ),
  book(
    ['9780142437247', 'Moby-Dick', 'Herman Melville', 'Penguin Classics'],
    'classics',
    [1450, 15],
    [2002, 'en', 720, 3.9],
  ),
  book(
    ['9780141439471', 'Frankenstein', 'Mary Shelley', 'Penguin Classics'],
    'horror',
    [990, 45],
    [2003, 'en', 352, 4.1],
  ),
  book(
    ['9780141439563', 'Great Expectations', 'Charles Dickens', 'Penguin Classics'],
    'classics',
    [1090, 18],
    [2002, 'en', 544, 4.0],
  ),
  book(
    ['9780141441146', 'Jane Eyre', 'Charlotte Brontë', 'Penguin Classics'],
    'classics',
    [1090, 22],
    [2006, 'en', 624, 4.3],
  ),
  book(
    ['9780141439846', 'Dracula', 'Bram Stoker', 'Penguin Classics'],
    'horror',
    [990, 33],
    [2003, 'en', 512, 4.2],
  ),
];

function goods(
  [sku, name, category]: readonly [string, string, string],
  [price_cents, stock]: readonly [number, number],
  description: string,
): Readonly<Record<string, unknown>> {
  return { sku, name, category, price_cents, stock, description };
}

const GOODS = [
  goods(
    ['ACM-PAP-A4', 'Copy paper A4, 5 reams', 'office'],
    [2_899, 400],
    '80 g/m², 2,500 sheets, FSC certified.',
  ),
  goods(
    ['ACM-PEN-B50', 'Ballpoint pens, blue, box of 50', 'office'],
    [1_249, 250],
    'Medium point, non-smear ink.',
  ),
  goods(['ACM-BIN-A4', 'Lever arch binder A4', 'office'], [449, 600], '75 mm spine, recycled board.'),
  goods(
    ['ACM-DSK-160', 'Standing desk 160 x 80 cm', 'furniture'],
    [48_900, 12],
    'Electric, 62 to 128 cm, 120 kg.',
  ),
  goods(
    ['ACM-CHR-ERG', 'Ergonomic office chair', 'furniture'],
    [32_900, 20],
    'Mesh back, adjustable lumbar support.',
  ),
  goods(['ACM-LMP-LED', 'LED desk lamp', 'furniture'], [5_990, 75], '800 lm, dimmable, 2700 to 6500 K.'),
  goods(
    ['ACM-GLV-L10', 'Cut-resistant gloves, size 10, 12 pairs', 'safety'],
    [4_380, 140],
    'EN 388 level D.',
  ),
  goods(['ACM-HLM-WHT', 'Safety helmet, white', 'safety'], [1_890, 180], 'EN 397, ratchet adjustment.'),
  goods(['ACM-DRL-18V', 'Cordless drill 18 V', 'tools'], [15_900, 30], 'Two 4 Ah batteries, 60 Nm.'),
  goods(['ACM-BLT-M8', 'Hex bolts M8 x 40, box of 200', 'hardware'], [2_150, 320], 'Steel 8.8, zinc plated.'),
  goods(['ACM-PLT-EUR', 'Euro pallet', 'logistics'], [1_650, 500], '1200 x 800 mm, heat treated (ISPM 15).'),
  goods(['ACM-TPE-36', 'Packing tape, 36 rolls', 'logistics'], [3_990, 210], '48 mm x 66 m, low noise.'),
];

export const DEMO_TENANTS: readonly DemoTenant[] = [
  {
    settings: {
      id: 'libros',
      name: 'Libros del Zoco',
      currency: 'EUR',
      locale: 'es-ES',
      time_zone: 'Europe/Madrid',
      tax_rate_bps: 400,
      prices_include_tax: true,
      shipping_cents: 350,
      rate_limits,
      legal_name: 'Libros del Zoco S.L.',
      tax_id: 'B12345674',
      legal_address: { line1: 'Calle Mayor 1', city: 'Madrid', postal_code: '28013', country: 'ES' },
      bank_account: {
        holder: 'Libros del Zoco S.L.',
        account_number: 'ES44 0000 0000 0612 3456 7890',
        bic: 'ZOCOESM0XXX',
        bank_name: 'Banco de Ejemplo',
      },
    },
    path: '/books',
    products: BOOKS.map((entry) => ({ ...entry })),
  },
  {
    settings: {
      id: 'acme',
      name: 'ACME Supplies',
      currency: 'USD',
      locale: 'en-US',
      time_zone: 'America/Chicago',
      tax_rate_bps: 825,
      prices_include_tax: false,
      shipping_cents: 1_500,
      rate_limits,
      legal_name: 'ACME Supplies Inc.',
      tax_id: '12-3456789',
      legal_address: {
        line1: '1 Main Street',
        city: 'Austin',
        region: 'TX',
        postal_code: '78701',
        country: 'US',
      },
      bank_account: {
        holder: 'ACME Supplies Inc.',
        account_number: '000-1234-56789',
        bank_name: 'Example Bank of Texas',
      },
    },
    path: '/products',
    products: GOODS,
  },
];
