// Package export_wit_world adds to payments their value in euros and a risk, and rejects negative amounts.
package export_wit_world

import (
	"fmt"

	. "example.com/guests/enrich/bindings/acme_payments_types"
	fault "example.com/guests/enrich/bindings/millstream_pipeline_types"
	wit "go.bytecodealliance.org/pkg/wit/types"
)

type result = wit.Result[Enriched, fault.Fault]

func enrich(p *Payment) result {
	if p.Amount < 0 {
		return wit.Err[Enriched](fault.MakeFaultReject(fmt.Sprintf("negative amount %d", p.Amount)))
	}
	// The conversion keeps a compiler from fusing the two operations into one that rounds once.
	euros := float64(float64(p.Amount)/100) * p.Rate
	risk := int32(0)
	if euros > 9000 {
		risk = 2
	} else if p.Country != "DE" {
		risk = 1
	}
	return wit.Ok[Enriched, fault.Fault](Enriched{
		Id: p.Id, Account: p.Account, Amount: p.Amount, Currency: p.Currency, Ts: p.Ts, Note: p.Note,
		Tags: p.Tags, Rate: p.Rate, Country: p.Country, Seq: p.Seq, AmountEur: euros, Risk: risk,
	})
}

// Transform answers each record of the batch by its position.
func Transform(batch []Payment) []result {
	out := make([]result, len(batch))
	for i := range batch {
		out[i] = enrich(&batch[i])
	}
	return out
}
