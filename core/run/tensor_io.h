/* tensor_io.h -- tensors in files: .npy, PNG, PGM and PPM; the name's end says which. */
#ifndef CORE_RUN_TENSOR_IO_H
#define CORE_RUN_TENSOR_IO_H

#include "core/run/tensor.h"

/* .npy: every dtype that tensors have, either byte order, C or Fortran order, versions 1 to 3.
** Images: uint8 or uint16 of shape [height, width] if gray, [height, width, 3] if coloured; a
** palette and fewer bits are expanded.  Of a transparent PNG the last channel is its opacity:
** [height, width, 2] if gray, [height, width, 4] if coloured. */
Tensor *tensor_load(const char *path, Err *err);

/* .npy as version 1, C order, little-endian.  .png, .pgm and .ppm: uint8 or uint16 as they are,
** floats from 0 to 1 as 0 to 255; .png alone has opacity. */
bool tensor_save(const Tensor *t, const char *path, Err *err);

/* One format each, whatever the file is called. */
Tensor *npy_load(const char *path, Err *err);
bool npy_save(const Tensor *t, const char *path, Err *err);
Tensor *png_load(const char *path, Err *err);
bool png_save(const Tensor *t, const char *path, Err *err);
Tensor *pnm_load(const char *path, Err *err);
bool pnm_save(const Tensor *t, const char *path, Err *err);

#endif
