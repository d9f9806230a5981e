/* model.c -- what a model says of itself: where its graph is, operator sets, functions. */
#include <string.h>

#include "core/import/onnx/reader.h"

static bool read_opset(Importer *im, Wire w, Err *err)
{
    Span domain = {0};
    int64_t version = 0;
    for (WireField f; wire_next(&w, &f, err);) {
        if (f.id == Opset_domain)
            domain = f.bytes;
        else
            version = f.i;
    }
    const char *name = onnx_text(im->A, domain);
    if (!*name || !strcmp(name, "ai.onnx")) {
        if (version < 1 || (im->opset && im->opset != version))
            return REFUSE(err, onnx_malformed, NULL, (size_t)(w.end - im->file), "Opset",
                          version < 1 ? "operator sets count from 1"
                                      : "the standard operators have two versions");
        im->opset = version;
    } else
        strmap_put(&im->domains, name, strlen(name), (uint32_t)(version < 0 ? 0 : version));
    return !w.failed;
}

static bool read_function(Importer *im, Wire w, Err *err)
{
    Span name = {0}, domain = {0};
    for (WireField f; wire_next(&w, &f, err);)
        *(f.id == Function_name ? &name : &domain) = f.bytes;
    if (span_is(domain, "ai.onnx"))
        domain = (Span){0};
    const char *full =
        arena_printf(im->A, "%s::%s", onnx_text(im->A, domain), onnx_text(im->A, name));
    strmap_put(&im->functions, full, strlen(full), 1);
    return !w.failed;
}

bool onnx_read_model(Importer *im, Span file, OnnxModel *m, Err *err)
{
    *m = (OnnxModel){.producer = "", .version = ""};
    Wire w = wire_open(file.at, file, MSG_Model);
    for (WireField f; wire_next(&w, &f, err);) {
        if (f.id == Model_graph && m->graph.at)
            return REFUSE(err, onnx_malformed, NULL, f.offset, "Model", "it has two graphs");
        else if (f.id == Model_graph)
            m->graph = f.bytes;
        else if (f.id == Model_producer_name)
            m->producer = onnx_text(im->A, f.bytes);
        else if (f.id == Model_producer_version)
            m->version = onnx_text(im->A, f.bytes);
        else if (f.id == Model_opset_import && !read_opset(im, wire_enter(&w, &f, MSG_Opset), err))
            return false;
        else if (f.id == Model_functions &&
                 !read_function(im, wire_enter(&w, &f, MSG_Function), err))
            return false;
    }
    im->opset += im->opset == 0; /* models that do not say it are of the first */
    return !w.failed;
}
