package PACKAGE

// This file folds generic records into Go's own values, and back by the schema:
//
//	value, err := SchemaOf(record.Schema).Fold(record.Nodes)
//	payment := value.(*Record)
//	payment.Set("amount", payment.Get("amount").(int64)*2)
//	record, err = SchemaOf(schemas.Output()).Unfold(payment)
//
// null is nil, boolean bool, int int32, long int64, float float32, double float64, bytes []byte, string string, fixed Fixed,
// enum Enum, array []any, map map[string]any, record *Record. A union is the value itself, whose type tells the branch.
// Records and enumerations carry the full names of their types, so what was read by one schema can be written by another
// that has these names.

import (
	"fmt"
	"maps"
	"slices"

	. "MODULE/bindings/millstream_pipeline_generic"
	"MODULE/bindings/millstream_pipeline_schemas"
)

// Records, arrays and maps within each other.
const maxDepth = 128

// Fixed is bytes of the number that the schema fixes.
type Fixed []byte

// Enum is a symbol of the enumeration of this full name.
type Enum struct{ Name, Symbol string }

// Record is a record: the full name of its type, and its fields in the order of the schema.
type Record struct {
	Name   string
	Fields []Field
}

// Field is a field of a record.
type Field struct {
	Name  string
	Value any
}

func (r *Record) find(name string) *Field {
	for i := range r.Fields {
		if r.Fields[i].Name == name {
			return &r.Fields[i]
		}
	}
	return nil
}

// Get is the value of a field; nil if there is none of this name.
func (r *Record) Get(name string) any {
	if field := r.find(name); field != nil {
		return field.Value
	}
	return nil
}

// Set changes a field, or adds it.
func (r *Record) Set(name string, value any) {
	if field := r.find(name); field != nil {
		field.Value = value
		return
	}
	r.Fields = append(r.Fields, Field{name, value})
}

// Read is the value of a field, which has to be a T.
func Read[T any](r *Record, name string) (T, error) {
	value, ok := r.Get(name).(T)
	if !ok {
		return value, fmt.Errorf("%s.%s: expected %T, found %T", r.Name, name, value, r.Get(name))
	}
	return value, nil
}

// Schema has the names of a schema of the pipeline.
type Schema struct {
	index   uint32
	types   []named
	numbers map[string]uint32
}

type named struct {
	tag  uint8
	name string
	// Its fields or symbols.
	parts []string
}

var known = map[uint32]*Schema{}

// SchemaOf is the schema of this number: 0 is the source's, 1 the sink's. The pipeline is asked the first time only.
func SchemaOf(number uint32) *Schema {
	if known[number] == nil {
		known[number] = newSchema(number, millstream_pipeline_schemas.NamedTypes(number))
	}
	return known[number]
}

func newSchema(number uint32, types []millstream_pipeline_schemas.NamedType) *Schema {
	s := &Schema{index: number, numbers: map[string]uint32{}}
	for i, of := range types {
		ty := named{tag: of.Tag()}
		switch of.Tag() {
		case millstream_pipeline_schemas.NamedTypeRecord:
			ty.name, ty.parts = of.Record().Name, of.Record().Fields
		case millstream_pipeline_schemas.NamedTypeEnum:
			ty.name, ty.parts = of.Enum().Name, of.Enum().Symbols
		default:
			ty.name = of.Fixed().Name
		}
		s.types = append(s.types, ty)
		s.numbers[ty.name] = uint32(i)
	}
	return s
}

// Fold makes a value of nodes.
func (s *Schema) Fold(nodes []Node) (any, error) {
	value, rest, err := s.read(nodes, 0)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%d nodes follow the value", len(rest))
	}
	return value, err
}

// Unfold makes a record of a value.
func (s *Schema) Unfold(value any) (GenericRecord, error) {
	nodes, err := s.write(nil, value, 0)
	return GenericRecord{Schema: s.index, Nodes: nodes}, err
}

func (s *Schema) read(nodes []Node, depth int) (any, []Node, error) {
	if len(nodes) == 0 {
		return nil, nil, fmt.Errorf("the nodes end within the value")
	}
	node, nodes := nodes[0], nodes[1:]
	switch node.Tag() {
	case NodeNull:
		return nil, nodes, nil
	case NodeBoolean:
		return node.Boolean(), nodes, nil
	case NodeInt:
		return node.Int(), nodes, nil
	case NodeLong:
		return node.Long(), nodes, nil
	case NodeFloat:
		return node.Float(), nodes, nil
	case NodeDouble:
		return node.Double(), nodes, nil
	case NodeBytes:
		return node.Bytes(), nodes, nil
	case NodeString:
		return node.String(), nodes, nil
	case NodeFixed:
		return Fixed(node.Fixed()), nodes, nil
	case NodeEnum:
		of := node.Enum()
		ty, err := s.named(of.Name, millstream_pipeline_schemas.NamedTypeEnum)
		if err == nil && of.Symbol >= uint32(len(ty.parts)) {
			err = fmt.Errorf("%s has no symbol %d", ty.name, of.Symbol)
		}
		if err != nil {
			return nil, nil, err
		}
		return Enum{ty.name, ty.parts[of.Symbol]}, nodes, nil
	}
	if depth >= maxDepth {
		return nil, nil, tooDeep()
	}
	return s.readMany(node, nodes, depth+1)
}

