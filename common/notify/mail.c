/* Writes a mail for an alert and hands it to the mail server; see mail.h. */
#include "mail.h"

#include <stdio.h>
#include <string.h>

#include "flash/mail_address.h"
#include "flash/time.h"
#include "mail_text.h"

enum { REFUSED_FROM = 400, ADDRESS_TEXT = FLASH_MAIL_ADDRESS_MAX + 1 };

struct upload {
    char text[FLASH_MAIL_TEXT_MAX];
    size_t at, len;
};

/* libcurl's: the next bytes of the mail. */
static size_t give_bytes(char *room, size_t size, size_t count, void *arg)
{
    struct upload *upload = arg;
    size_t left = upload->len - upload->at;
    size_t len = size * count < left ? size * count : left;
    memcpy(room, upload->text + upload->at, len);
    upload->at += len;
    return len;
}

bool flash_mail_judge(long status, struct flash_error *err)
{
    if (status >= 200 && status <= 299) {
        return true;
    }
    return flash_error_set(err, status >= 500 ? FLASH_ERROR_DATA : FLASH_ERROR_RETRY,
                           "mail: the server answers %ld", status);
}

/* The list is the caller's; NULL: no memory. */
static struct curl_slist *receivers_of(const struct flash_config *config)
{
    struct flash_text rest = {config->alerts.mail_to, strlen(config->alerts.mail_to)}, one;
    struct curl_slist *list = NULL;
    while (flash_mail_address_next(&rest, &one)) {
        char address[ADDRESS_TEXT];
        snprintf(address, sizeof(address), "%.*s", (int)one.len, one.at);
        struct curl_slist *longer = curl_slist_append(list, address);
        if (!longer) {
            curl_slist_free_all(list);
            return NULL;
        }
        list = longer;
    }
    return list;
}

/* False, kind DATA: it cannot be written. */
static bool write_mail(const struct flash_config *config, const struct flash_alert *alert,
                       struct upload *ret_upload, struct flash_error *err)
{
    char subject[256], body[FLASH_ALERT_MAIL_MAX], id[FLASH_UUID_TEXT + 1];
    flash_alert_mail(alert, config->alerts.source, subject, body);
    flash_uuid_format(&alert->id, id);
    const struct flash_mail_parts parts = {
        .from = config->alerts.mail_from,
        .to = config->alerts.mail_to,
        .subject = subject,
        .id = id,
        .sent_at_ms = (int64_t)flash_time_wall_ms(),
        .body = body,
    };
    ret_upload->at = 0;
    ret_upload->len = flash_mail_text(&parts, ret_upload->text, err);
    return ret_upload->len > 0;
}

static void set_up(CURL *curl, const struct flash_config *config, struct upload *upload)
{
    bool encrypts = config->alerts.starttls == FLASH_STARTTLS_REQUIRED;
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(curl, CURLOPT_USE_SSL, (long)(encrypts ? CURLUSESSL_ALL : CURLUSESSL_NONE));
    if (config->alerts.smtp_user[0]) {
        curl_easy_setopt(curl, CURLOPT_USERNAME, config->alerts.smtp_user);
        curl_easy_setopt(curl, CURLOPT_PASSWORD, config->alerts.smtp_password);
    }
    curl_easy_setopt(curl, CURLOPT_MAIL_FROM, config->alerts.mail_from);
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, give_bytes);
    curl_easy_setopt(curl, CURLOPT_READDATA, upload);
}

bool flash_mail_send(CURL *curl, const struct flash_config *config, const struct flash_alert *alert,
                     struct flash_error *err)
{
    struct flash_transfer transfer = {
        .curl = curl, .what = "mail", .worst = FLASH_ADDRESS_NEVER, .answer_from = REFUSED_FROM};
    struct upload upload;
    long status = 0;
    if (!write_mail(config, alert, &upload, err)) {
        return false;
    }
    struct curl_slist *receivers = receivers_of(config);
    if (!receivers) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "mail: out of memory");
    }
    flash_transfer_begin(&transfer, config->alerts.smtp_url, config);
    set_up(curl, config, &upload);
    curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, receivers);
    bool answered = flash_transfer_run(&transfer, &status, err);
    curl_slist_free_all(receivers);
    return answered && flash_mail_judge(status, err);
}
