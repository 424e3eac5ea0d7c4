/* An alert: one change of state of one thing that people want to be told about, and how it reads.
 *
 * Its key names the thing ("ledger.away"); it is raised, and cleared later. A notice tells of
 * nothing that lasts. The id stays the same however often the change is sent, so that who receives
 * it can drop repeats. Pure. */
#ifndef FLASH_ALERT_H
#define FLASH_ALERT_H

#include "flash/config.h"
#include "flash/ids.h"

#define FLASH_ALERT_KEY_MAX 64     /* bytes */
#define FLASH_ALERT_TEXT_MAX 900   /* bytes */
#define FLASH_ALERT_LIST_MAX 32767 /* bytes */
#define FLASH_ALERT_JSON_MAX (8192 + FLASH_ALERT_LIST_MAX + 1)
#define FLASH_ALERT_MAIL_MAX (2048 + FLASH_ALERT_LIST_MAX + 1)

enum flash_severity {
    FLASH_SEVERITY_INFO,
    FLASH_SEVERITY_WARNING,  /* look at it today */
    FLASH_SEVERITY_CRITICAL, /* look at it now */
    FLASH_SEVERITY_COUNT,
};

enum flash_channel {
    FLASH_CHANNEL_WEBHOOK,
    FLASH_CHANNEL_MAIL,
    FLASH_CHANNEL_SMS, /* a webhook with a body of the operator's own */
    FLASH_CHANNEL_COUNT,
};

struct flash_alert {
    struct flash_uuid id;
    char key[FLASH_ALERT_KEY_MAX + 1]; /* flash_alert_key_valid */
    bool notice;                       /* nothing that lasts: neither raised nor cleared */
    bool raised;                       /* else cleared */
    enum flash_severity severity;
    int64_t at_ms;                       /* when it changed, since the epoch */
    char text[FLASH_ALERT_TEXT_MAX + 1]; /* UTF-8 without controls: for people */
    /* SKUs that it is about: a JSON array as text, up to FLASH_ALERT_LIST_MAX bytes, of
     * {"sku", "title", "available", "threshold"}; or NULL. (borrowed) */
    const char *list;
};

/* 1–64 of a–z 0–9 . _ - */
bool flash_alert_key_valid(struct flash_text key);
/* Copies text as far as it fits; controls and what is not UTF-8 become '?'. */
void flash_alert_set_text(struct flash_alert *alert, const char *text);

/* "raised", "cleared", "notice": as in the ledger. Static. */
const char *flash_alert_state_name(const struct flash_alert *alert);
/* False: it is none of these. */
FLASH_MUST_CHECK bool flash_alert_state_parse(struct flash_text text, struct flash_alert *alert);

/* Whether the configuration has a URL for the channel. */
bool flash_alert_channel_on(const struct flash_config *config, enum flash_channel channel);
/* Whether such an alert is for this channel: an SMS is not sent below alerts.sms_severity. */
bool flash_alert_suits(const struct flash_alert *alert, enum flash_channel channel,
                       const struct flash_config *config);

/* The webhook's body (docs/FORMATS.md, "Alerts"); source names the installation: printable ASCII.
 * The same bytes each time. Returns the length, 0 when memory is short. */
size_t flash_alert_json(const struct flash_alert *alert, const char *source,
                        char ret_json[FLASH_ALERT_JSON_MAX]);
/* The mail's subject, one line of printable ASCII, and its text, lines ended by '\n'. */
void flash_alert_mail(const struct flash_alert *alert, const char *source, char ret_subject[256],
                      char ret_text[FLASH_ALERT_MAIL_MAX]);

/* "info", "warning", "critical"; "webhook", "mail", "sms": as in the ledger. Static. */
const char *flash_severity_name(enum flash_severity severity);
const char *flash_channel_name(enum flash_channel channel);
FLASH_MUST_CHECK bool flash_severity_parse(struct flash_text text,
                                           enum flash_severity *ret_severity);

#endif
