// Package export_wit_world replaces the letters of some string fields by stars, in any schema and at any depth: it works
// on generic records and knows no record type of its own. Which fields is said in its config: fields = "account, note".
package export_wit_world

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"example.com/guests/mask/bindings/millstream_pipeline_config"
	. "example.com/guests/mask/bindings/millstream_pipeline_generic"
	schemas "example.com/guests/mask/bindings/millstream_pipeline_schemas"
	fault "example.com/guests/mask/bindings/millstream_pipeline_types"
	wit "go.bytecodealliance.org/pkg/wit/types"
)

type result = wit.Result[GenericRecord, fault.Fault]

// For each named type of a schema: for each of its fields, whether to mask it.
type masked [][]bool

var (
	fields []string
	// By schema. Asked for once: names are compared for each schema, not for each record.
	bySchema = map[uint32]masked{}
)

func lookUp(types []schemas.NamedType, fields []string) masked {
	out := make(masked, len(types))
	for i, named := range types {
		if named.Tag() == schemas.NamedTypeRecord {
			for _, field := range named.Record().Fields {
				out[i] = append(out[i], slices.Contains(fields, field))
			}
		}
	}
	return out
}

// Masks the value that begins at a node, if it is to be hidden, and all fields below it that are; answers where the
// next value begins.
func mask(nodes []Node, at int, hidden bool, types masked) int {
	next := at + 1
	switch node := nodes[at]; node.Tag() {
	case NodeString:
		if hidden {
			nodes[at] = MakeNodeString(strings.Repeat("*", utf8.RuneCountInString(node.String())))
		}
	case NodeArray:
		for range node.Array() {
			next = mask(nodes, next, hidden, types)
		}
	case NodeMap:
		for range node.Map() {
			// The pair's first node is its key, which stays.
			next = mask(nodes, next+1, hidden, types)
		}
	case NodeRecord:
		for _, hidden := range types[node.Record().Name] {
			next = mask(nodes, next, hidden, types)
		}
	}
	return next
}

// The field names of the setting, each of which some record has.
func parse(setting wit.Option[string], types []schemas.NamedType) ([]string, error) {
	if setting.IsNone() {
		return nil, fmt.Errorf("`fields` is missing in `config`; it names the fields to mask, with commas between")
	}
	names := strings.Split(setting.Some(), ",")
	for i, name := range names {
		names[i] = strings.TrimSpace(name)
		known := slices.ContainsFunc(types, func(named schemas.NamedType) bool {
			return named.Tag() == schemas.NamedTypeRecord && slices.Contains(named.Record().Fields, names[i])
		})
		if !known {
			return nil, fmt.Errorf("`fields` in `config`: no record of the schema has a field `%s`", names[i])
		}
	}
	return names, nil
}

// Init reads the setting.
func Init() wit.Result[wit.Unit, string] {
	if schemas.Text(schemas.Input()) != schemas.Text(schemas.Output()) {
		return wit.Err[wit.Unit]("source and sink need the same schema: masking does not change a record's type")
	}
	names, err := parse(millstream_pipeline_config.Get("fields"), schemas.NamedTypes(schemas.Input()))
	if err != nil {
		return wit.Err[wit.Unit](err.Error())
	}
	fields = names
	return wit.Ok[wit.Unit, string](wit.Unit{})
}

// Transform answers each record of the batch by its position.
func Transform(batch []GenericRecord) []result {
	output := schemas.Output()
	out := make([]result, len(batch))
	for i, record := range batch {
		types, known := bySchema[record.Schema]
		if !known {
			types = lookUp(schemas.NamedTypes(record.Schema), fields)
			bySchema[record.Schema] = types
		}
		mask(record.Nodes, 0, false, types)
		out[i] = wit.Ok[GenericRecord, fault.Fault](GenericRecord{Schema: output, Nodes: record.Nodes})
	}
	return out
}
