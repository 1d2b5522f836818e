package export_acme_account_balances_guest

import (
	"fmt"
	"slices"

	. "example.com/guests/account-balances/bindings/millstream_pipeline_generic"
	"example.com/guests/account-balances/bindings/millstream_pipeline_schemas"
)

// A schema's named types, by the numbers that nodes have. Nothing here knows accounts.
type schema struct {
	number uint32
	types  []millstream_pipeline_schemas.NamedType
}

func newSchema(number uint32) *schema {
	return &schema{number, millstream_pipeline_schemas.NamedTypes(number)}
}

func (s *schema) name(number uint32) string {
	switch named := s.types[number]; named.Tag() {
	case millstream_pipeline_schemas.NamedTypeRecord:
		return named.Record().Name
	case millstream_pipeline_schemas.NamedTypeEnum:
		return named.Enum().Name
	default:
		return named.Fixed().Name
	}
}

func (s *schema) index(name string) uint32 {
	for i := range s.types {
		if s.name(uint32(i)) == name {
			return uint32(i)
		}
	}
	panic(fmt.Errorf("the schema has no type %s", name))
}

// Stands at a node and hands out what begins there. A node of another kind is a panic with an error, which attempt
// turns into a fault.
type reader struct {
	*schema
	nodes []Node
}

func (r *reader) next() Node {
	if len(r.nodes) == 0 {
		panic(fmt.Errorf("the value ends too early"))
	}
	node := r.nodes[0]
	r.nodes = r.nodes[1:]
	return node
}

// The full name of the record that begins here. Its fields follow.
func (r *reader) record() string { return r.name(r.next().Record().Name) }
func (r *reader) text() string   { return r.next().String() }

func (r *reader) symbol() string {
	symbol := r.next().Enum()
	return r.types[symbol.Name].Enum().Symbols[symbol.Symbol]
}

// Appends what it is told, and knows the numbers of names.
type writer struct {
	*schema
	nodes []Node
}

func (w *writer) put(nodes ...Node) { w.nodes = append(w.nodes, nodes...) }

// Begins a record; so many fields have to follow.
func (w *writer) record(name string, fields uint32) {
	w.put(MakeNodeRecord(RecordStart{Name: w.index(name), Fields: fields}))
}

func (w *writer) symbol(name, symbol string) {
	number := w.index(name)
	at := slices.Index(w.types[number].Enum().Symbols, symbol)
	if at < 0 {
		panic(fmt.Errorf("%s has no symbol %s", name, symbol))
	}
	w.put(MakeNodeEnum(EnumSymbol{Name: number, Symbol: uint32(at)}))
}

// What work answers, or the error that it panics with, as a text.
func attempt[T any](work func() T) (value T, why string) {
	defer func() {
		if raised := recover(); raised != nil {
			why = fmt.Sprint(raised)
		}
	}()
	return work(), ""
}
