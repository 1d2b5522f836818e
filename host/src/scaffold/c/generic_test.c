// Tests of generic.c, without WebAssembly: what the bindings bring is written here.

#include "generic.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KIND(name) MILLSTREAM_PIPELINE_GENERIC_NODE_##name
#define TEXT(value) ((transform_string_t){.ptr = (uint8_t *)(value), .len = strlen(value)})

static transform_string_t fields[] = {{0}, {0}, {0}, {0}};
static transform_string_t symbols[] = {{0}, {0}};
static millstream_pipeline_schemas_named_type_t named[3];
static int asked;

// Schema 0: record acme.All {a, b, c, d}, enum acme.Kind {A, B}. Schema 1 has them the other way round, and acme.P {}.
void millstream_pipeline_schemas_named_types(uint32_t schema, millstream_pipeline_schemas_list_named_type_t *ret) {
    asked++;
    *ret = (millstream_pipeline_schemas_list_named_type_t){.ptr = calloc(3, sizeof *ret->ptr), .len = 3};
    ret->ptr[schema] = named[0];
    ret->ptr[1 - schema] = named[1];
    ret->ptr[2] = named[2];
}

void transform_string_dup(transform_string_t *ret, const char *s) {
    ret->len = strlen(s);
    ret->ptr = memcpy(malloc(ret->len + 1), s, ret->len);
}

void millstream_pipeline_generic_list_node_free(millstream_pipeline_generic_list_node_t *list) {
    for (size_t i = 0; i < list->len; i++) {
        const generic_node *node = &list->ptr[i];
        if (node->tag == KIND(STRING) || node->tag == KIND(BYTES) || node->tag == KIND(FIXED)) {
            free(node->val.bytes.ptr);
        }
    }
    free(list->ptr);
}

static void set_up(void) {
    for (size_t i = 0; i < 4; i++) {
        transform_string_dup(&fields[i], (char[]){(char)('a' + i), 0});
    }
    symbols[0] = TEXT("A");
    symbols[1] = TEXT("B");
    named[0].tag = named[2].tag = MILLSTREAM_PIPELINE_SCHEMAS_NAMED_TYPE_RECORD;
    named[0].val.record.name = TEXT("acme.All");
    named[0].val.record.fields = (transform_list_string_t){.ptr = fields, .len = 4};
    named[1].tag = MILLSTREAM_PIPELINE_SCHEMAS_NAMED_TYPE_ENUM;
    named[1].val.enum_.name = TEXT("acme.Kind");
    named[1].val.enum_.symbols = (transform_list_string_t){.ptr = symbols, .len = 2};
    named[2].val.record.name = TEXT("acme.P");
}

static transform_list_u8_t two_bytes(void) {
    transform_string_t copy;
    transform_string_dup(&copy, "xy");
    return (transform_list_u8_t){.ptr = copy.ptr, .len = copy.len};
}

// All { a: [null, true, -7, 7, 0.5, 0.1], b: {"k": "t", "l": bytes, "m": fixed}, c: Kind.B, d: P {} }
static generic_record all(uint32_t schema) {
    generic_writer out = generic_write(schema);
    generic_put_record(&out, "acme.All", 4);
    generic_put_array(&out, 6);
    generic_put_null(&out);
    generic_put_boolean(&out, true);
    generic_put_int(&out, -7);
    generic_put_long(&out, 7);
    generic_put_float(&out, 0.5F);
    generic_put_double(&out, 0.1);
    generic_put_map(&out, 3);
    generic_put_text(&out, "k");
    generic_put_text(&out, "t");
    generic_put_text(&out, "l");
    generic_put_bytes(&out, two_bytes());
    generic_put_text(&out, "m");
    generic_put_zeros(&out, 3);
    generic_put_symbol(&out, "acme.Kind", TEXT("B"));
    generic_put_record(&out, "acme.P", 0);
    generic_record record = {0};
    assert(generic_finish(&out, &record));
    return record;
}

static void key(generic_reader *in, const char *wanted) {
    transform_string_t key = generic_string(in);
    assert(generic_same(key, wanted));
    free(key.ptr);
}

static void every_kind_goes_there_and_back(void) {
    generic_record record = all(1);
    assert(record.schema == 1 && record.nodes.len == 17);
    generic_reader in = generic_read(&record);
    assert(record.nodes.ptr == NULL);
    assert(generic_same(generic_record_name(&in), "acme.All"));
    assert(generic_array(&in) == 6 && generic_is(&in, KIND(NULL)));
    generic_null(&in);
    assert(generic_boolean(&in) && generic_int(&in) == -7 && generic_long(&in) == 7);
    assert(generic_float(&in) == 0.5F && generic_double(&in) == 0.1);
    assert(generic_map(&in) == 3);
    key(&in, "k");
    key(&in, "t");
    key(&in, "l");
    transform_list_u8_t bytes = generic_bytes(&in);
    assert(bytes.len == 2 && memcmp(bytes.ptr, "xy", 2) == 0);
    free(bytes.ptr);
    key(&in, "m");
    bytes = generic_fixed(&in);
    assert(bytes.len == 3 && memcmp(bytes.ptr, "\0\0\0", 3) == 0);
    free(bytes.ptr);
    assert(generic_same(generic_symbol(&in), "B"));
    assert(generic_same(generic_record_name(&in), "acme.P"));
    assert(in.at == in.len && in.error[0] == 0);
    generic_done(&in);
}

