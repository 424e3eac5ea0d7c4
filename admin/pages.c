/* The embedded files of admin/web and common/web; see pages.h. */
#include "pages.h"

FLASH_FILE_EMBEDDED(icon_svg);
FLASH_FILE_EMBEDDED(base_css);
FLASH_FILE_EMBEDDED(ops_css);
FLASH_FILE_EMBEDDED(client_js);
FLASH_FILE_EMBEDDED(table_js);
FLASH_FILE_EMBEDDED(chart_js);
FLASH_FILE_EMBEDDED(story_js);
FLASH_FILE_EMBEDDED(ops_js);
FLASH_FILE_EMBEDDED(ops_html);

/* Each names only those before it. */
static const struct flash_file files[] = {
    FLASH_FILE_ROW("/assets/icon.svg", "image/svg+xml", icon_svg),
    FLASH_FILE_ROW("/assets/base.css", FLASH_FILE_CSS, base_css),
    FLASH_FILE_ROW("/assets/ops.css", FLASH_FILE_CSS, ops_css),
    FLASH_FILE_ROW("/assets/client.js", FLASH_FILE_JS, client_js),
    FLASH_FILE_ROW("/assets/table.js", FLASH_FILE_JS, table_js),
    FLASH_FILE_ROW("/assets/chart.js", FLASH_FILE_JS, chart_js),
    FLASH_FILE_ROW("/assets/story.js", FLASH_FILE_JS, story_js),
    FLASH_FILE_ROW("/assets/ops.js", FLASH_FILE_JS, ops_js),
    FLASH_FILE_ROW("/", FLASH_FILE_HTML, ops_html),
};

bool flash_pages_new(struct flash_files **ret_pages, struct flash_error *err)
{
    return flash_files_new(files, sizeof(files) / sizeof(files[0]), ret_pages, err);
}
