// Package export_wit_world gives payments another key, more headers, and a topic chosen for each of them: what the
// envelope around a value can do. The value stays as it is.
package export_wit_world

import (
	"fmt"

	. "example.com/guests/route/bindings/acme_route_types"
	"example.com/guests/route/bindings/millstream_pipeline_envelope"
	fault "example.com/guests/route/bindings/millstream_pipeline_types"
	wit "go.bytecodealliance.org/pkg/wit/types"
)

const version = "0.1.0"

type result = wit.Result[PaymentOut, fault.Fault]

// Where a payment goes; none is the pipeline's own sink.
func topic(p *Payment) wit.Option[string] {
	if p.Amount >= 500_000 {
		return wit.Some("payments.large")
	}
	switch p.Country {
	case "DE":
		return wit.Some("payments.domestic")
	case "AT", "FR", "IT", "NL":
		return wit.Some("payments.europe")
	}
	return wit.None[string]()
}

func grade(amount int64) string {
	switch {
	case amount < 0:
		return "refund"
	case amount < 10_000:
		return "small"
	case amount < 500_000:
		return "medium"
	}
	return "large"
}

func header(name, value string) Header {
	return Header{Name: name, Value: wit.Some([]byte(value))}
}

func route(record *PaymentIn) PaymentOut {
	clock := "producer"
	if record.TimestampType == millstream_pipeline_envelope.TimestampTypeLogAppendTime {
		clock = "broker"
	}
	// The list that goes out is all there is: what came in is in it only because it is added to.
	headers := append(record.Headers,
		header("correlation-id", fmt.Sprintf("%s-%d-%d", record.Topic, record.Partition, record.Offset)),
		header("source", record.Topic),
		header("version", version),
		header("grade", grade(record.Value.Amount)),
		header("clock", clock),
		Header{Name: "original-key", Value: record.Key},
	)
	return PaymentOut{
		Key:       wit.Some(record.Value.Account),
		Topic:     topic(&record.Value),
		Timestamp: wit.Some(record.Timestamp),
		Headers:   headers,
		Value:     record.Value,
	}
}

// Transform answers each record of the batch by its position.
func Transform(batch []PaymentIn) []result {
	out := make([]result, len(batch))
	for i := range batch {
		out[i] = wit.Ok[PaymentOut, fault.Fault](route(&batch[i]))
	}
	return out
}
