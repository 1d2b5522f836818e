//go:build wasip1

// Package export_acme_account_balances_guest turns accounts with their bookings into balances, by way of types of the
// guest's own.
//
// The pipeline hands over generic records. Deserialize folds each into an Account; Transform works on it; Serialize
// unfolds the result. Between the three only handles cross the border: the accounts themselves stay in this instance, as
// a WIT resource.
package export_acme_account_balances_guest

import (
	"maps"
	"slices"
	"sync"

	. "example.com/guests/account-balances/bindings/millstream_pipeline_generic"
	"example.com/guests/account-balances/bindings/millstream_pipeline_schemas"
	fault "example.com/guests/account-balances/bindings/millstream_pipeline_types"
	wit "go.bytecodealliance.org/pkg/wit/types"
)

// Asked for once.
var (
	source = sync.OnceValue(func() *schema { return newSchema(millstream_pipeline_schemas.Input()) })
	sink   = sync.OnceValue(func() *schema { return newSchema(millstream_pipeline_schemas.Output()) })
)

// Fields come in the order of account.avsc.
func read(nodes []Node) *Account {
	r := &reader{source(), nodes}
	r.record()
	a := &Account{number: r.next().Fixed()}
	a.holder.company = r.record() == "acme.accounts.Company"
	a.holder.name = r.text()
	if !a.holder.company {
		r.next() // The day of birth.
	}
	r.record()
	a.holder.city, a.holder.country = r.text(), r.text()
	a.kind = r.symbol()
	a.rates = map[string]float64{}
	for range r.next().Map() {
		currency := r.text()
		a.rates[currency] = r.next().Double()
	}
	a.bookings = make([]booking, r.next().Array())
	for i := range a.bookings {
		r.record()
		a.bookings[i] = booking{r.next().Long(), r.next().Long(), r.text(), readReference(r.next())}
	}
	return a
}

// A union of null, long and string: the node says which.
func readReference(node Node) reference {
	switch node.Tag() {
	case NodeNull:
		return reference{}
	case NodeString:
		words := node.String()
		return reference{words: &words}
	default:
		invoice := node.Long()
		return reference{invoice: &invoice}
	}
}

// Fields go in the order of balances.avsc.
func write(a *Account) []Node {
	w := &writer{schema: sink()}
	w.record("acme.accounts.Balances", 7)
	w.put(MakeNodeFixed(a.number))
	w.record("acme.accounts.Owner", 4)
	w.put(MakeNodeString(a.holder.name), MakeNodeString(a.holder.city), MakeNodeString(a.holder.country))
	w.put(MakeNodeBoolean(a.holder.company))
	w.symbol("acme.accounts.Kind", a.kind)
	w.put(MakeNodeMap(uint32(len(a.cents))))
	for _, currency := range slices.Sorted(maps.Keys(a.cents)) {
		w.put(MakeNodeString(currency), MakeNodeLong(a.cents[currency]))
	}
	w.put(MakeNodeDouble(a.totalEur), MakeNodeArray(uint32(len(a.days))))
	for _, date := range slices.Sorted(maps.Keys(a.days)) {
		w.record("acme.accounts.Day", 2)
		w.put(MakeNodeInt(date), MakeNodeInt(a.days[date]))
	}
	var last reference
	if len(a.bookings) > 0 {
		last = a.bookings[len(a.bookings)-1].reference
	}
	switch {
	case last.invoice != nil:
		w.put(MakeNodeLong(*last.invoice))
	case last.words != nil:
		w.put(MakeNodeString(*last.words))
	default:
		w.put(MakeNodeNull())
	}
	return w.nodes
}

// Deserialize makes accounts of what came.
func Deserialize(batch []GenericRecord) []wit.Result[*Account, fault.Fault] {
	out := make([]wit.Result[*Account, fault.Fault], len(batch))
	for i, record := range batch {
		account, why := attempt(func() *Account { return read(record.Nodes) })
		if why == "" {
			out[i] = wit.Ok[*Account, fault.Fault](account)
		} else {
			out[i] = wit.Err[*Account](fault.MakeFaultReject(why))
		}
	}
	return out
}

// Transform settles each account. Its handle is given up: the answer gets a new one.
func Transform(batch []*Account) []wit.Result[*Account, fault.Fault] {
	out := make([]wit.Result[*Account, fault.Fault], len(batch))
	for i, account := range batch {
		account.Drop()
		if err := account.settle(); err == nil {
			out[i] = wit.Ok[*Account, fault.Fault](account)
		} else {
			out[i] = wit.Err[*Account](fault.MakeFaultReject(err.Error()))
		}
	}
	return out
}

// Serialize makes of accounts what goes out.
func Serialize(batch []*Account) []wit.Result[GenericRecord, fault.Fault] {
	out := make([]wit.Result[GenericRecord, fault.Fault], len(batch))
	for i, account := range batch {
		account.Drop()
		nodes, why := attempt(func() []Node { return write(account) })
		if why == "" {
			out[i] = wit.Ok[GenericRecord, fault.Fault](GenericRecord{Schema: sink().number, Nodes: nodes})
		} else {
			out[i] = wit.Err[GenericRecord](fault.MakeFaultHalt(why))
		}
	}
	return out
}
