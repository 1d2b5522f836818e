package export_acme_account_balances_guest

import (
	"fmt"
	"maps"
	"slices"
)

// Reads fields of a record one after the other; the first error stays.
type fields struct {
	*Record
	err error
}

func field[T any](f *fields, name string) T {
	value, err := Read[T](f.Record, name)
	if f.err == nil {
		f.err = err
	}
	return value
}

// An acme.accounts.Account.
func readAccount(value any) (*Account, error) {
	record, ok := value.(*Record)
	if !ok {
		return nil, fmt.Errorf("%T is no account", value)
	}
	f := &fields{Record: record}
	a := &Account{number: field[Fixed](f, "number"), kind: field[Enum](f, "kind").Symbol, rates: map[string]float64{}}
	for currency, rate := range field[map[string]any](f, "rates") {
		a.rates[currency], _ = rate.(float64)
	}
	holder, items := field[*Record](f, "holder"), field[[]any](f, "bookings")
	if f.err != nil {
		return nil, f.err
	}
	if f.err = a.readHolder(holder); f.err != nil {
		return nil, f.err
	}
	for _, item := range items {
		record, _ := item.(*Record)
		if record == nil {
			return nil, fmt.Errorf("%T is no booking", item)
		}
		b := &fields{Record: record}
		made := booking{field[int64](b, "at"), field[int64](b, "amount"), field[string](b, "currency"), reference{}}
		// A union of null, long and string: the value says which.
		switch it := record.Get("reference").(type) {
		case int64:
			made.reference.invoice = &it
		case string:
			made.reference.words = &it
		}
		if b.err != nil {
			return nil, b.err
		}
		a.bookings = append(a.bookings, made)
	}
	return a, nil
}

// A union of two records: the name says which.
func (a *Account) readHolder(record *Record) error {
	f := &fields{Record: record}
	a.holder = holder{name: field[string](f, "name"), company: record.Name == "acme.accounts.Company"}
	address := &fields{Record: field[*Record](f, "address")}
	if f.err != nil {
		return f.err
	}
	a.holder.city, a.holder.country = field[string](address, "city"), field[string](address, "country")
	return address.err
}

// An acme.accounts.Balances.
func balances(a *Account) *Record {
	cents, days := map[string]any{}, []any{}
	for currency, amount := range a.cents {
		cents[currency] = amount
	}
	for _, date := range slices.Sorted(maps.Keys(a.days)) {
		day := &Record{"acme.accounts.Day", []Field{{"day", date}, {"bookings", a.days[date]}}}
		days = append(days, day)
	}
	var last any
	if len(a.bookings) > 0 {
		switch of := a.bookings[len(a.bookings)-1].reference; {
		case of.invoice != nil:
			last = *of.invoice
		case of.words != nil:
			last = *of.words
		}
	}
	owner := &Record{"acme.accounts.Owner", []Field{
		{"name", a.holder.name}, {"city", a.holder.city}, {"country", a.holder.country}, {"company", a.holder.company},
	}}
	return &Record{"acme.accounts.Balances", []Field{
		{"number", Fixed(a.number)},
		{"owner", owner},
		{"kind", Enum{"acme.accounts.Kind", a.kind}},
		{"balances", cents},
		{"total_eur", a.totalEur},
		{"days", days},
		{"last_reference", last},
	}}
}
