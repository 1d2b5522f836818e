// The guest's case class: an account as plain TypeScript, free of Avro, WIT and Kafka.

const DAY = 24 * 60 * 60 * 1000;
const INT = 2 ** 31;

function inOrder<K, V>(totals: Map<K, V>): Map<K, V> {
  return new Map([...totals].sort(([a], [b]) => (a < b ? -1 : 1)));
}

export interface Holder {
  name: string;
  city: string;
  country: string;
  company: boolean;
}

export interface Booking {
  /** Milliseconds since 1970. */
  at: number;
  /** In cents. */
  amount: number;
  currency: string;
  reference: number | string | null;
}

export class Account {
  /** In cents of each currency; empty until settled, as are the others below. */
  cents = new Map<string, number>();
  totalEur = 0;
  /** Bookings by day since 1970. */
  days = new Map<number, number>();

  /**
   * `kind` is the symbol of the schema; this guest does not care which. `rates` has the euros for one unit of each
   * currency that is not the euro.
   */
  constructor(
    readonly number: Uint8Array,
    readonly holder: Holder,
    readonly kind: string,
    readonly rates: Map<string, number>,
    readonly bookings: Booking[],
  ) {}

  /** Sums up the bookings; the error says which of them cannot be counted. */
  settle(): void {
    const cents = new Map<string, number>();
    const days = new Map<number, number>();
    for (const { at, amount, currency } of this.bookings) {
      const total = (cents.get(currency) ?? 0) + amount;
      if (!Number.isSafeInteger(total)) throw new Error(`the balance in ${currency} is too large`);
      cents.set(currency, total);
      const day = Math.floor(at / DAY);
      if (day < -INT || day >= INT) throw new Error(`a booking at ${at} has no date`);
      days.set(day, (days.get(day) ?? 0) + 1);
    }
    // In the order of the currencies: sums of floats differ by it.
    this.cents = inOrder(cents);
    this.days = inOrder(days);
    this.totalEur = 0;
    for (const [currency, amount] of this.cents) this.totalEur += (amount / 100) * this.rate(currency);
  }

  rate(currency: string): number {
    const rate = currency === "EUR" ? 1 : this.rates.get(currency);
    if (rate === undefined) throw new Error(`the account has no rate for ${currency}`);
    return rate;
  }

  get lastReference(): number | string | null {
    return this.bookings.at(-1)?.reference ?? null;
  }
}