// What holds other values. A count asks for no more memory than there are nodes.
func (s *Schema) readMany(node Node, nodes []Node, depth int) (value any, rest []Node, err error) {
	switch node.Tag() {
	case NodeArray:
		items := make([]any, 0, min(int64(node.Array()), int64(len(nodes))))
		for range node.Array() {
			if value, nodes, err = s.read(nodes, depth); err != nil {
				return nil, nil, err
			}
			items = append(items, value)
		}
		return items, nodes, nil
	case NodeMap:
		pairs := make(map[string]any, min(int64(node.Map()), int64(len(nodes))))
		for range node.Map() {
			if len(nodes) == 0 || nodes[0].Tag() != NodeString {
				return nil, nil, fmt.Errorf("a map's key is a string")
			}
			key := nodes[0].String()
			if value, nodes, err = s.read(nodes[1:], depth); err != nil {
				return nil, nil, err
			}
			pairs[key] = value
		}
		return pairs, nodes, nil
	}
	ty, err := s.named(node.Record().Name, millstream_pipeline_schemas.NamedTypeRecord)
	if err != nil {
		return nil, nil, err
	}
	if node.Record().Fields != uint32(len(ty.parts)) {
		return nil, nil, fmt.Errorf("%s has %d fields, not %d", ty.name, len(ty.parts), node.Record().Fields)
	}
	record := &Record{ty.name, make([]Field, 0, len(ty.parts))}
	for _, name := range ty.parts {
		if value, nodes, err = s.read(nodes, depth); err != nil {
			return nil, nil, err
		}
		record.Fields = append(record.Fields, Field{name, value})
	}
	return record, nodes, nil
}

func (s *Schema) write(nodes []Node, value any, depth int) ([]Node, error) {
	switch it := value.(type) {
	case nil:
		return append(nodes, MakeNodeNull()), nil
	case bool:
		return append(nodes, MakeNodeBoolean(it)), nil
	case int32:
		return append(nodes, MakeNodeInt(it)), nil
	case int64:
		return append(nodes, MakeNodeLong(it)), nil
	case float32:
		return append(nodes, MakeNodeFloat(it)), nil
	case float64:
		return append(nodes, MakeNodeDouble(it)), nil
	case []byte:
		return append(nodes, MakeNodeBytes(it)), nil
	case string:
		return append(nodes, MakeNodeString(it)), nil
	case Fixed:
		return append(nodes, MakeNodeFixed(it)), nil
	case Enum:
		number, ty, err := s.number(it.Name, millstream_pipeline_schemas.NamedTypeEnum)
		if err != nil {
			return nil, err
		}
		at := slices.Index(ty.parts, it.Symbol)
		if at < 0 {
			return nil, fmt.Errorf("%s has no symbol %s", it.Name, it.Symbol)
		}
		return append(nodes, MakeNodeEnum(EnumSymbol{Name: number, Symbol: uint32(at)})), nil
	}
	if depth >= maxDepth {
		return nil, tooDeep()
	}
	return s.writeMany(nodes, value, depth+1)
}

func (s *Schema) writeMany(nodes []Node, value any, depth int) (_ []Node, err error) {
	switch it := value.(type) {
	case []any:
		nodes = append(nodes, MakeNodeArray(uint32(len(it))))
		for _, item := range it {
			if nodes, err = s.write(nodes, item, depth); err != nil {
				return nil, err
			}
		}
		return nodes, nil
	case map[string]any:
		nodes = append(nodes, MakeNodeMap(uint32(len(it))))
		// In the same order each time.
		for _, key := range slices.Sorted(maps.Keys(it)) {
			if nodes, err = s.write(append(nodes, MakeNodeString(key)), it[key], depth); err != nil {
				return nil, err
			}
		}
		return nodes, nil
	case *Record:
		return s.writeRecord(nodes, it, depth)
	}
	return nil, fmt.Errorf("%T is no type of a value; integers are int32 or int64", value)
}

func (s *Schema) writeRecord(nodes []Node, r *Record, depth int) ([]Node, error) {
	number, ty, err := s.number(r.Name, millstream_pipeline_schemas.NamedTypeRecord)
	if err != nil {
		return nil, err
	}
	nodes = append(nodes, MakeNodeRecord(RecordStart{Name: number, Fields: uint32(len(ty.parts))}))
	for i, name := range ty.parts {
		var field *Field
		// Mostly they stand in the order of the schema.
		if i < len(r.Fields) && r.Fields[i].Name == name {
			field = &r.Fields[i]
		} else if field = r.find(name); field == nil {
			return nil, fmt.Errorf("%s: %s is missing", r.Name, name)
		}
		if nodes, err = s.write(nodes, field.Value, depth); err != nil {
			return nil, err
		}
	}
	for _, field := range r.Fields {
		if len(r.Fields) > len(ty.parts) && !slices.Contains(ty.parts, field.Name) {
			return nil, fmt.Errorf("%s has no field %s", r.Name, field.Name)
		}
	}
	return nodes, nil
}

func (s *Schema) named(number uint32, tag uint8) (*named, error) {
	if number >= uint32(len(s.types)) || s.types[number].tag != tag {
		return nil, fmt.Errorf("the schema has no such type %d", number)
	}
	return &s.types[number], nil
}

func (s *Schema) number(name string, tag uint8) (uint32, *named, error) {
	number, known := s.numbers[name]
	if !known {
		return 0, nil, fmt.Errorf("the schema has no type %s", name)
	}
	ty, err := s.named(number, tag)
	if err != nil {
		err = fmt.Errorf("%s is of another kind in the schema", name)
	}
	return number, ty, err
}

func tooDeep() error { return fmt.Errorf("the value nests deeper than %d levels", maxDepth) }
