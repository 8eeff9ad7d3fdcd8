export const HELP = `npm run zoco -- <command>

  import products FILE --tenant T   load products from a goodbooks CSV, a CSV or NDJSON (plain or .gz)
      --format goodbooks|csv|ndjson   default: by what is in the file
      --strict                        end with exit code 1 when lines were refused
      --report FILE                   write every refused line there, as NDJSON
  import orders FILE --tenant T     replay the invoices of the Online Retail CSV as B2B orders
      --concurrency N                 orders at once, 1 to 64, default 8
      --limit N                       only the first N invoice numbers of the file
      --strict                        end with exit code 1 when invoices were refused or lines cannot be read
      --report FILE                   write everything that was skipped there, as NDJSON
  replay [--since 14d] [--service S]
                                    publish again what the outboxes hold, when NATS lost its store
  redrive [--service S]             try again the events that were parked as dead letters
  smoke [--timeout 120]             buy something as a customer does, and wait for the invoice: does a system work?
      --tenant T                      in a shop that exists, as its staff; else in one made for the test, as the
                                      platform's administrator: PLATFORM_ADMIN_EMAIL, PLATFORM_ADMIN_PASSWORD
                                      or PLATFORM_ADMIN_PASSWORD_FILE, or --email and --password
  doctor [--json]                   what is up, what is not, and what to do about it
  help                              this

Who asks, for the imports, smoke and doctor
  --url URL                         the gateway; or ZOCO_URL; default: the system on this machine, or http://127.0.0.1:8080
  --email E --password P            a login of the tenant with the role staff; or ZOCO_EMAIL and ZOCO_PASSWORD
  --api-key K                       instead of a login; or ZOCO_API_KEY
                                    without any of them, the demo login staff@<tenant>.example on this machine

replay, redrive and doctor find the databases of a system that \`npm start\` runs by themselves. Elsewhere:
  NATS_URL, ZOCO_WORKER_URL_<SERVICE>   such as ZOCO_WORKER_URL_ORDERS=postgres://zoco_orders_worker:…@…/zoco_orders

Everything can be interrupted and run again, under any login: what is done already is found and left alone.
Exit codes: 0 done, 1 something is wrong, 2 the command line is wrong, 130 interrupted.`;
