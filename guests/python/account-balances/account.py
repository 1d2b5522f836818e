"""The guest's case class: an account as plain Python, free of Avro, WIT and Kafka."""

from collections import Counter
from dataclasses import dataclass, field

DAY = 24 * 60 * 60 * 1000
LONG = 1 << 63
INT = 1 << 31


@dataclass
class Holder:
    name: str
    city: str
    country: str
    company: bool


@dataclass
class Booking:
    # Milliseconds since 1970.
    at: int
    # In cents.
    amount: int
    currency: str
    reference: int | str | None


@dataclass
class Account:
    number: bytes
    holder: Holder
    # The symbol of the schema; this guest does not care which.
    kind: str
    # Euros for one unit of each currency that is not the euro.
    rates: dict[str, float]
    bookings: list[Booking]
    # In cents of each currency; empty until settled, as are the others below.
    cents: dict[str, int] = field(default_factory=dict)
    total_eur: float = 0.0
    # Bookings by day since 1970.
    days: dict[int, int] = field(default_factory=dict)

    def settle(self) -> None:
        """Sums up the bookings; the error says which of them cannot be counted."""
        cents: dict[str, int] = {}
        days: Counter[int] = Counter()
        for booking in self.bookings:
            total = cents[booking.currency] = cents.get(booking.currency, 0) + booking.amount
            if not -LONG <= total < LONG:
                raise ValueError(f"the balance in {booking.currency} is too large")
            day = booking.at // DAY
            if not -INT <= day < INT:
                raise ValueError(f"a booking at {booking.at} has no date")
            days[day] += 1
        # In the order of the currencies: sums of floats differ by it.
        self.cents = dict(sorted(cents.items()))
        self.days = dict(sorted(days.items()))
        self.total_eur = 0.0
        for currency, amount in self.cents.items():
            self.total_eur += amount / 100.0 * self.rate(currency)

    def rate(self, currency: str) -> float:
        if currency == "EUR":
            return 1.0
        if currency not in self.rates:
            raise ValueError(f"the account has no rate for {currency}")
        return self.rates[currency]

    @property
    def last_reference(self) -> int | str | None:
        return self.bookings[-1].reference if self.bookings else None
