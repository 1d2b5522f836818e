// Replaces the letters of some string fields by stars, in any schema and at any depth: it works on generic records and
// knows no record type of its own. Which fields is said in its `config`: `fields = "account, note"`.

#include "transform.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef millstream_pipeline_generic_node_t node_t;
typedef millstream_pipeline_schemas_list_named_type_t types_t;

// The setting, and the named types of the source's schema, which is the schema of all that comes.
static transform_string_t setting;
static types_t types;
// For each named type and each of its fields: whether to mask it.
static bool **masked;

static void *checked(void *memory) {
    if (memory == NULL) {
        abort();
    }
    return memory;
}

// Takes the next name off the front of a list with commas between; false at its end.
static bool next_name(transform_string_t *list, transform_string_t *name) {
    if (list->ptr == NULL) {
        return false;
    }
    const uint8_t *comma = memchr(list->ptr, ',', list->len);
    *name = *list;
    if (comma == NULL) {
        list->ptr = NULL;
    } else {
        name->len = (size_t)(comma - list->ptr);
        list->ptr += name->len + 1;
        list->len -= name->len + 1;
    }
    while (name->len > 0 && name->ptr[0] == ' ') {
        name->ptr++;
        name->len--;
    }
    while (name->len > 0 && name->ptr[name->len - 1] == ' ') {
        name->len--;
    }
    return true;
}

static bool same(const transform_string_t *a, const transform_string_t *b) {
    return a->len == b->len && memcmp(a->ptr, b->ptr, a->len) == 0;
}

// Marks all fields of this name; false where no record has one.
static bool mark(const transform_string_t *name) {
    bool known = false;
    for (size_t i = 0; i < types.len; i++) {
        if (types.ptr[i].tag != MILLSTREAM_PIPELINE_SCHEMAS_NAMED_TYPE_RECORD) {
            continue;
        }
        const transform_list_string_t *fields = &types.ptr[i].val.record.fields;
        for (size_t j = 0; j < fields->len; j++) {
            if (same(&fields->ptr[j], name)) {
                known = masked[i][j] = true;
            }
        }
    }
    return known;
}

static bool same_schemas(void) {
    transform_string_t input, output;
    millstream_pipeline_schemas_text(millstream_pipeline_schemas_input(), &input);
    millstream_pipeline_schemas_text(millstream_pipeline_schemas_output(), &output);
    const bool both = same(&input, &output);
    transform_string_free(&input);
    transform_string_free(&output);
    return both;
}

bool exports_transform_init(transform_string_t *error) {
    if (!same_schemas()) {
        transform_string_dup(error, "source and sink need the same schema: masking does not change a record's type");
        return false;
    }
    transform_string_t key, name;
    transform_string_set(&key, "fields");
    if (!millstream_pipeline_config_get(&key, &setting)) {
        transform_string_dup(error, "`fields` is missing in `config`; it names the fields to mask, with commas between");
        return false;
    }
    millstream_pipeline_schemas_named_types(millstream_pipeline_schemas_input(), &types);
    masked = checked(calloc(types.len + 1, sizeof *masked));
    for (size_t i = 0; i < types.len; i++) {
        const bool record = types.ptr[i].tag == MILLSTREAM_PIPELINE_SCHEMAS_NAMED_TYPE_RECORD;
        masked[i] = checked(calloc(record ? types.ptr[i].val.record.fields.len + 1 : 1, sizeof **masked));
    }
    transform_string_t rest = setting;
    while (next_name(&rest, &name)) {
        if (!mark(&name)) {
            char why[256];
            snprintf(why, sizeof why, "`fields` in `config`: no record of the schema has a field `%.*s`", (int)name.len, name.ptr);
            transform_string_dup(error, why);
            return false;
        }
    }
    return true;
}

// As many stars as there are characters: bytes that begin one, in UTF-8.
static void hide(transform_string_t *text) {
    size_t stars = 0;
    for (size_t i = 0; i < text->len; i++) {
        stars += (text->ptr[i] & 0xC0) != 0x80;
    }
    memset(text->ptr, '*', stars);
    text->len = stars;
}

// Masks the value that begins at a node, if it is to be hidden, and all fields below it that are; answers where the next
// value begins.
static size_t mask(node_t *nodes, size_t at, bool hidden) {
    node_t *node = &nodes[at];
    size_t next = at + 1;
    switch (node->tag) {
    case MILLSTREAM_PIPELINE_GENERIC_NODE_STRING:
        if (hidden) {
            hide(&node->val.string);
        }
        break;
    case MILLSTREAM_PIPELINE_GENERIC_NODE_ARRAY:
        for (uint32_t i = 0; i < node->val.array; i++) {
            next = mask(nodes, next, hidden);
        }
        break;
    case MILLSTREAM_PIPELINE_GENERIC_NODE_MAP:
        for (uint32_t i = 0; i < node->val.map; i++) {
            // The pair's first node is its key, which stays.
            next = mask(nodes, next + 1, hidden);
        }
        break;
    case MILLSTREAM_PIPELINE_GENERIC_NODE_RECORD:
        for (uint32_t i = 0; i < node->val.record.fields; i++) {
            next = mask(nodes, next, masked[node->val.record.name][i]);
        }
        break;
    default:
        break;
    }
    return next;
}

void exports_transform_transform(transform_list_generic_record_t *batch, transform_list_result_generic_record_fault_t *answer) {
    answer->len = batch->len;
    answer->ptr = batch->len == 0 ? NULL : checked(calloc(batch->len, sizeof *answer->ptr));
    const uint32_t output = millstream_pipeline_schemas_output();
    for (size_t i = 0; i < batch->len; i++) {
        transform_generic_record_t *record = &batch->ptr[i];
        mask(record->nodes.ptr, 0, false);
        answer->ptr[i].val.ok.schema = output;
        answer->ptr[i].val.ok.nodes = record->nodes;
    }
    free(batch->ptr);
}
