// Reads and writes generic records; generic.h says how.

#include "generic.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KIND(name) MILLSTREAM_PIPELINE_GENERIC_NODE_##name
#define RECORD MILLSTREAM_PIPELINE_SCHEMAS_NAMED_TYPE_RECORD
#define ENUM MILLSTREAM_PIPELINE_SCHEMAS_NAMED_TYPE_ENUM

typedef millstream_pipeline_schemas_named_type_t named_type;

static const char *const WORDS[] = {"null", "boolean", "int", "long", "float", "double", "bytes",
                                    "string", "fixed", "enum", "array", "map", "record"};

// The first error stays.
static void fail(char error[160], const char *format, ...) {
    if (error[0] == 0) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(error, 160, format, arguments);
        va_end(arguments);
    }
}

// Both schemas' types, asked for once.
static const generic_types *types_of(uint32_t schema) {
    static generic_types known[2];
    static bool asked[2];
    static const generic_types none;
    if (schema > 1) {
        return &none;
    }
    if (!asked[schema]) {
        asked[schema] = true;
        millstream_pipeline_schemas_named_types(schema, &known[schema]);
    }
    return &known[schema];
}

// The names of a record's fields or of an enumeration's symbols.
static const transform_list_string_t *parts(const named_type *type) {
    return type->tag == RECORD ? &type->val.record.fields : &type->val.enum_.symbols;
}

static transform_string_t name_of(const named_type *type) {
    // All of them begin with their name.
    return type->val.record.name;
}

// The type of this number; NULL if it is not of the kind.
static const named_type *numbered(const generic_types *types, uint32_t number, uint8_t tag) {
    return number < types->len && types->ptr[number].tag == tag ? &types->ptr[number] : NULL;
}

bool generic_same(transform_string_t text, const char *other) {
    return text.len == strlen(other) && (text.len == 0 || memcmp(text.ptr, other, text.len) == 0);
}

