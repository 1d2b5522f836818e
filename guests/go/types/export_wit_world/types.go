// Package export_wit_world is for `millstream conformance`: a record with a field of each type comes in and goes out as
// it is. What its id says is done instead: "reject: why", "retry: why" and "halt: why" are faults, "throw" fails as Go
// fails, "broken text" answers a text that is no Unicode.
package export_wit_world

import (
	"strings"

	. "example.com/guests/types/bindings/acme_types_types"
	fault "example.com/guests/types/bindings/millstream_pipeline_types"
	wit "go.bytecodealliance.org/pkg/wit/types"
)

type result = wit.Result[Everything, fault.Fault]

func answer(record *Everything) result {
	word, why, _ := strings.Cut(record.Id, ": ")
	switch word {
	case "reject":
		return wit.Err[Everything](fault.MakeFaultReject(why))
	case "retry":
		return wit.Err[Everything](fault.MakeFaultRetry(why))
	case "halt":
		return wit.Err[Everything](fault.MakeFaultHalt(why))
	case "throw":
		panic("thrown on purpose")
	case "broken text":
		record.Text = "\xff"
	}
	return wit.Ok[Everything, fault.Fault](*record)
}

// Transform answers each record of the batch by its position.
func Transform(batch []Everything) []result {
	out := make([]result, len(batch))
	for i := range batch {
		out[i] = answer(&batch[i])
	}
	return out
}
