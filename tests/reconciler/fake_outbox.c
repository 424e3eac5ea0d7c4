/* The ledger and the channels of a test; see fake_outbox.h. */
#include "fake_outbox.h"

#include <assert.h>
#include <string.h>

struct fake_outbox fake_outbox;

static bool answer(struct flash_error *err)
{
    return !fake_outbox.away || flash_error_set(err, FLASH_ERROR_RETRY, "the ledger is away");
}

/* Whether the last message of the key and channel says raised. */
static bool is_raised(const char *key)
{
    bool raised = false;
    for (int i = 0; i < fake_outbox.count; i++) {
        if (strcmp(fake_outbox.messages[i].alert.key, key) == 0) {
            raised = fake_outbox.messages[i].alert.raised;
        }
    }
    return raised;
}

bool flash_outbox_record(struct flash_mysql *mysql, const struct flash_outbox_change *change,
                         bool *ret_changed, struct flash_error *err)
{
    (void)mysql;
    if (!answer(err)) {
        return false;
    }
    *ret_changed = is_raised(change->alert->key) != change->alert->raised;
    for (int i = 0; *ret_changed && i < FLASH_CHANNEL_COUNT; i++) {
        assert(fake_outbox.count < FAKE_MESSAGES);
        if (change->wanted[i]) {
            fake_outbox.messages[fake_outbox.count++] =
                (struct fake_message){.alert = *change->alert,
                                      .channel = (enum flash_channel)i,
                                      .waiting = !change->sent[i]};
        }
    }
    return true;
}

bool flash_outbox_take(struct flash_mysql *mysql, const struct flash_outbox_claim *claim,
                       struct flash_outbox_message *ret_message, struct flash_error *err)
{
    (void)mysql;
    *ret_message = (struct flash_outbox_message){0};
    for (int i = 0; i < fake_outbox.count && !fake_outbox.away; i++) {
        struct fake_message *message = &fake_outbox.messages[i];
        if (message->waiting && message->channel == claim->channel &&
            message->next_try_ms <= claim->now_ms) {
            message->attempts++;
            message->next_try_ms = claim->until_ms;
            *ret_message = (struct flash_outbox_message){
                .number = i + 1, .alert = message->alert, .attempts = message->attempts};
            break;
        }
    }
    return answer(err);
}

bool flash_outbox_mark(struct flash_mysql *mysql, int64_t number,
                       const struct flash_outbox_result *result, struct flash_error *err)
{
    struct fake_message *message = &fake_outbox.messages[number - 1];
    (void)mysql;
    if (fake_outbox.marks_fail || fake_outbox.marks_lost > 0) {
        fake_outbox.marks_lost -= fake_outbox.marks_lost > 0;
        return flash_error_set(err, FLASH_ERROR_RETRY, "no mark");
    }
    if (!answer(err)) {
        return false;
    }
    message->waiting = result->end == FLASH_OUTBOX_LATER;
    message->given_up = result->end == FLASH_OUTBOX_GIVEN_UP;
    message->next_try_ms = result->at_ms;
    return true;
}

bool flash_outbox_count(struct flash_mysql *mysql, struct flash_outbox_counts *ret_counts,
                        struct flash_error *err)
{
    (void)mysql;
    *ret_counts = (struct flash_outbox_counts){0};
    for (int i = 0; i < fake_outbox.count; i++) {
        ret_counts->waiting += fake_outbox.messages[i].waiting;
    }
    return answer(err);
}

bool flash_outbox_prune(struct flash_mysql *mysql, int64_t before_ms, struct flash_error *err)
{
    (void)mysql;
    (void)before_ms;
    fake_outbox.pruned++;
    return answer(err);
}

bool flash_notify_on(const struct flash_notify *notify, enum flash_channel channel)
{
    (void)notify;
    return fake_outbox.on[channel];
}

bool flash_notify_send(struct flash_notify *notify, enum flash_channel channel,
                       const struct flash_alert *alert, struct flash_error *err)
{
    enum flash_error_kind kind = fake_outbox.answers[channel];
    (void)notify;
    assert(fake_outbox.on[channel] && fake_outbox.sent_count < FAKE_LOG);
    fake_outbox.sent[fake_outbox.sent_count].channel = channel;
    fake_outbox.sent[fake_outbox.sent_count].alert = *alert;
    fake_outbox.sent[fake_outbox.sent_count++].taken = kind == FLASH_ERROR_NONE;
    return kind == FLASH_ERROR_NONE || flash_error_set(err, kind, "as it was told");
}
