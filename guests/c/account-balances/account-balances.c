// Accounts with their bookings in, balances out, by way of types of the guest's own.
//
// The pipeline hands over generic records. deserialize reads each into an account; transform works on it; serialize writes
// the result. Between the three only handles cross the border: the accounts themselves stay in this instance, as a WIT
// resource. account.c is the case class with what it can do, generic.c reads and writes records of any schema.

#include "account.h"
#include "generic.h"

#include <stdlib.h>

// Types are those of the interface `guest`.
#define OF(name) exports_acme_account_balances_guest_##name

struct OF(account_t) {
    account account;
};

void OF(account_destructor)(OF(account_t) *rep) {
    account_free(&rep->account);
    free(rep);
}

static millstream_pipeline_types_fault_t fault(uint8_t tag, const char *why) {
    millstream_pipeline_types_fault_t fault = {.tag = tag};
    transform_string_dup(&fault.val.reject, why);
    return fault;
}

// A union of null, long and string: the node says which.
static account_reference read_reference(generic_reader *in) {
    account_reference reference = {.is_invoice = generic_is(in, MILLSTREAM_PIPELINE_GENERIC_NODE_LONG)};
    if (reference.is_invoice) {
        reference.invoice = generic_long(in);
    } else if (generic_is(in, MILLSTREAM_PIPELINE_GENERIC_NODE_STRING)) {
        reference.words = generic_string(in);
    } else {
        generic_null(in);
    }
    return reference;
}

// An acme.accounts.Account; fields come in the order of account.avsc.
static void read_account(generic_reader *in, account *account) {
    generic_record_name(in);
    account->number = generic_fixed(in);
    // A union of two records: the name says which.
    account->company = generic_same(generic_record_name(in), "acme.accounts.Company");
    account->name = generic_string(in);
    if (!account->company) {
        generic_int(in); // The day of birth.
    }
    generic_record_name(in);
    account->city = generic_string(in);
    account->country = generic_string(in);
    account->kind = generic_symbol(in);
    account->rates_len = generic_map(in);
    account->rates = account_allocate(account->rates_len, sizeof *account->rates);
    for (size_t i = 0; i < account->rates_len; i++) {
        account->rates[i].currency = generic_string(in);
        account->rates[i].rate = generic_double(in);
    }
    account->bookings_len = generic_array(in);
    account->bookings = account_allocate(account->bookings_len, sizeof *account->bookings);
    for (size_t i = 0; i < account->bookings_len; i++) {
        account_booking *booking = &account->bookings[i];
        generic_record_name(in);
        booking->at = generic_long(in);
        booking->amount = generic_long(in);
        booking->currency = generic_string(in);
        booking->reference = read_reference(in);
    }
}

// A text moves to the writer.
static void put_string(generic_writer *out, transform_string_t *text) {
    generic_put_string(out, *text);
    *text = (transform_string_t){0};
}

static void put_reference(generic_writer *out, account_reference *reference) {
    if (reference->is_invoice) {
        generic_put_long(out, reference->invoice);
    } else if (reference->words.ptr != NULL) {
        put_string(out, &reference->words);
    } else {
        generic_put_null(out);
    }
}

// An acme.accounts.Balances; fields go in the order of balances.avsc.
static void put_balances(generic_writer *out, account *account) {
    generic_put_record(out, "acme.accounts.Balances", 7);
    generic_put_fixed(out, account->number);
    account->number = (transform_list_u8_t){0};
    generic_put_record(out, "acme.accounts.Owner", 4);
    put_string(out, &account->name);
    put_string(out, &account->city);
    put_string(out, &account->country);
    generic_put_boolean(out, account->company);
    generic_put_symbol(out, "acme.accounts.Kind", account->kind);
    generic_put_map(out, (uint32_t)account->balances_len);
    for (size_t i = 0; i < account->balances_len; i++) {
        const account_balance *balance = &account->balances[i];
        // The text is a booking's, too.
        const transform_list_u8_t copy = generic_copy(balance->currency.ptr, balance->currency.len);
        generic_put_string(out, (transform_string_t){.ptr = copy.ptr, .len = copy.len});
        generic_put_long(out, balance->cents);
    }
    generic_put_double(out, account->total_eur);
    generic_put_array(out, (uint32_t)account->days_len);
    for (size_t i = 0; i < account->days_len; i++) {
        generic_put_record(out, "acme.accounts.Day", 2);
        generic_put_int(out, account->days[i].day);
        generic_put_int(out, account->days[i].bookings);
    }
    if (account->bookings_len > 0) {
        put_reference(out, &account->bookings[account->bookings_len - 1].reference);
    } else {
        generic_put_null(out);
    }
}

void OF(deserialize)(OF(list_generic_record_t) *batch, OF(list_result_own_account_fault_t) *answer) {
    answer->len = batch->len;
    answer->ptr = account_allocate(answer->len, sizeof *answer->ptr);
    for (size_t i = 0; i < batch->len; i++) {
        generic_reader in = generic_read(&batch->ptr[i]);
        OF(account_t) *rep = account_allocate(1, sizeof *rep);
        read_account(&in, &rep->account);
        answer->ptr[i].is_err = in.error[0] != 0;
        if (answer->ptr[i].is_err) {
            answer->ptr[i].val.err = fault(MILLSTREAM_PIPELINE_TYPES_FAULT_REJECT, in.error);
            OF(account_destructor)(rep);
        } else {
            answer->ptr[i].val.ok = OF(account_new)(rep);
        }
        generic_done(&in);
    }
    free(batch->ptr);
}

void OF(transform)(OF(list_own_account_t) *batch, OF(list_result_own_account_fault_t) *answer) {
    answer->len = batch->len;
    answer->ptr = account_allocate(answer->len, sizeof *answer->ptr);
    for (size_t i = 0; i < batch->len; i++) {
        char why[160];
        answer->ptr[i].is_err = !account_settle(&OF(account_rep)(batch->ptr[i])->account, why);
        if (answer->ptr[i].is_err) {
            answer->ptr[i].val.err = fault(MILLSTREAM_PIPELINE_TYPES_FAULT_REJECT, why);
            OF(account_drop_own)(batch->ptr[i]);
        } else {
            answer->ptr[i].val.ok = batch->ptr[i];
        }
    }
    free(batch->ptr);
}

void OF(serialize)(OF(list_own_account_t) *batch, OF(list_result_generic_record_fault_t) *answer) {
    answer->len = batch->len;
    answer->ptr = account_allocate(answer->len, sizeof *answer->ptr);
    for (size_t i = 0; i < batch->len; i++) {
        generic_writer out = generic_write(millstream_pipeline_schemas_output());
        put_balances(&out, &OF(account_rep)(batch->ptr[i])->account);
        generic_record record;
        answer->ptr[i].is_err = !generic_finish(&out, &record);
        if (answer->ptr[i].is_err) {
            answer->ptr[i].val.err = fault(MILLSTREAM_PIPELINE_TYPES_FAULT_HALT, out.error);
        } else {
            answer->ptr[i].val.ok = record;
        }
        OF(account_drop_own)(batch->ptr[i]);
    }
    free(batch->ptr);
}