static void values_move_by_their_names(void) {
    generic_record from = all(0), to = {0}, wanted = all(1);
    generic_reader in = generic_read(&from);
    generic_writer out = generic_write(1);
    generic_put_record(&out, "acme.All", 4);
    for (const char *field = "a\0b\0c\0d\0"; field[0] != 0; field += 2) {
        generic_field(&in, 0, field);
        generic_move(&out, &in);
    }
    assert(generic_finish(&out, &to) && to.nodes.len == wanted.nodes.len);
    for (size_t i = 0; i < to.nodes.len; i++) {
        assert(to.nodes.ptr[i].tag == wanted.nodes.ptr[i].tag);
    }
    assert(to.nodes.ptr[0].val.record.name == 1 && to.nodes.ptr[15].val.enum_.name == 0);
    generic_done(&in);
    millstream_pipeline_generic_list_node_free(&to.nodes);
    millstream_pipeline_generic_list_node_free(&wanted.nodes);
    assert(asked == 2);
}

// What a reader says that stands at this node instead of the one that is there.
static void told(size_t at, generic_node node, const char *why) {
    generic_record record = all(0);
    free(record.nodes.ptr[at].tag == KIND(STRING) ? record.nodes.ptr[at].val.string.ptr : NULL);
    record.nodes.ptr[at] = node;
    generic_reader in = generic_read(&record);
    generic_record_name(&in);
    generic_array(&in);
    for (int i = 0; i < 6; i++) {
        generic_skip(&in);
    }
    for (uint32_t pairs = generic_map(&in); pairs > 0; pairs--) {
        transform_string_t key = generic_string(&in);
        free(key.ptr);
        generic_skip(&in);
    }
    generic_symbol(&in);
    generic_record_name(&in);
    if (strcmp(in.error, why) != 0) {
        fprintf(stderr, "%s instead of %s\n", in.error, why);
        abort();
    }
    // Nothing is read any more, and nothing breaks.
    assert(generic_long(&in) == 0 && generic_string(&in).len == 0 && generic_array(&in) == 0);
    generic_done(&in);
}

static void broken_nodes_are_told(void) {
    const generic_node null = {0};
    told(0, null, "expected record, found null");
    told(1, (generic_node){.tag = KIND(ARRAY), .val = {.array = UINT32_MAX}}, "the nodes end within 4294967295 values");
    told(8, (generic_node){.tag = KIND(MAP), .val = {.map = 1000}},
         "the nodes end within 1000 values");
    told(7, (generic_node){.tag = KIND(ARRAY), .val = {.array = 999}}, "the nodes end within the value");
    told(9, null, "expected string, found null");
    told(15, (generic_node){.tag = KIND(ENUM), .val = {.enum_ = {1, 2}}}, "there is no symbol 2 of an enumeration 1");
    told(15, (generic_node){.tag = KIND(ENUM), .val = {.enum_ = {9, 0}}}, "there is no symbol 0 of an enumeration 9");
    told(16, (generic_node){.tag = KIND(RECORD), .val = {.record = {0, 3}}}, "there is no record 0 of 3 fields");
    told(16, (generic_node){.tag = 77}, "expected record, found nothing known");
    generic_record record = all(0);
    record.nodes.ptr[1].val.array = 1000;
    generic_reader in = generic_read(&record);
    generic_skip(&in);
    assert(strcmp(in.error, "the nodes end within the value") == 0);
    generic_done(&in);
    record = all(0);
    in = generic_read(&record);
    generic_field(&in, 0, "e");
    assert(strcmp(in.error, "there is no field e") == 0);
    generic_done(&in);
}

static void what_does_not_fit_is_told(void) {
    generic_record record = {0};
    generic_writer out = generic_write(0);
    generic_put_record(&out, "acme.Q", 1);
    generic_put_record(&out, "acme.All", 3);
    generic_put_text(&out, "is freed");
    assert(strcmp(out.error, "the schema has no record acme.Q") == 0);
    assert(!generic_finish(&out, &record) && record.nodes.ptr == NULL);
    out = generic_write(0);
    generic_put_record(&out, "acme.All", 3);
    assert(strcmp(out.error, "acme.All has 4 fields, not 3") == 0);
    assert(!generic_finish(&out, &record));
    out = generic_write(0);
    generic_put_symbol(&out, "acme.Kind", TEXT("C"));
    assert(strcmp(out.error, "acme.Kind has no symbol C") == 0);
    assert(!generic_finish(&out, &record));
}

int main(void) {
    set_up();
    every_kind_goes_there_and_back();
    values_move_by_their_names();
    broken_nodes_are_told();
    what_does_not_fit_is_told();
    puts("generic.c: 4 tests passed");
}
