/* The embedded files of admin/web and common/web; see pages.h. */
#include "pages.h"

#define EMBEDDED(name)                                                                             \
    extern const unsigned char flash_embed_##name[];                                               \
    extern const size_t flash_embed_##name##_len

EMBEDDED(icon_svg);
EMBEDDED(base_css);
EMBEDDED(ops_css);
EMBEDDED(client_js);
EMBEDDED(table_js);
EMBEDDED(chart_js);
EMBEDDED(story_js);
EMBEDDED(ops_js);
EMBEDDED(ops_html);

#define FILE_ROW(path, type, name)                                                                 \
    {                                                                                              \
        path, type, flash_embed_##name, &flash_embed_##name##_len                                  \
    }
#define CSS "text/css; charset=utf-8"
#define JS "text/javascript; charset=utf-8"

/* Each names only those before it. */
static const struct flash_file files[] = {
    FILE_ROW("/assets/icon.svg", "image/svg+xml", icon_svg),
    FILE_ROW("/assets/base.css", CSS, base_css),
    FILE_ROW("/assets/ops.css", CSS, ops_css),
    FILE_ROW("/assets/client.js", JS, client_js),
    FILE_ROW("/assets/table.js", JS, table_js),
    FILE_ROW("/assets/chart.js", JS, chart_js),
    FILE_ROW("/assets/story.js", JS, story_js),
    FILE_ROW("/assets/ops.js", JS, ops_js),
    FILE_ROW("/", "text/html; charset=utf-8", ops_html),
};

bool flash_pages_new(struct flash_files **ret_pages, struct flash_error *err)
{
    return flash_files_new(files, sizeof(files) / sizeof(files[0]), ret_pages, err);
}