static bool equal(transform_string_t a, transform_string_t b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

transform_string_t generic_text(const char *value) {
    return (transform_string_t){.ptr = (uint8_t *)(uintptr_t)value, .len = strlen(value)};
}

// So many zero bytes; never at NULL.
static transform_list_u8_t bytes_of(size_t size) {
    transform_list_u8_t bytes = {.ptr = calloc(size + 1, 1), .len = size};
    if (bytes.ptr == NULL) {
        abort();
    }
    return bytes;
}

transform_list_u8_t generic_copy(const void *bytes, size_t size) {
    transform_list_u8_t copy = bytes_of(size);
    memcpy(copy.ptr, bytes, size);
    return copy;
}

generic_reader generic_read(generic_record *record) {
    generic_reader in = {.types = types_of(record->schema), .nodes = record->nodes.ptr, .len = record->nodes.len};
    *record = (generic_record){0};
    return in;
}

void generic_done(generic_reader *in) {
    millstream_pipeline_generic_list_node_t nodes = {.ptr = in->nodes, .len = in->len};
    millstream_pipeline_generic_list_node_free(&nodes);
    *in = (generic_reader){0};
}

bool generic_is(const generic_reader *in, uint8_t kind) {
    return in->error[0] == 0 && in->at < in->len && in->nodes[in->at].tag == kind;
}

// The next node, which is to be of the kind, taken from the reader: what it holds is the caller's.
static generic_node take(generic_reader *in, uint8_t kind) {
    generic_node node = {0};
    if (generic_is(in, kind)) {
        node = in->nodes[in->at];
        in->nodes[in->at] = (generic_node){0};
        // Numbers stay, so that fields can be looked for again.
        if (kind == KIND(RECORD) || kind == KIND(ARRAY) || kind == KIND(MAP)) {
            in->nodes[in->at] = node;
        }
        in->at++;
    } else if (in->at >= in->len) {
        fail(in->error, "expected %s, but the nodes end", WORDS[kind]);
    } else {
        const uint8_t found = in->nodes[in->at].tag;
        fail(in->error, "expected %s, found %s", WORDS[kind], found <= KIND(RECORD) ? WORDS[found] : "nothing known");
    }
    return node;
}

void generic_null(generic_reader *in) { take(in, KIND(NULL)); }
bool generic_boolean(generic_reader *in) { return take(in, KIND(BOOLEAN)).val.boolean; }
int32_t generic_int(generic_reader *in) { return take(in, KIND(INT)).val.int_; }
int64_t generic_long(generic_reader *in) { return take(in, KIND(LONG)).val.long_; }
float generic_float(generic_reader *in) { return take(in, KIND(FLOAT)).val.float_; }
double generic_double(generic_reader *in) { return take(in, KIND(DOUBLE)).val.double_; }
transform_string_t generic_string(generic_reader *in) { return take(in, KIND(STRING)).val.string; }
transform_list_u8_t generic_bytes(generic_reader *in) { return take(in, KIND(BYTES)).val.bytes; }
transform_list_u8_t generic_fixed(generic_reader *in) { return take(in, KIND(FIXED)).val.fixed; }

transform_string_t generic_symbol(generic_reader *in) {
    const millstream_pipeline_generic_enum_symbol_t symbol = take(in, KIND(ENUM)).val.enum_;
    const named_type *type = in->error[0] == 0 ? numbered(in->types, symbol.name, ENUM) : NULL;
    if (type == NULL || symbol.symbol >= parts(type)->len) {
        fail(in->error, "there is no symbol %u of an enumeration %u", symbol.symbol, symbol.name);
        return (transform_string_t){0};
    }
    return parts(type)->ptr[symbol.symbol];
}

// A count that the nodes which are left can hold.
static uint32_t counted(generic_reader *in, uint32_t count, size_t each) {
    if (count > (in->len - in->at) / each) {
        fail(in->error, "the nodes end within %u values", count);
        return 0;
    }
    return count;
}

uint32_t generic_array(generic_reader *in) {
    const uint32_t count = take(in, KIND(ARRAY)).val.array;
    return in->error[0] == 0 ? counted(in, count, 1) : 0;
}

uint32_t generic_map(generic_reader *in) {
    const uint32_t count = take(in, KIND(MAP)).val.map;
    return in->error[0] == 0 ? counted(in, count, 2) : 0;
}

// The record's type, at whose fields the reader stands then; NULL after an error.
static const named_type *enter(generic_reader *in) {
    const millstream_pipeline_generic_record_start_t start = take(in, KIND(RECORD)).val.record;
    const named_type *type = in->error[0] == 0 ? numbered(in->types, start.name, RECORD) : NULL;
    if (type == NULL || parts(type)->len != start.fields) {
        fail(in->error, "there is no record %u of %u fields", start.name, start.fields);
        return NULL;
    }
    return type;
}

transform_string_t generic_record_name(generic_reader *in) {
    const named_type *type = enter(in);
    return type == NULL ? (transform_string_t){0} : name_of(type);
}

void generic_field(generic_reader *in, size_t start, const char *name) {
    in->at = start;
    const named_type *type = enter(in);
    for (size_t i = 0; type != NULL && i < parts(type)->len; i++) {
        if (generic_same(parts(type)->ptr[i], name)) {
            return;
        }
        generic_skip(in);
    }
    fail(in->error, "there is no field %s", name);
}

// How many values have to follow a node, the keys of maps included.
static uint64_t below(const generic_node *node) {
    switch (node->tag) {
    case KIND(ARRAY):
        return node->val.array;
    case KIND(MAP):
        return (uint64_t)node->val.map * 2;
    case KIND(RECORD):
        return node->val.record.fields;
    default:
        return 0;
    }
}

void generic_skip(generic_reader *in) {
    for (uint64_t left = 1; left > 0 && in->error[0] == 0; left--) {
        if (in->at >= in->len) {
            fail(in->error, "the nodes end within the value");
            return;
        }
        left += below(&in->nodes[in->at++]);
    }
}

generic_writer generic_write(uint32_t schema) { return (generic_writer){.types = types_of(schema), .schema = schema}; }

static void free_nodes(generic_node *nodes, size_t len) {
    millstream_pipeline_generic_list_node_t list = {.ptr = nodes, .len = len};
    millstream_pipeline_generic_list_node_free(&list);
}

void generic_fail(generic_writer *out, const char *why) { fail(out->error, "%s", why); }

bool generic_finish(generic_writer *out, generic_record *record) {
    const bool good = out->error[0] == 0;
    if (good) {
        *record = (generic_record){.schema = out->schema, .nodes = {.ptr = out->nodes, .len = out->len}};
    } else {
        free_nodes(out->nodes, out->len);
    }
    out->nodes = NULL;
    out->len = out->room = 0;
    return good;
}

static void put(generic_writer *out, generic_node node) {
    if (out->len == out->room) {
        out->room = out->room == 0 ? 32 : out->room * 2;
        out->nodes = realloc(out->nodes, out->room * sizeof *out->nodes);
        if (out->nodes == NULL) {
            abort();
        }
    }
    out->nodes[out->len++] = node;
}

#define PUT(function, kind, field, type)                                                                               \
    void generic_put_##function(generic_writer *out, type value) {                                                     \
        put(out, (generic_node){.tag = KIND(kind), .val = {.field = value}});                                          \
    }

