package export_acme_account_balances_guest

import (
	"reflect"
	"strings"
	"testing"

	. "example.com/guests/account-balances/bindings/millstream_pipeline_generic"
	. "example.com/guests/account-balances/bindings/millstream_pipeline_schemas"
)

func testSchema() *Schema {
	fields := strings.Fields("none yes int long float double bytes text code kind list map")
	return newSchema(1, []NamedType{
		MakeNamedTypeRecord(RecordType{Name: "acme.All", Fields: fields}),
		MakeNamedTypeFixed(FixedType{Name: "acme.Code", Size: 2}),
		MakeNamedTypeEnum(EnumType{Name: "acme.Kind", Symbols: []string{"A", "B"}}),
		MakeNamedTypeRecord(RecordType{Name: "acme.P"}),
	})
}

func start(name, fields uint32) Node { return MakeNodeRecord(RecordStart{Name: name, Fields: fields}) }

func testNodes() []Node {
	return []Node{
		start(0, 12), MakeNodeNull(), MakeNodeBoolean(true), MakeNodeInt(-7), MakeNodeLong(7), MakeNodeFloat(0.5),
		MakeNodeDouble(0.1), MakeNodeBytes([]byte{1}), MakeNodeString("t"), MakeNodeFixed([]byte{2, 3}),
		MakeNodeEnum(EnumSymbol{Name: 2, Symbol: 1}), MakeNodeArray(2), MakeNodeNull(), MakeNodeLong(5),
		MakeNodeMap(1), MakeNodeString("k"), start(3, 0),
	}
}

func testValue() *Record {
	return &Record{"acme.All", []Field{
		{"none", nil}, {"yes", true}, {"int", int32(-7)}, {"long", int64(7)}, {"float", float32(0.5)}, {"double", 0.1},
		{"bytes", []byte{1}}, {"text", "t"}, {"code", Fixed{2, 3}}, {"kind", Enum{"acme.Kind", "B"}},
		{"list", []any{nil, int64(5)}}, {"map", map[string]any{"k": &Record{"acme.P", []Field{}}}},
	}}
}

func TestEveryKindGoesThereAndBack(t *testing.T) {
	value, err := testSchema().Fold(testNodes())
	if err != nil || !reflect.DeepEqual(value, testValue()) {
		t.Fatalf("%v, %v", value, err)
	}
	record := testValue()
	for range 2 {
		back, err := testSchema().Unfold(record)
		if err != nil || !reflect.DeepEqual(back, GenericRecord{Schema: 1, Nodes: testNodes()}) {
			t.Fatalf("%v, %v", back, err)
		}
		// In another order.
		record.Fields = append(record.Fields[3:], record.Fields[:3]...)
	}
}

func TestFieldsAreReadAndSet(t *testing.T) {
	record := testValue()
	if long, err := Read[int64](record, "long"); long != 7 || err != nil {
		t.Errorf("%v, %v", long, err)
	}
	if _, err := Read[int64](record, "int"); err == nil || err.Error() != "acme.All.int: expected int64, found int32" {
		t.Errorf("%v", err)
	}
	record.Set("long", int64(8))
	record.Set("more", "x")
	if record.Get("long") != int64(8) || record.Get("more") != "x" || record.Get("less") != nil {
		t.Errorf("%v", record)
	}
}

func TestBrokenNodesAreTold(t *testing.T) {
	with := func(at int, node Node) []Node {
		nodes := testNodes()
		nodes[at] = node
		return nodes
	}
	for want, nodes := range map[string][]Node{
		"the nodes end within the value": testNodes()[:5],
		"1 nodes follow the value":       append(testNodes(), MakeNodeInt(1)),
		"a map's key is a string":        with(15, MakeNodeNull()),
		"the schema has no such type 9":  with(0, start(9, 12)),
		"the schema has no such type 2":  with(0, start(2, 12)),
		"acme.All has 12 fields, not 9":  with(0, start(0, 9)),
		"acme.Kind has no symbol 2":      with(10, MakeNodeEnum(EnumSymbol{Name: 2, Symbol: 2})),
	} {
		if _, err := testSchema().Fold(nodes); err == nil || err.Error() != want {
			t.Errorf("%v instead of %s", err, want)
		}
	}
	for _, nodes := range [][]Node{nil, with(11, MakeNodeArray(1<<32-1)), with(14, MakeNodeMap(1<<32-1))} {
		if value, err := testSchema().Fold(nodes); err == nil {
			t.Errorf("%v", value)
		}
	}
}

func TestWhatDoesNotFitIsTold(t *testing.T) {
	short := testValue()
	short.Fields = short.Fields[1:]
	for want, value := range map[string]any{
		"acme.All: none is missing":                              short,
		"acme.P has no field x":                                  &Record{"acme.P", []Field{{"x", nil}}},
		"the schema has no type acme.Q":                          &Record{Name: "acme.Q"},
		"acme.Kind has no symbol C":                              Enum{"acme.Kind", "C"},
		"acme.P is of another kind in the schema":                Enum{"acme.P", "C"},
		"int is no type of a value; integers are int32 or int64": []any{1},
	} {
		if _, err := testSchema().Unfold(value); err == nil || err.Error() != want {
			t.Errorf("%v instead of %s", err, want)
		}
	}
}

func TestDepthHasALimit(t *testing.T) {
	nodes, value := []Node{MakeNodeArray(0)}, []any{}
	for range maxDepth {
		nodes, value = append(nodes, nodes[0]), []any{value}
		nodes[len(nodes)-2] = MakeNodeArray(1)
	}
	_, folding := testSchema().Fold(nodes)
	_, unfolding := testSchema().Unfold(value)
	for _, err := range []error{folding, unfolding} {
		if err == nil || err.Error() != "the value nests deeper than 128 levels" {
			t.Errorf("%v", err)
		}
	}
}
