package export_acme_account_balances_guest

import (
	"fmt"
	"maps"
	"math"
	"runtime"
	"slices"
)

const day = 24 * 60 * 60 * 1000

// Account is the guest's case class, and what its handles stand for.
type Account struct {
	// Of the bindings, which keep the account where it is as long as there is a handle to it.
	pinner runtime.Pinner
	handle int32

	number []byte
	holder holder
	// The symbol of the schema; this guest does not care which.
	kind string
	// Euros for one unit of each currency that is not the euro.
	rates    map[string]float64
	bookings []booking
	// In cents of each currency; empty until settled, as are the others below.
	cents    map[string]int64
	totalEur float64
	// Bookings by day since 1970.
	days map[int32]int32
}

type holder struct {
	name, city, country string
	company             bool
}

type booking struct {
	// Milliseconds since 1970.
	at int64
	// In cents.
	amount    int64
	currency  string
	reference reference
}

// Either of them, or none.
type reference struct {
	invoice *int64
	words   *string
}

// OnDrop is called when the last handle is gone; the memory is Go's to free.
func (a *Account) OnDrop() {}

// Sums up the bookings; the error says which of them cannot be counted.
func (a *Account) settle() error {
	a.cents, a.days, a.totalEur = map[string]int64{}, map[int32]int32{}, 0
	for _, b := range a.bookings {
		sum := a.cents[b.currency] + b.amount
		if (sum > a.cents[b.currency]) != (b.amount > 0) {
			return fmt.Errorf("the balance in %s is too large", b.currency)
		}
		a.cents[b.currency] = sum
		date := b.at / day
		if b.at%day < 0 {
			date--
		}
		if date < math.MinInt32 || date > math.MaxInt32 {
			return fmt.Errorf("a booking at %d has no date", b.at)
		}
		a.days[int32(date)]++
	}
	// In the order of the currencies: sums of floats differ by it.
	for _, currency := range slices.Sorted(maps.Keys(a.cents)) {
		rate, known := a.rates[currency]
		if currency == "EUR" {
			rate, known = 1, true
		}
		if !known {
			return fmt.Errorf("the account has no rate for %s", currency)
		}
		// The conversion keeps a compiler from fusing the operations into one that rounds once.
		a.totalEur += float64(float64(a.cents[currency]) / 100 * rate)
	}
	return nil
}
