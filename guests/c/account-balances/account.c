#include "account.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY (24LL * 60 * 60 * 1000)

void *account_allocate(size_t count, size_t size) {
    void *memory = calloc(count + 1, size);
    if (memory == NULL) {
        abort();
    }
    return memory;
}

static int compare(transform_string_t a, transform_string_t b) {
    const size_t shorter = a.len < b.len ? a.len : b.len;
    const int order = shorter == 0 ? 0 : memcmp(a.ptr, b.ptr, shorter);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

// The balance of a currency; a new one stands in its place among the others.
static int64_t *cents_of(account *account, transform_string_t currency) {
    size_t place = 0;
    while (place < account->balances_len && compare(account->balances[place].currency, currency) < 0) {
        place++;
    }
    account_balance *found = &account->balances[place];
    if (place == account->balances_len || compare(found->currency, currency) != 0) {
        memmove(found + 1, found, (account->balances_len++ - place) * sizeof *found);
        *found = (account_balance){.currency = currency};
    }
    return &found->cents;
}

static void count_day(account *account, int32_t day) {
    size_t place = 0;
    while (place < account->days_len && account->days[place].day < day) {
        place++;
    }
    account_day *found = &account->days[place];
    if (place == account->days_len || found->day != day) {
        memmove(found + 1, found, (account->days_len++ - place) * sizeof *found);
        *found = (account_day){.day = day};
    }
    found->bookings++;
}

static bool rate_of(const account *account, transform_string_t currency, double *rate) {
    const transform_string_t euro = {.ptr = (uint8_t *)(uintptr_t) "EUR", .len = 3};
    *rate = 1;
    if (compare(currency, euro) == 0) {
        return true;
    }
    for (size_t i = 0; i < account->rates_len; i++) {
        if (compare(account->rates[i].currency, currency) == 0) {
            *rate = account->rates[i].rate;
            return true;
        }
    }
    return false;
}

bool account_settle(account *account, char why[160]) {
    // No more of them than there are bookings.
    account->balances = account_allocate(account->bookings_len, sizeof *account->balances);
    account->days = account_allocate(account->bookings_len, sizeof *account->days);
    for (size_t i = 0; i < account->bookings_len; i++) {
        const account_booking *booking = &account->bookings[i];
        const transform_string_t currency = booking->currency;
        int64_t *cents = cents_of(account, currency);
        if (__builtin_add_overflow(*cents, booking->amount, cents)) {
            snprintf(why, 160, "the balance in %.*s is too large", (int)currency.len, (const char *)currency.ptr);
            return false;
        }
        const int64_t day = booking->at / DAY - (booking->at % DAY < 0);
        if (day < INT32_MIN || day > INT32_MAX) {
            snprintf(why, 160, "a booking at %" PRId64 " has no date", booking->at);
            return false;
        }
        count_day(account, (int32_t)day);
    }
    // In the order of the currencies: sums of floats differ by it.
    for (size_t i = 0; i < account->balances_len; i++) {
        const transform_string_t currency = account->balances[i].currency;
        double rate;
        if (!rate_of(account, currency, &rate)) {
            snprintf(why, 160, "the account has no rate for %.*s", (int)currency.len, (const char *)currency.ptr);
            return false;
        }
        account->total_eur += (double)account->balances[i].cents / 100 * rate;
    }
    return true;
}

void account_free(account *account) {
    for (size_t i = 0; i < account->rates_len; i++) {
        transform_string_free(&account->rates[i].currency);
    }
    for (size_t i = 0; i < account->bookings_len; i++) {
        transform_string_free(&account->bookings[i].currency);
        transform_string_free(&account->bookings[i].reference.words);
    }
    transform_list_u8_free(&account->number);
    transform_string_free(&account->name);
    transform_string_free(&account->city);
    transform_string_free(&account->country);
    free(account->rates);
    free(account->bookings);
    free(account->balances);
    free(account->days);
}
