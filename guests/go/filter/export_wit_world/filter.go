// Package export_wit_world drops payments below a limit of its config: each record has one output or none. Tombstones,
// records with a key and no value, go through: whoever deletes by them still has to see them.
package export_wit_world

import (
	"fmt"
	"strconv"

	. "example.com/guests/filter/bindings/acme_filter_types"
	"example.com/guests/filter/bindings/millstream_pipeline_config"
	fault "example.com/guests/filter/bindings/millstream_pipeline_types"
	wit "go.bytecodealliance.org/pkg/wit/types"
)

// In cents. Init comes before the first batch.
var limit int64

type result = wit.Result[wit.Option[PaymentOut], fault.Fault]

// What min-amount says, or why it says nothing.
func parse(text wit.Option[string]) (int64, error) {
	if text.IsNone() {
		return 0, fmt.Errorf("`min-amount` is missing in `config`; it is the smallest amount to let through, in cents")
	}
	cents, err := strconv.ParseInt(text.Some(), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("`min-amount` must be a whole number of cents, not %q", text.Some())
	}
	return cents, nil
}

func filter(record PaymentIn) wit.Option[PaymentOut] {
	if record.Value.IsSome() && record.Value.Some().Amount < limit {
		return wit.None[PaymentOut]()
	}
	return wit.Some(PaymentOut{Value: record.Value, Key: record.Key})
}

// Init reads the limit.
func Init() wit.Result[wit.Unit, string] {
	cents, err := parse(millstream_pipeline_config.Get("min-amount"))
	if err != nil {
		return wit.Err[wit.Unit](err.Error())
	}
	limit = cents
	return wit.Ok[wit.Unit, string](wit.Unit{})
}

// Transform answers each record of the batch by its position.
func Transform(batch []PaymentIn) []result {
	out := make([]result, len(batch))
	for i, record := range batch {
		out[i] = wit.Ok[wit.Option[PaymentOut], fault.Fault](filter(record))
	}
	return out
}
