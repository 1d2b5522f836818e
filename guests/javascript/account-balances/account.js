// The guest's case class: an account as plain JavaScript, free of Avro, WIT and Kafka.

const DAY = 24 * 60 * 60 * 1000;
const INT = 2 ** 31;

const inOrder = (totals) => new Map([...totals].sort(([a], [b]) => (a < b ? -1 : 1)));

export class Account {
  // In cents of each currency; empty until settled, as are the others below.
  cents = new Map();
  totalEur = 0;
  // Bookings by day since 1970.
  days = new Map();

  /**
   * `kind` is the symbol of the schema; this guest does not care which. `rates` has the euros for one unit of each
   * currency that is not the euro. A booking has `at` in milliseconds since 1970, `amount` in cents, `currency` and
   * `reference`.
   */
  constructor(number, holder, kind, rates, bookings) {
    Object.assign(this, { number, holder, kind, rates, bookings });
  }

  /** Sums up the bookings; the error says which of them cannot be counted. */
  settle() {
    const [cents, days] = [new Map(), new Map()];
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

  rate(currency) {
    const rate = currency === "EUR" ? 1 : this.rates.get(currency);
    if (rate === undefined) throw new Error(`the account has no rate for ${currency}`);
    return rate;
  }

  get lastReference() {
    return this.bookings.at(-1)?.reference ?? null;
  }
}
