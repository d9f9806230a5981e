/* err_rows.c -- looking up what errors say. */
#include "core/base/err_rows.h"

#include <ctype.h>
#include <string.h>

static const ErrRow rows[] = {
#define ERR(code, why, fix) {#code, why, fix},
#include "core/base/errors.def"
#undef ERR
};

const ErrRow *err_row_at(size_t i)
{
    return i < sizeof rows / sizeof *rows ? &rows[i] : NULL;
}

const ErrRow *err_row(const char *code)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].code, code) == 0)
            return &rows[i];
    return NULL;
}

void err_row_text(Buf *b, const char *text)
{
    const char *begin = text, *converted = NULL; /* where the last conversion ended */
    for (; *text; text++) {
        if (*text == '\n') {
            buf_putc(b, ' ');
        } else if (*text != '%') {
            buf_putc(b, *text);
        } else if (text[1] == '%') {
            buf_putc(b, *text++);
        } else {
            bool ending = text > begin && isalpha((unsigned char)text[-1]) && text != converted;
            buf_puts(b, ending ? "(s)" : text == converted ? "" : "…");
            text += strcspn(text, "csdiuxfgeGp");
            converted = text + 1;
        }
    }
}
