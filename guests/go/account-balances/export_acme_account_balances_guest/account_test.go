package export_acme_account_balances_guest

import (
	"math"
	"reflect"
	"testing"
)

func TestBookingsAreSummedByCurrencyAndCountedByDay(t *testing.T) {
	a := Account{rates: map[string]float64{"USD": 0.5}, bookings: []booking{
		{at: -1, amount: 100, currency: "EUR"}, {at: 0, amount: 300, currency: "USD"}, {at: day - 1, amount: -50, currency: "EUR"},
	}}
	if err := a.settle(); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(a.cents, map[string]int64{"EUR": 50, "USD": 300}) || a.totalEur != 2 {
		t.Errorf("%v, %v", a.cents, a.totalEur)
	}
	if !reflect.DeepEqual(a.days, map[int32]int32{-1: 1, 0: 2}) {
		t.Errorf("%v", a.days)
	}
}

func TestWhatCannotBeCountedIsSaid(t *testing.T) {
	for want, bookings := range map[string][]booking{
		"the account has no rate for CHF":              {{amount: 1, currency: "CHF"}},
		"the balance in EUR is too large":              {{amount: math.MaxInt64, currency: "EUR"}, {amount: 1, currency: "EUR"}},
		"a booking at 9223372036854775807 has no date": {{at: math.MaxInt64, amount: 1, currency: "EUR"}},
	} {
		a := Account{bookings: bookings}
		if err := a.settle(); err == nil || err.Error() != want {
			t.Errorf("%v instead of %s", err, want)
		}
	}
}
