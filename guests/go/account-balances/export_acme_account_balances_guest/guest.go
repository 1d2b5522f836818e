//go:build wasip1

// Package export_acme_account_balances_guest turns accounts with their bookings into balances, by way of types of the
// guest's own.
//
// The pipeline hands over generic records. Deserialize folds each into an Account; Transform works on it; Serialize
// unfolds the result. Between the three only handles cross the border: the accounts themselves stay in this instance, as
// a WIT resource.
package export_acme_account_balances_guest

import (
	. "example.com/guests/account-balances/bindings/millstream_pipeline_generic"
	"example.com/guests/account-balances/bindings/millstream_pipeline_schemas"
	fault "example.com/guests/account-balances/bindings/millstream_pipeline_types"
	wit "go.bytecodealliance.org/pkg/wit/types"
)

// Makes an account of an acme.accounts.Account.
func read(record GenericRecord) (*Account, error) {
	value, err := SchemaOf(record.Schema).Fold(record.Nodes)
	if err != nil {
		return nil, err
	}
	return readAccount(value)
}

// Makes an acme.accounts.Balances of an account.
func write(a *Account) (GenericRecord, error) {
	return SchemaOf(millstream_pipeline_schemas.Output()).Unfold(balances(a))
}

// Deserialize makes accounts of what came.
func Deserialize(batch []GenericRecord) []wit.Result[*Account, fault.Fault] {
	out := make([]wit.Result[*Account, fault.Fault], len(batch))
	for i, record := range batch {
		account, err := read(record)
		if err == nil {
			out[i] = wit.Ok[*Account, fault.Fault](account)
		} else {
			out[i] = wit.Err[*Account](fault.MakeFaultReject(err.Error()))
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
		record, err := write(account)
		if err == nil {
			out[i] = wit.Ok[GenericRecord, fault.Fault](record)
		} else {
			out[i] = wit.Err[GenericRecord](fault.MakeFaultHalt(err.Error()))
		}
	}
	return out
}
