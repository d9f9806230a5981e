/* wrap.c -- filling lines. */
#include "viz/text/wrap.h"

#include <string.h>

#include "viz/text/style.h"

void wrap_text(Buf *out, const char *text, int col, int indent, int width)
{
    bool begun = false; /* a word stands in this line */
    while (*text) {
        int blanks = (int)strspn(text, " \n");
        text += blanks;
        size_t len = strcspn(text, " \n");
        if (len == 0)
            break;
        int wide = text_cols(arena_strndup(out->arena, text, len));
        if (begun && width > 0 && col + blanks + wide > width) {
            buf_putc(out, '\n');
            buf_pad(out, ' ', indent);
            col = indent;
        } else if (begun) {
            buf_pad(out, ' ', blanks);
            col += blanks;
        }
        buf_add(out, text, len);
        col += wide;
        text += len;
        begun = true;
    }
}

static size_t line_length(const char *line) { return strcspn(line, "\n"); }

/* Is the line part of a paragraph, where no example is open? */
static bool is_prose(const char *line)
{
    return *line && *line != ' ' && *line != '\n' && strncmp(line, "> ", 2) != 0;
}

void wrap_doc(Buf *out, const char *doc, int indent, int width)
{
    bool example = false;
    for (bool first = true; *doc; first = false) {
        size_t len = line_length(doc);
        if (!first)
            buf_putc(out, '\n');
        example = len > 0 && (example || strncmp(doc, "> ", 2) == 0);
        if (len > 0)
            buf_pad(out, ' ', indent);
        if (!example && is_prose(doc)) {
            while (doc[len] == '\n' && is_prose(doc + len + 1))
                len += 1 + line_length(doc + len + 1);
            wrap_text(out, arena_strndup(out->arena, doc, len), indent, indent, width);
        } else {
            buf_add(out, doc, len);
        }
        doc += len + (doc[len] == '\n');
    }
}
