/* The embedded files of engine/web and common/web; see pages.h. */
#include "pages.h"

#include "answer.h"

#define EMBEDDED(name)                                                                             \
    extern const unsigned char flash_embed_##name[];                                               \
    extern const size_t flash_embed_##name##_len

EMBEDDED(icon_svg);
EMBEDDED(base_css);
EMBEDDED(shop_css);
EMBEDDED(client_js);
EMBEDDED(account_js);
EMBEDDED(sale_js);
EMBEDDED(order_js);
EMBEDDED(order_html);
EMBEDDED(sale_html);

#define FILE_ROW(path, type, name)                                                                 \
    {                                                                                              \
        path, type, flash_embed_##name, &flash_embed_##name##_len                                  \
    }
#define CSS "text/css; charset=utf-8"
#define JS "text/javascript; charset=utf-8"
#define HTML "text/html; charset=utf-8"

/* Each names only those before it. */
static const struct flash_file files[] = {
    FILE_ROW("/assets/icon.svg", "image/svg+xml", icon_svg),
    FILE_ROW("/assets/base.css", CSS, base_css),
    FILE_ROW("/assets/shop.css", CSS, shop_css),
    FILE_ROW("/assets/client.js", JS, client_js),
    FILE_ROW("/assets/account.js", JS, account_js),
    FILE_ROW("/assets/sale.js", JS, sale_js),
    FILE_ROW("/assets/order.js", JS, order_js),
    FILE_ROW(NULL, HTML, order_html),
    FILE_ROW("/", HTML, sale_html),
};
#define FILE_COUNT ((int)(sizeof(files) / sizeof(files[0])))
#define ORDER_ROW (FILE_COUNT - 2)

bool flash_pages_new(struct flash_files **ret_pages, struct flash_error *err)
{
    return flash_files_new(files, FILE_COUNT, ret_pages, err);
}

void flash_pages_file(struct flash_worker *worker, struct flash_request *request,
                      struct flash_text name)
{
    (void)name;
    const struct flash_files *pages = worker->engine->pages;
    if (!pages || !flash_files_handle(pages, request)) {
        flash_answer_refuse(request, FLASH_REFUSE_NO_ROUTE, NULL);
    }
}

void flash_pages_order(struct flash_worker *worker, struct flash_request *request,
                       struct flash_text id)
{
    (void)id;
    flash_files_give(worker->engine->pages, ORDER_ROW, request);
}
