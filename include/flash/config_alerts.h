/* Section [alerts] of the configuration: where changes of state are told, and how patiently. */
#ifndef FLASH_CONFIG_ALERTS_H
#define FLASH_CONFIG_ALERTS_H

#include <stdint.h>

#include "flash/error.h"

#define FLASH_CONFIG_TEXT 256 /* bytes of a text or a secret, with its NUL */
#define FLASH_CONFIG_LINE 480 /* of one that may fill a line of the file */

struct flash_config;

enum flash_switch { FLASH_SWITCH_OFF, FLASH_SWITCH_ON };
enum flash_starttls { FLASH_STARTTLS_REQUIRED, FLASH_STARTTLS_OFF };
enum flash_yes_no { FLASH_NO, FLASH_YES };
enum flash_sms_type { FLASH_SMS_JSON, FLASH_SMS_FORM };
enum flash_sms_severity { FLASH_SMS_CRITICAL, FLASH_SMS_WARNING, FLASH_SMS_INFO };

struct flash_config_alerts {
    char source[65];                        /* how messages name this installation */
    char webhook_url[FLASH_CONFIG_TEXT];    /* empty: no webhook */
    char webhook_secret[FLASH_CONFIG_TEXT]; /* secret */
    char smtp_url[FLASH_CONFIG_TEXT];       /* empty: no mail */
    enum flash_starttls starttls;
    char smtp_user[FLASH_CONFIG_TEXT], smtp_password[FLASH_CONFIG_TEXT]; /* secret */
    char mail_from[FLASH_CONFIG_TEXT], mail_to[FLASH_CONFIG_TEXT];
    char sms_url[FLASH_CONFIG_TEXT];  /* empty: no short messages */
    char sms_body[FLASH_CONFIG_LINE]; /* secret: a key may stand in it; see flash/template.h */
    char sms_authorization[FLASH_CONFIG_TEXT]; /* secret; the header's value, empty: none */
    enum flash_sms_type sms_type;
    enum flash_sms_severity sms_severity;
    char ca_file[FLASH_CONFIG_TEXT]; /* empty: the system's */
    enum flash_yes_no allow_private;
    int64_t timeout_ms, raise_after_ms, clear_after_ms;
    int64_t retry_first_ms, retry_max_ms, give_up_after_ms;
    int64_t max_expiry_lag_ms, max_unsettled_age_ms, max_consumer_lag;
    enum flash_switch stock;
    int64_t stock_interval_ms, restock_after_ms;
    char summary_at[6];    /* "07:00"; empty: no summary */
    char summary_zone[64]; /* of the time-zone database, as in Europe/Berlin */
};

/* For the daemons that send alerts: what [alerts] has of a channel is all that it needs, and no
 * password goes over a connection without TLS. Error kind: CONFIG. */
FLASH_MUST_CHECK bool flash_config_check_alerts(const struct flash_config *config,
                                                struct flash_error *err);

/* When the summary of a day is due: minutes after midnight by the clock of its zone; -1: never. */
int flash_config_summary_minute(const struct flash_config *config);

#endif
