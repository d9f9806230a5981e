/* cases.h -- ONNX's backend test cases: a folder with model.onnx and test_data_set_N/input_K.pb,
** output_K.pb. */
#ifndef CORE_IMPORT_ONNX_CASES_H
#define CORE_IMPORT_ONNX_CASES_H

#include "core/graph/module.h"

typedef enum CaseVerdict { CASE_PASSED, CASE_FAILED, CASE_UNSUPPORTED } CaseVerdict;

/* How a module is run: by graph_interpret, or by what a backend offers. */
typedef bool CaseRun(void *env, const Module *m, Tensor *const *in, Tensor **out, Err *err);

typedef struct CaseOptions {
    double rtol, atol; /* |y - ref| <= atol + rtol * |ref|, element by element */
    bool whole;        /* for models: the bound holds for max|ref| instead, as rounding adds up */
    CaseRun *run;      /* NULL: the reference interpreter */
    void *env;
} CaseOptions;

/* ONNX's own tolerances for operators: rtol 1e-3, atol 1e-7. */
extern const CaseOptions case_options_operator;
/* For whole models: 1e-4 of the greatest output, and 1e-6. */
extern const CaseOptions case_options_model;

/* Is this folder a case? */
bool onnx_is_case(const char *dir);

/* Runs all data sets of a case.  `text`, in A, says what went wrong: the first difference, or what
** is not supported and why. */
CaseVerdict onnx_run_case(Arena *A, const char *dir, const CaseOptions *how, const char **text);

#endif
