/* The list of findings; see audit_list.h. */
#include "audit_list.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CAPACITY_MIN 16

static bool has_room(struct flash_audit_list *list)
{
    if (list->count < list->capacity) {
        return true;
    }
    size_t capacity = list->capacity ? 2 * list->capacity : CAPACITY_MIN;
    struct flash_finding *at = NULL;
    if (capacity <= FLASH_AUDIT_LIST_MAX) {
        at = reallocarray(list->at, capacity, sizeof(*at));
    }
    if (!at) {
        list->cut = true;
        return false;
    }
    list->at = at;
    list->capacity = capacity;
    return true;
}

void flash_audit_list_add(struct flash_audit_list *list, const struct flash_finding *finding,
                          const char *format, ...)
{
    va_list arguments;
    if (!has_room(list)) {
        return;
    }
    struct flash_finding *added = &list->at[list->count++];
    *added = *finding;
    added->state = FLASH_FINDING_OPEN;
    va_start(arguments, format);
    vsnprintf(added->detail, sizeof(added->detail), format, arguments);
    va_end(arguments);
}

static bool same(const struct flash_finding *a, const struct flash_finding *b)
{
    return a->cause == b->cause && a->sku == b->sku && a->quantity == b->quantity &&
           a->has_entry == b->has_entry &&
           (!a->has_entry || memcmp(&a->entry, &b->entry, sizeof(a->entry)) == 0) &&
           strcmp(a->order_id, b->order_id) == 0;
}

void flash_audit_list_keep(struct flash_audit_list *list, const struct flash_audit_list *again)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        bool found = false;
        for (size_t j = 0; j < again->count && !found; j++) {
            found = same(&list->at[i], &again->at[j]);
        }
        if (found) {
            list->at[kept++] = list->at[i];
        }
    }
    list->count = kept;
}

bool flash_audit_list_has(const struct flash_audit_list *list, int64_t sku)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->at[i].sku == sku) {
            return true;
        }
    }
    return false;
}

void flash_audit_list_clear(struct flash_audit_list *list)
{
    list->count = 0;
    list->cut = false;
}

void flash_audit_list_finish(struct flash_audit_list *list)
{
    free(list->at);
    *list = (struct flash_audit_list){0};
}
