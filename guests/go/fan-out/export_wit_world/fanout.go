// Package export_wit_world answers one record for each tag of a payment: any number of outputs, none for a payment
// without tags. All of them keep the key and the headers of the payment, because the output's type names neither.
package export_wit_world

import (
	. "example.com/guests/fan-out/bindings/acme_fan_out_types"
	fault "example.com/guests/fan-out/bindings/millstream_pipeline_types"
	wit "go.bytecodealliance.org/pkg/wit/types"
)

type result = wit.Result[[]Tagged, fault.Fault]

func byTag(p *Payment) []Tagged {
	out := make([]Tagged, len(p.Tags))
	for i, tag := range p.Tags {
		out[i] = Tagged{Tag: tag, Payment: p.Id, Amount: p.Amount}
	}
	return out
}

// Transform answers each record of the batch by its position.
func Transform(batch []Payment) []result {
	out := make([]result, len(batch))
	for i := range batch {
		out[i] = wit.Ok[[]Tagged, fault.Fault](byTag(&batch[i]))
	}
	return out
}
