/* The embedded files of engine/web and common/web; see pages.h. */
#include "pages.h"

#include "answer.h"

FLASH_FILE_EMBEDDED(icon_svg);
FLASH_FILE_EMBEDDED(base_css);
FLASH_FILE_EMBEDDED(shop_css);
FLASH_FILE_EMBEDDED(client_js);
FLASH_FILE_EMBEDDED(account_js);
FLASH_FILE_EMBEDDED(sale_js);
FLASH_FILE_EMBEDDED(order_js);
FLASH_FILE_EMBEDDED(order_html);
FLASH_FILE_EMBEDDED(sale_html);

/* Each names only those before it. */
static const struct flash_file files[] = {
    FLASH_FILE_ROW("/assets/icon.svg", "image/svg+xml", icon_svg),
    FLASH_FILE_ROW("/assets/base.css", FLASH_FILE_CSS, base_css),
    FLASH_FILE_ROW("/assets/shop.css", FLASH_FILE_CSS, shop_css),
    FLASH_FILE_ROW("/assets/client.js", FLASH_FILE_JS, client_js),
    FLASH_FILE_ROW("/assets/account.js", FLASH_FILE_JS, account_js),
    FLASH_FILE_ROW("/assets/sale.js", FLASH_FILE_JS, sale_js),
    FLASH_FILE_ROW("/assets/order.js", FLASH_FILE_JS, order_js),
    FLASH_FILE_ROW(NULL, FLASH_FILE_HTML, order_html),
    FLASH_FILE_ROW("/", FLASH_FILE_HTML, sale_html),
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
