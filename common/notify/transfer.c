/* libcurl's options, and its results as errors of ours; see transfer.h.
 *
 * The address is checked in the call that makes the socket for it: between the check and the
 * connection no name is looked up again. */
#include "transfer.h"

#include <sys/socket.h>

enum { ANSWER_MAX = 65536 };

/* libcurl's: an answer's header lines and body alike. */
static size_t take_bytes(char *bytes, size_t size, size_t count, void *arg)
{
    struct flash_transfer *transfer = arg;
    (void)bytes;
    transfer->received += size * count;
    return transfer->received > ANSWER_MAX ? 0 : size * count;
}

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct flash_transfer *transfer = arg;
    (void)purpose;
    if (flash_address_classify(&address->addr) > transfer->worst) {
        transfer->refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

void flash_transfer_begin(struct flash_transfer *transfer, const char *url,
                          const struct flash_config *config)
{
    CURL *curl = transfer->curl;
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https,smtp,smtps");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L); /* threads */
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)config->alerts.timeout_ms);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)config->alerts.timeout_ms);
    curl_easy_setopt(curl, CURLOPT_SERVER_RESPONSE_TIMEOUT,
                     (long)(config->alerts.timeout_ms / 1000 + 1));
    curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (config->alerts.ca_file[0]) {
        curl_easy_setopt(curl, CURLOPT_CAINFO, config->alerts.ca_file);
    }
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_bytes);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, transfer);
    transfer->refused = false;
    transfer->received = 0;
}

/* What a result without an answer means: rows of what is surely not sent; else nobody knows. */
static enum flash_error_kind kind_of(CURLcode code)
{
    static const struct {
        CURLcode code;
        enum flash_error_kind kind;
    } rows[] = {
        {CURLE_COULDNT_RESOLVE_HOST, FLASH_ERROR_RETRY},
        {CURLE_COULDNT_CONNECT, FLASH_ERROR_RETRY},
        {CURLE_SSL_CONNECT_ERROR, FLASH_ERROR_RETRY},
        {CURLE_PEER_FAILED_VERIFICATION, FLASH_ERROR_RETRY},
        {CURLE_OUT_OF_MEMORY, FLASH_ERROR_RETRY},
        {CURLE_WEIRD_SERVER_REPLY, FLASH_ERROR_RETRY},
        {CURLE_USE_SSL_FAILED, FLASH_ERROR_CONFIG},
        {CURLE_LOGIN_DENIED, FLASH_ERROR_CONFIG},
        {CURLE_SSL_CACERT_BADFILE, FLASH_ERROR_CONFIG},
        {CURLE_URL_MALFORMAT, FLASH_ERROR_CONFIG},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].code == code) {
            return rows[i].kind;
        }
    }
    return FLASH_ERROR_UNKNOWN;
}

bool flash_transfer_run(struct flash_transfer *transfer, long *ret_status, struct flash_error *err)
{
    long status = 0;
    CURLcode code = curl_easy_perform(transfer->curl);
    curl_easy_getinfo(transfer->curl, CURLINFO_RESPONSE_CODE, &status);
    if (transfer->refused && code == CURLE_COULDNT_CONNECT) {
        return flash_error_set(err, FLASH_ERROR_CONFIG,
                               "%s: its address is a loopback, private or reserved one; "
                               "alerts.allow_private allows loopback and private ones",
                               transfer->what);
    }
    enum flash_error_kind kind = kind_of(code);
    bool answered = status >= transfer->answer_from && kind != FLASH_ERROR_CONFIG;
    if (code != CURLE_OK && !answered) {
        return flash_error_set(err, kind, "%s: %s", transfer->what, curl_easy_strerror(code));
    }
    *ret_status = status;
    return true;
}
