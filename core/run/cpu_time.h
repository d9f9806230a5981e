/* cpu_time.h -- whether a process had the processors when it wanted them. */
#ifndef CORE_RUN_CPU_TIME_H
#define CORE_RUN_CPU_TIME_H

/* Seconds, summed over the threads that the process has now. */
typedef struct CpuTime {
    double ran;
    double waited; /* ready to run, while something else had the processor */
} CpuTime;

/* Zeros where the system does not say (Linux does, in /proc/self/task/N/schedstat). */
CpuTime cpu_time(void);

/* The same of another process of this user. */
CpuTime cpu_time_of(int pid);

/* Which part of the time that was wanted from `before` to `now` was waited; 0 to 1. */
double cpu_time_waited(CpuTime before, CpuTime now);

#endif
