// Package export_wit_world prints what it is told, and fails in the ways in which Go fails.
package export_wit_world

import (
	"fmt"
	"os"

	fault "example.com/guests/talk/bindings/millstream_pipeline_types"
	wit "go.bytecodealliance.org/pkg/wit/types"
)

type result = wit.Result[string, fault.Fault]

func talk(text string) string {
	switch text {
	case "panic":
		panic("told to")
	case "index":
		return []string{}[len(text)]
	case "divide":
		return fmt.Sprint(1 / (len(text) - 6))
	case "nil map":
		var counts map[string]int
		counts[text]++
	case "broken text":
		return "\xff"
	case "warn":
		fmt.Fprintln(os.Stderr, "a warning")
	default:
		fmt.Println("heard", text)
	}
	return text
}

// Transform answers each record of the batch by its position.
func Transform(batch []string) []result {
	out := make([]result, len(batch))
	for i := range batch {
		out[i] = wit.Ok[string, fault.Fault](talk(batch[i]))
	}
	return out
}
