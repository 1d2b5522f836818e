// Reads generic records from front to back, and writes them.
//
//     generic_reader in = generic_read(&record);
//     generic_field(&in, 0, "amount");              // a field of the record that begins at node 0
//     int64_t amount = generic_long(&in);
//     generic_writer out = generic_write(millstream_pipeline_schemas_output());
//     generic_put_record(&out, "acme.Payment", 1);  // so many fields have to follow
//     generic_put_long(&out, amount * 2);
//
// A reader stands at a node; each function takes what begins there and goes on behind it. Code that reads a record field
// by field in the order of its schema always stands at the right node; other code uses generic_field. What is of another
// type, or not there, is an error: it is kept in `error`, and from then on all that is read is zero and empty. A writer
// keeps its first error likewise. Types, fields and symbols go by their names, asked for once for each schema. Text and
// bytes that were read belong to the caller, those that are put to the writer. None of this calls itself: a value may nest
// as deep as it likes.
#ifndef GENERIC_H
#define GENERIC_H

#include "transform.h"

typedef millstream_pipeline_generic_node_t generic_node;
typedef millstream_pipeline_generic_generic_record_t generic_record;
typedef millstream_pipeline_schemas_list_named_type_t generic_types;

typedef struct {
    const generic_types *types;
    generic_node *nodes;
    size_t len;
    // The node that comes next.
    size_t at;
    // Empty as long as all went well.
    char error[160];
} generic_reader;

typedef struct {
    const generic_types *types;
    uint32_t schema;
    generic_node *nodes;
    size_t len;
    size_t room;
    char error[160];
} generic_writer;

// Takes the record's nodes.
generic_reader generic_read(generic_record *record);
// Frees what has not been taken.
void generic_done(generic_reader *in);

// Whether a node of this kind comes next, one of MILLSTREAM_PIPELINE_GENERIC_NODE_...: tells the branch of a union.
bool generic_is(const generic_reader *in, uint8_t kind);
void generic_null(generic_reader *in);
bool generic_boolean(generic_reader *in);
int32_t generic_int(generic_reader *in);
int64_t generic_long(generic_reader *in);
float generic_float(generic_reader *in);
double generic_double(generic_reader *in);
transform_string_t generic_string(generic_reader *in);
transform_list_u8_t generic_bytes(generic_reader *in);
transform_list_u8_t generic_fixed(generic_reader *in);
// The symbol's text; not the caller's to free.
transform_string_t generic_symbol(generic_reader *in);
// How many values follow, or pairs of a string and a value; never more than there are nodes.
uint32_t generic_array(generic_reader *in);
uint32_t generic_map(generic_reader *in);
// The full name of the record whose fields follow; not the caller's to free.
transform_string_t generic_record_name(generic_reader *in);
// Goes to a field of the record that begins at node `start`.
void generic_field(generic_reader *in, size_t start, const char *name);
// Passes over a whole value.
void generic_skip(generic_reader *in);
// A text that ends with a zero, to look at.
transform_string_t generic_text(const char *value);
// So many bytes of one's own.
transform_list_u8_t generic_copy(const void *bytes, size_t size);
// Whether it is the same text.
bool generic_same(transform_string_t text, const char *other);

// A writer of a schema: 0 is the source's, 1 the sink's.
generic_writer generic_write(uint32_t schema);
// Makes an error of what was written so far, if there is none yet.
void generic_fail(generic_writer *out, const char *why);
// Hands over what was written; false, with nothing handed over, after an error.
bool generic_finish(generic_writer *out, generic_record *record);
void generic_put_null(generic_writer *out);
void generic_put_boolean(generic_writer *out, bool value);
void generic_put_int(generic_writer *out, int32_t value);
void generic_put_long(generic_writer *out, int64_t value);
void generic_put_float(generic_writer *out, float value);
void generic_put_double(generic_writer *out, double value);
void generic_put_string(generic_writer *out, transform_string_t value);
// A copy of a text that ends with a zero.
void generic_put_text(generic_writer *out, const char *value);
void generic_put_bytes(generic_writer *out, transform_list_u8_t value);
void generic_put_fixed(generic_writer *out, transform_list_u8_t value);
// As many zero bytes.
void generic_put_zeros(generic_writer *out, size_t size);
void generic_put_symbol(generic_writer *out, const char *name, transform_string_t symbol);
void generic_put_array(generic_writer *out, uint32_t items);
void generic_put_map(generic_writer *out, uint32_t pairs);
void generic_put_record(generic_writer *out, const char *name, uint32_t fields);
// Hands a whole value on, by its types' names.
void generic_move(generic_writer *out, generic_reader *in);

#endif
