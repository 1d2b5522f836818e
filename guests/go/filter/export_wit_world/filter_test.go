package export_wit_world

import (
	"strings"
	"testing"

	. "example.com/guests/filter/bindings/acme_filter_types"
	wit "go.bytecodealliance.org/pkg/wit/types"
)

func TestALimitIsAWholeNumber(t *testing.T) {
	if cents, err := parse(wit.Some("250")); err != nil || cents != 250 {
		t.Errorf("250 became %d, %v", cents, err)
	}
	if _, err := parse(wit.Some("2.50")); err == nil || !strings.Contains(err.Error(), `not "2.50"`) {
		t.Errorf("2.50 became %v", err)
	}
	if _, err := parse(wit.None[string]()); err == nil || !strings.Contains(err.Error(), "is missing") {
		t.Errorf("nothing became %v", err)
	}
}

func TestATombstoneHasNoAmountToFallBelowTheLimit(t *testing.T) {
	limit = 1 << 62
	tombstone := PaymentIn{Value: wit.None[Payment](), Key: wit.Some([]byte("k"))}
	out := filter(tombstone)
	if out.IsNone() || out.Some().Value.IsSome() {
		t.Fatal("the tombstone was dropped")
	}
	if string(out.Some().Key.Some()) != "k" {
		t.Error("the tombstone lost its key")
	}
}
