/* cores.h -- how many processors there are to run on. */
#ifndef CORE_BASE_CORES_H
#define CORE_BASE_CORES_H

/* Those that this process may use: of the machine's, what its affinity leaves (taskset, a batch
** system's cpuset).  At least 1. */
int cores_usable(void);

#endif
