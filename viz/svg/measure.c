/* measure.c -- the advances of DejaVu Sans, in 2048ths of the font's size. */
#include "viz/svg/measure.h"

#include <string.h>

#include "core/base/vec.h"
#include "viz/text/style.h"

enum { EM = 2048, CODE_ADVANCE = 1233, FIRST = ' ', LAST = '~' };

static const short plain[LAST - FIRST + 1] = {
    651,  821,  942,  1716, 1303, 1946, 1597, 563,  799,  799,  1024, 1716, 651,  739,  651,  690,
    1303, 1303, 1303, 1303, 1303, 1303, 1303, 1303, 1303, 1303, 690,  690,  1716, 1716, 1716, 1087,
    2048, 1401, 1405, 1430, 1577, 1294, 1178, 1587, 1540, 604,  604,  1343, 1141, 1767, 1532, 1612,
    1235, 1612, 1423, 1300, 1251, 1499, 1401, 2025, 1403, 1251, 1403, 799,  690,  799,  1716, 1024,
    1024, 1255, 1300, 1126, 1300, 1260, 721,  1300, 1298, 569,  569,  1186, 569,  1995, 1298, 1253,
    1300, 1300, 842,  1067, 803,  1298, 1212, 1675, 1212, 1212, 1075, 1303, 690,  1303, 1716};

static const short bold[LAST - FIRST + 1] = {
    713,  934,  1067, 1716, 1425, 2052, 1786, 627,  936,  936,  1071, 1716, 778,  850,  778,  748,
    1425, 1425, 1425, 1425, 1425, 1425, 1425, 1425, 1425, 1425, 819,  819,  1716, 1716, 1716, 1188,
    2048, 1585, 1561, 1503, 1700, 1399, 1399, 1681, 1714, 762,  762,  1587, 1305, 2038, 1714, 1741,
    1501, 1741, 1577, 1475, 1397, 1663, 1585, 2259, 1579, 1483, 1485, 936,  748,  936,  1716, 1024,
    1024, 1382, 1466, 1214, 1466, 1389, 891,  1466, 1458, 702,  702,  1362, 702,  2134, 1458, 1407,
    1466, 1466, 1010, 1219, 979,  1458, 1335, 1892, 1321, 1335, 1192, 1458, 748,  1458, 1716};

/* Letters of our own beyond ASCII. */
static const struct {
    uint32_t letter;
    short plain, bold;
} others[] = {
    {0xA0, 651, 713},     {0xB1, 1716, 1716},   {0xB5, 1303, 1507},   {0xB7, 651, 778},
    {0xD7, 1716, 1716},   {0x2026, 2048, 2048}, {0x2190, 1716, 1716}, {0x2192, 1716, 1716},
    {0x2193, 1716, 1716}, {0x2195, 1716, 1716}, {0x21C9, 1716, 1716}, {0x2212, 1716, 1716},
    {0x2225, 1024, 1024}, {0x2237, 1303, 1425}, {0x2261, 1716, 1716}, {0x25A6, 1935, 1935},
};

/* 0 if it is not tabled. */
static int advance_of(SvgFont f, uint32_t letter)
{
    if (letter >= FIRST && letter <= LAST)
        return f.code ? CODE_ADVANCE : (f.bold ? bold : plain)[letter - FIRST];
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (others[i].letter == letter)
            return f.code ? CODE_ADVANCE : f.bold ? others[i].bold : others[i].plain;
    return 0;
}

double svg_measure(SvgFont f, const char *text, bool *exact)
{
    double units = 0;
    bool known = true;
    for (uint32_t letter; *text;) {
        char one[8] = "";
        size_t n = text_letter(text, &letter);
        memcpy(one, text, n);
        int advance = advance_of(f, letter);
        known &= advance > 0;
        units += advance ? advance : text_cols(one) * (f.code ? CODE_ADVANCE : 1400);
        text += n;
    }
    if (exact)
        *exact = known;
    return units * f.size / EM;
}

void svg_put_length(Buf *b, SvgFont f, const char *text)
{
    bool exact;
    double width = svg_measure(f, text, &exact);
    if (exact && *text && text[1])
        buf_printf(b, " textLength=\"%.1f\" lengthAdjust=\"spacingAndGlyphs\"", width);
}

SvgLines svg_wrap(Arena *A, SvgFont f, const char *text, double width)
{
    VEC(const char *) lines = {0};
    while (*text) {
        size_t end = strcspn(text, "\n"), fit = 0;
        for (size_t n = 0; n < end;) {
            n += strspn(text + n, " ");
            n += strcspn(text + n, " \n");
            n = n > end ? end : n;
            if (fit && svg_measure(f, arena_strndup(A, text, n), NULL) > width)
                break;
            fit = n;
        }
        vec_push(A, &lines, arena_strndup(A, text, fit));
        text += fit;
        text += *text == '\n' ? 1 : strspn(text, " ");
    }
    return (SvgLines){lines.n, lines.at};
}
