/* Fills the template and posts it; see sms.h. */
#include "sms.h"

#include <string.h>

#include "flash/template.h"

bool flash_sms_send(CURL *curl, const struct flash_config *config, const struct flash_alert *alert,
                    struct flash_error *err)
{
    static const char *const types[] = {
        [FLASH_SMS_JSON] = "application/json",
        [FLASH_SMS_FORM] = "application/x-www-form-urlencoded",
    };
    char body[FLASH_TEMPLATE_MAX], id[FLASH_UUID_TEXT + 1];
    const struct flash_template template = {config->alerts.sms_body, config->alerts.sms_type,
                                            config->alerts.source};
    struct flash_post post = {.curl = curl, .what = "sms", .url = config->alerts.sms_url};
    post.body = (struct flash_text){body, flash_template_fill(&template, alert, body)};
    if (post.body.len == 0) {
        return flash_error_set(err, FLASH_ERROR_DATA, "sms: the message does not fit");
    }
    flash_uuid_format(&alert->id, id);
    flash_post_header(&post, "Content-Type: %s", types[config->alerts.sms_type]);
    flash_post_header(&post, "X-Flash-Alert-Id: %s", id);
    flash_post_header(&post, "Idempotency-Key: %s", id);
    if (config->alerts.sms_authorization[0]) {
        flash_post_header(&post, "Authorization: %s", config->alerts.sms_authorization);
    }
    bool taken = flash_post_send(&post, config, err);
    explicit_bzero(&post, sizeof(post));
    explicit_bzero(body, sizeof(body));
    return taken;
}