PUT(boolean, BOOLEAN, boolean, bool)
PUT(int, INT, int_, int32_t)
PUT(long, LONG, long_, int64_t)
PUT(float, FLOAT, float_, float)
PUT(double, DOUBLE, double_, double)
PUT(string, STRING, string, transform_string_t)
PUT(bytes, BYTES, bytes, transform_list_u8_t)
PUT(fixed, FIXED, fixed, transform_list_u8_t)
PUT(array, ARRAY, array, uint32_t)
PUT(map, MAP, map, uint32_t)

void generic_put_null(generic_writer *out) { put(out, (generic_node){.tag = KIND(NULL)}); }

void generic_put_text(generic_writer *out, const char *value) {
    transform_string_t copy = {0};
    transform_string_dup(&copy, value);
    generic_put_string(out, copy);
}

void generic_put_zeros(generic_writer *out, size_t size) {
    generic_put_fixed(out, bytes_of(size));
}

// The number of the type of this name; false, with an error, if there is none of the kind.
static bool find(generic_writer *out, transform_string_t name, uint8_t tag, uint32_t *number) {
    for (uint32_t i = 0; i < out->types->len; i++) {
        if (out->types->ptr[i].tag == tag && equal(name_of(&out->types->ptr[i]), name)) {
            *number = i;
            return true;
        }
    }
    const char *kind = tag == RECORD ? "record" : "enum";
    fail(out->error, "the schema has no %s %.*s", kind, (int)name.len, (const char *)name.ptr);
    return false;
}

static void put_symbol(generic_writer *out, transform_string_t name, transform_string_t symbol) {
    millstream_pipeline_generic_enum_symbol_t found = {0};
    if (!find(out, name, ENUM, &found.name)) {
        return;
    }
    const transform_list_string_t *symbols = parts(&out->types->ptr[found.name]);
    while (found.symbol < symbols->len && !equal(symbols->ptr[found.symbol], symbol)) {
        found.symbol++;
    }
    if (found.symbol == symbols->len) {
        fail(out->error, "%.*s has no symbol %.*s", (int)name.len, (const char *)name.ptr, (int)symbol.len,
             (const char *)symbol.ptr);
    }
    put(out, (generic_node){.tag = KIND(ENUM), .val = {.enum_ = found}});
}

static void put_record(generic_writer *out, transform_string_t name, uint32_t fields) {
    millstream_pipeline_generic_record_start_t start = {.fields = fields};
    if (find(out, name, RECORD, &start.name) && parts(&out->types->ptr[start.name])->len != fields) {
        fail(out->error, "%.*s has %zu fields, not %u", (int)name.len, (const char *)name.ptr,
             parts(&out->types->ptr[start.name])->len, fields);
    }
    put(out, (generic_node){.tag = KIND(RECORD), .val = {.record = start}});
}

void generic_put_symbol(generic_writer *out, const char *name, transform_string_t symbol) {
    put_symbol(out, generic_text(name), symbol);
}

void generic_put_record(generic_writer *out, const char *name, uint32_t fields) {
    put_record(out, generic_text(name), fields);
}

void generic_move(generic_writer *out, generic_reader *in) {
    for (uint64_t left = 1; left > 0 && in->error[0] == 0; left--) {
        if (in->at >= in->len) {
            fail(in->error, "the nodes end within the value");
        } else if (generic_is(in, KIND(ENUM))) {
            const uint32_t number = in->nodes[in->at].val.enum_.name;
            const transform_string_t symbol = generic_symbol(in);
            if (in->error[0] == 0) {
                put_symbol(out, name_of(&in->types->ptr[number]), symbol);
            }
        } else if (generic_is(in, KIND(RECORD))) {
            const named_type *type = enter(in);
            if (type != NULL) {
                left += parts(type)->len;
                put_record(out, name_of(type), (uint32_t)parts(type)->len);
            }
        } else {
            const generic_node node = take(in, in->nodes[in->at].tag);
            left += below(&node);
            put(out, node);
        }
    }
    fail(out->error, "%s", in->error);
}
